"""Labels that a suite renames and the data lacks: a sure mistake is refused, what may be one is said."""

from __future__ import annotations

import json

import pytest

from seatrial import hookimpl
from seatrial.cli import main
from seatrial.errors import SourceError, StageError
from seatrial.plugin.host import Host
from seatrial.runs.preflight import preflight
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

TRAIN = "text,label\na,0\nb,1\nc,0\nd,1\n"


class Trial:
    """A suite over CSV files, and what `check` and a run of the data stages say of it."""

    def __init__(self, folder):
        self.folder = folder
        self.host = Host.load()

    def write(self, *, labels, test_labels=None, train=TRAIN, test=None):
        (self.folder / "train.csv").write_text(train)
        data = {"train": {"source": f"path:{self.folder / 'train.csv'}", "labels": labels}}
        if test is not None:
            (self.folder / "test.csv").write_text(test)
            data["test"] = {"source": f"path:{self.folder / 'test.csv'}", "labels": test_labels or {}}
        (self.folder / "suite.yaml").write_text(json.dumps({"name": "renamed", "data": data}))

    def suite(self, *overrides):
        return load_suite(self.folder / "suite.yaml", self.host, overrides=overrides, only_data=True)

    def check(self, *overrides):
        return list(preflight(self.suite(*overrides), self.host, cache=self.folder / "cache", only_data=True))

    def run(self, *overrides):
        return run(self.suite(*overrides), self.host, runs=self.folder / "runs", only_data=True)

    def warned(self, *overrides):
        """The warnings about labels of `check` and of a run, which are the same."""
        checked = [line.removeprefix("warning: ") + "." for line in self.check(*overrides) if "`labels:`" in line]
        assert self.run(*overrides).facts("read")["warnings"] == checked
        return [line.split("/")[-1] for line in checked]

    def refused(self, *overrides):
        """The refusal of `check` and of a run, which is the same."""
        with pytest.raises(SourceError) as checked:
            self.check(*overrides)
        with pytest.raises(SourceError) as stopped:
            self.run(*overrides)
        assert str(stopped.value) == str(checked.value)
        assert stopped.value.exit_code == 2
        return str(stopped.value).split("/")[-1]


@pytest.fixture
def trial(tmp_path):
    return Trial(tmp_path)


def test_a_label_that_the_data_lacks_is_said_with_the_nearest(trial):
    trial.write(labels={"0": "no", "11": "yes"})
    assert trial.warned() == [
        "train.csv: `labels:` renames '11' (did you mean '1'?); the data has no such label, but '0', '1'."
    ]


def test_labels_of_which_none_is_there_are_refused(trial, capsys):
    trial.write(labels={"no": "0", "yes": "1"})
    said = "`labels:` renames 'no', 'yes'; the data has no such label, but '0', '1'; name them as the file writes them"
    assert trial.refused() == f"train.csv: {said}"
    with pytest.raises(SystemExit) as stopped:
        main(["data", str(trial.folder / "suite.yaml")])
    assert (stopped.value.code, said in " ".join(capsys.readouterr().err.split())) == (2, True)


def test_a_small_source_may_lack_what_another_has(trial):
    names = {"0": "no", "1": "yes"}
    trial.write(labels=names, test="text,label\nw,2\nx,2\ny,2\n", test_labels=names)
    assert trial.warned() == ["test.csv: `labels:` renames '0', '1'; the data has no such label, but '2'."]


def test_a_train_source_may_lack_what_the_test_source_has(trial):
    names = {"2": "no", "3": "yes"}
    trial.write(labels=names, test="text,label\nw,2\n", test_labels=names)
    assert trial.warned() == [
        "train.csv: `labels:` renames '2', '3'; the data has no such label, but '0', '1'.",
        "test.csv: `labels:` renames '3'; the data has no such label, but '2'.",
    ]


def test_names_of_a_test_source_alone_that_nobody_has_are_refused(trial):
    trial.write(labels={"0": "no"}, test="text,label\nw,0\nx,1\n", test_labels={"zero": "no"})
    assert trial.refused().startswith("test.csv: `labels:` renames 'zero'; the data has no such label, but '0', '1'")


def test_a_test_source_whose_labels_have_their_names_needs_no_renaming(trial):
    trial.write(labels={"0": "no", "1": "yes"}, test="text,label\nw,no\nx,yes\n")
    assert trial.warned() == []


def test_a_source_that_is_read_in_part_is_not_refused(trial):
    trial.write(labels={"2": "yes"}, train=TRAIN + "e,2\n")
    assert trial.warned("data.train.limit=3") == [
        "train.csv: `labels:` renames '2'; what was read of it (limit: 3) has no such label, but '0', '1'."
    ]
    assert trial.warned("data.train.limit=5") == []


def test_a_limit_that_leaves_nothing_unread_excuses_nothing(trial):
    trial.write(labels={"no": "0"})
    assert "the data has no such label" in trial.refused("data.train.limit=4")


def test_what_one_source_left_unread_excuses_the_same_names_in_another(trial):
    names = {"2": "no"}
    trial.write(labels=names, train=TRAIN + "e,2\n", test="text,label\nw,0\n", test_labels=names)
    assert [line.partition(":")[0] for line in trial.warned("data.train.limit=2")] == ["train.csv", "test.csv"]


def test_rows_without_labels_are_said(trial):
    trial.write(labels={"0": "no"}, train="prompt,completion\na,b\n")
    assert trial.warned() == ["train.csv: `labels:` renames '0', and no row of the data has a label."]


def test_a_look_ends_where_it_has_read_enough(trial, monkeypatch):
    monkeypatch.setattr("seatrial.runs.stages.read.LOOKED_AT", 2)
    trial.write(labels={"2": "yes"})
    assert any("what was looked at (2 rows) has no such label, but '0', '1'" in line for line in trial.check())
    with pytest.raises(SourceError, match="the data has no such label"):
        trial.run()


class PowerCut:
    """Stops a run before it cleans, once."""

    stops = True

    @hookimpl(wrapper=True)
    def seatrial_run_stage(self, stage, given):
        if stage.name == "clean" and self.stops:
            self.stops = False
            raise RuntimeError("the power went")
        return (yield)


def test_a_run_that_goes_on_repeats_what_was_said(trial):
    trial.write(labels={"0": "no", "11": "yes"})
    trial.host.register(PowerCut(), name="power-cut")
    with pytest.raises(StageError, match="the power went"):
        trial.run()
    result = trial.run()
    assert [result.folder.name] == [path.name for path in (trial.folder / "runs").iterdir()]
    (warning,) = result.facts("read")["warnings"]
    assert "did you mean '1'?" in warning


def test_a_refused_run_is_refused_again_until_its_file_is_mended(trial):
    trial.write(labels={"no": "0"})
    for _ in range(2):
        assert trial.refused().startswith("train.csv: `labels:` renames 'no'")
    (trial.folder / "train.csv").write_text("text,label\na,no\nb,1\n")
    result = trial.run()
    assert result.facts("read")["warnings"] == []
    assert len(list((trial.folder / "runs").iterdir())) == 1
