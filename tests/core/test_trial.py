"""A trial from Python: what it gives, what it raises, and what it shows."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.core.runs.toys import Toys, toy_host, write_trial

import seatrial
from seatrial.errors import StoreError, SuiteError, UsageError
from seatrial.plugin.host import Host


@pytest.fixture
def keys(tmp_path):
    """A suite as a mapping."""
    write_trial(tmp_path)
    return {
        "name": "words",
        "seed": 5,
        "model": {"source": f"path:{tmp_path / 'model'}", "loader": "toy"},
        "data": {"train": {"source": f"path:{tmp_path / 'rows.jsonl'}"}, "split": {"test": 0.5, "validation": 0.1}},
        "train": {"method": "learn"},
        "baselines": ["always"],
        "fewshot": 0,
        "score": [{"right": {}}],
        "gates": [{"metric": "right/share", "gate": "bar", "min": 0.1}],
        "report": ["json", "markdown"],
    }


@pytest.fixture
def go(tmp_path, keys):
    """Runs it with the toys' plugin."""

    def run(suite=None, *, toys=None, **options):
        return seatrial.run(suite or keys, runs=tmp_path / "runs", host=toy_host(toys), **options)

    return run


def test_a_run_gives_its_verdict_and_its_tables(go):
    trial = go(progress=False)
    assert (trial.verdict.state, trial.exit_code) == ("pass", 0)
    assert trial.folder.is_dir()
    assert "PASS" in str(trial)
    assert str(trial.report) in repr(trial)
    scores = trial.scores.set_index("system")
    assert set(scores.index) >= {"tuned", "base", "always"}
    tuned = scores.loc["tuned"]
    assert tuned["metric"] == "right/share"
    assert 0 <= tuned["low"] <= tuned["value"] <= tuned["high"] <= 1
    assert list(trial.gates["outcome"]) == ["pass"]
    samples = trial.samples("right", "tuned")
    assert len(samples) == tuned["n"] == samples["row"].nunique()
    assert samples["value:right"].mean() == tuned["value"]
    assert set(trial.samples()["scorer"]) == {"right"}
    assert len(trial.samples("right")) == 3 * tuned["n"]


def test_keys_are_overridden_as_on_the_command_line(go):
    trial = go(set={"gates[0].min": 1, "name": "nothing-reaches-it"}, progress=False)
    assert (trial.verdict.state, trial.exit_code, trial.result.suite["name"]) == (
        "inconclusive",
        4,
        "nothing-reaches-it",
    )
    assert go(set=["gates[0].min=0.2"], progress=False).exit_code == 0
    with pytest.raises(SuiteError, match=r"--set train\.method"):
        go(set={"train.method": "learm"}, progress=False)
    with pytest.raises(UsageError, match="set: "):
        go(set={"train.method": object()}, progress=False)


def test_a_finished_run_is_judged_scored_and_reported_again(go, tmp_path):
    trial = go(progress=False)
    assert trial.gate(set={"gates[0].min": 1}).exit_code == 4
    again = seatrial.open_run(trial.folder, host=trial.host)
    assert again.exit_code == 4
    scored = again.score(set=["score=[{right: {}}, {right: {as: twice}}]"], progress=False)
    assert set(scored.scores["metric"]) >= {"right/share", "twice/share"}
    (written,) = again.write_reports("markdown", to=tmp_path / "elsewhere")
    assert written.parent == tmp_path / "elsewhere"
    verdict = trial.folder / "verdict.json"
    verdict.write_text(verdict.read_text().replace("inconclusive", "pass"))
    with pytest.raises(StoreError, match=r"verdict\.json \(altered\)"):
        seatrial.open_run(trial.folder, host=trial.host)


def test_the_data_stages_alone_need_no_model(go, keys):
    del keys["model"], keys["train"], keys["score"], keys["gates"], keys["baselines"]
    trial = go(keys, only_data=True, progress=False)
    assert (trial.verdict, trial.exit_code) == (None, 0)
    assert "data/read" in set(trial.scores["metric"])
    assert (trial.folder / "dataset").is_dir()
    with pytest.raises(UsageError, match="nothing was scored"):
        trial.samples()


def test_what_is_wrong_is_raised_and_names_what_there_is(go, keys, tmp_path):
    trial = go(progress=False)
    with pytest.raises(UsageError, match=r"'rihgt'.*did you mean 'right'"):
        trial.samples("rihgt")
    with pytest.raises(UsageError, match=r"'tunde'.*did you mean 'tuned'"):
        trial.samples("right", "tunde")
    with pytest.raises(UsageError, match=r"quickstrat.*did you mean 'quickstart'"):
        go("quickstrat", progress=False)
    with pytest.raises(SuiteError, match="the suite: scoer"):
        go(keys | {"scoer": []}, progress=False)
    with pytest.raises(UsageError):
        seatrial.open_run(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file"):
        seatrial.run(keys, runs=tmp_path / "file", host=trial.host, progress=False)


def test_progress_is_lines_where_there_is_no_terminal_and_a_host_may_be_used_again(go, keys, capsys):
    trial = go()
    assert "score[right]" in capsys.readouterr().out
    seatrial.run(keys, runs=trial.folder.parent, host=trial.host, progress=False)
    assert capsys.readouterr().out == ""


def test_an_interrupt_reaches_who_called_and_the_same_call_goes_on(go):
    toys = Toys()
    toys.dies_at = 2
    with pytest.raises(KeyboardInterrupt):
        go(toys=toys, progress=False)
    asked, trained = sum(toys.asked.values()), toys.trained
    trial = go(toys=toys, progress=False)
    assert trial.exit_code == 0
    assert asked
    assert toys.trained == trained


def test_what_a_watcher_raises_is_a_warning(go, keys, tmp_path):
    class Watcher:
        @seatrial.hookimpl
        def seatrial_stage_finished(self):
            raise RuntimeError("full")

    host = Host.load()
    host.register(Toys(), name="toys", distribution="toy-parts", version="1.0")
    host.register(Watcher(), name="watcher")
    with pytest.warns(UserWarning, match=r"watcher.*RuntimeError: full"):
        seatrial.run(keys, runs=tmp_path / "runs", host=host, progress=False)


def test_importing_the_package_loads_no_plugin_and_nothing_heavy():
    code = (
        "import sys, seatrial; from seatrial import hookimpl\n"
        "heavy = {'torch', 'pandas', 'numpy', 'pyarrow', 'pydantic', 'rich', 'seatrial.plugin.host', 'seatrial.trial'}\n"
        "print(sorted(heavy & set(sys.modules)), callable(seatrial.run))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["[]", "True"]
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        seatrial.rum  # noqa: B018 - it is looked up
