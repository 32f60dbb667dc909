"""Nodes and their keys: what is worked again where something changed, and what is taken from where it stands."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from seatrial import hookimpl
from seatrial.errors import ContractError, SuiteError, TrainingError, UsageError
from seatrial.runs.again import judge_again, score_again
from seatrial.runs.events import Record
from seatrial.runs.keys import RUNTIME, canonical, node_key
from seatrial.runs.listing import list_runs
from seatrial.runs.saved import write_reports
from seatrial.runs.stages import Artifact
from seatrial.runs.stages.verify_training import VerifyTraining
from seatrial.runs.store import digest_path
from seatrial.runs.story import tell
from seatrial.terminal.story import story_document, story_lines

from .toys import SUITE, Learn, Toys, Words, toy_host, write_rows


def test_a_second_run_works_nothing_but_its_gates(ran):
    first, toys, worked = ran.first
    assert (toys.trained, toys.fitted) == (1, 1)
    assert "transcribe[test.ask, tuned, seed=5]" in worked
    second, again, worked = ran()
    assert second.folder != first.folder
    assert (again.trained, again.fitted, sum(again.asked.values())) == (0, 0, 0)
    assert worked == ["gate"]
    assert {record.taken_from for record in second.records if record.stage != "gate"} == {first.folder.name}
    assert second.scores == first.scores
    third, _, _ = ran()  # what was taken is taken from where it was worked
    assert {record.taken_from for record in third.records if record.stage != "gate"} == {first.folder.name}


def test_a_fresh_run_takes_nothing(ran):
    _, toys, worked = ran(fresh=True)
    assert toys.trained == 1
    assert len(worked) > 8


@pytest.mark.parametrize(
    ("component", "again"),
    [
        ("filter", {"clean"}),
        ("method", {"train[seed=5]"}),
        ("loader", {"train[seed=5]", "verify_training[seed=5]", "tuned", "base"}),
        ("probe", {"tuned", "base", "always"}),
        ("baseline", {"always"}),
        ("right", {"score[right]"}),
        ("gate", set()),
    ],
)
def test_a_component_of_another_version_works_its_node_again_and_no_other(ran, component, again):
    """What depends on it is worked again too where it left something else: here it leaves the same."""
    _, _, worked = ran(**{component: "2"})
    wanted = {
        f"transcribe[test.ask, {name}{', seed=5' if name == 'tuned' else ''}]"
        if "[" not in name and name != "clean"
        else name
        for name in again
    }
    assert set(worked) - {"gate"} == wanted


def test_a_gate_that_changed_and_a_scorer_that_is_added_train_nothing(ran):
    _, toys, worked = ran(SUITE.replace("min: 0.1", "min: 0.2"))
    assert (worked, toys.trained) == (["gate"], 0)
    _, toys, worked = ran(SUITE.replace("  - right: {}\n", "  - right: {}\n  - wrong: {}\n"))
    assert worked == ["score[wrong]", "gate"]
    assert not toys.asked


def test_other_rows_train_and_ask_again(ran):
    write_rows(ran.path / "rows.jsonl", word="new")
    _, toys, _ = ran()
    assert toys.trained == 1


def test_a_killed_run_asks_nothing_twice_and_comes_to_the_same_bytes(ran):
    whole, _, _ = ran.first
    killed = Toys()
    killed.dies_at = 3
    with pytest.raises(KeyboardInterrupt):
        ran(fresh=True, toys=killed)
    killed.dies_at = 0
    _, toys, _ = ran(toys=killed)
    resumed = max(Path(ran.path / "runs").iterdir())
    assert toys.trained == 1
    tuned = "transcripts/test.ask/tuned-seed=5.parquet"
    assert (resumed / tuned).read_bytes() == (whole.folder / tuned).read_bytes()
    assert (resumed / "samples/right.parquet").read_bytes() == (whole.folder / "samples/right.parquet").read_bytes()
    assert not (resumed / "unfinished").exists()


def test_a_killed_run_that_goes_on_with_another_version_mixes_nothing_and_says_so(trial, monkeypatch):
    """What the loader declares is in the key of all that it opens; data stages, which it has no part in, are kept."""
    killed = Toys()
    killed.dies_at = 5
    with pytest.raises(KeyboardInterrupt):
        trial(toys=killed)
    killed.dies_at = 0
    plans, installed = [], importlib.metadata.version
    monkeypatch.setattr(
        "seatrial.runs.environment._version",
        lambda name: "99.9" if name == "pluggy" else installed(name),
    )

    class Watching(Toys):
        @hookimpl
        def seatrial_run_started(self, plan):
            plans.append(plan)

    result, toys, _ = trial(toys=Watching())
    assert toys.trained == 1
    assert toys.opened["base"] + toys.opened["adapter"] > 0
    assert plans[0].changed == {"pluggy": f"{installed('pluggy')}, now 99.9"}
    assert result.manifest["packages"]["pluggy"] == "99.9"
    assert [packages["pluggy"] for packages in result.manifest["worked_on_with"]] == [installed("pluggy")]
    resumed = {record.stage for record in result.records if record.seconds and record.started < plans_began(result)}
    assert "read" in resumed
    assert not {name for name in resumed if name.startswith(("train", "transcribe", "score"))}


def plans_began(result):
    """When the first node was worked that training needs: all before it were kept."""
    return min(record.started for record in result.records if record.stage.startswith("train"))


def test_the_same_versions_say_nothing(trial):
    killed = Toys()
    killed.dies_at = 5
    with pytest.raises(KeyboardInterrupt):
        trial(toys=killed)
    killed.dies_at = 0
    result, toys, _ = trial(toys=killed)
    assert toys.trained == 1
    assert result.manifest["worked_on_with"] == []


def test_training_is_repeated_with_each_seed_and_every_model_is_asked(trial):
    result, toys, worked = trial(SUITE.replace("seed: 5\n", "seeds: [5, 6]\n"))
    assert toys.trained == 2
    assert {"train[seed=5]", "train[seed=6]", "verify_training[seed=6]"} <= set(worked)
    assert (result.folder / "products/seed-6/seed.txt").read_text() == "6"
    assert "transcribe[test.ask, tuned, seed=6]" in worked


def test_a_gate_on_training_holds_the_worst_of_its_seeds(trial, monkeypatch):
    train = Learn.train

    def cuts(self, job):
        return replace(train(self, job), facts={"steps": 1, "truncated_rows": job.seed - 5})

    monkeypatch.setattr(Learn, "train", cuts)
    gate = "gates:\n  - {metric: train/truncated_rows, max: 0}\n"
    result, _, _ = trial(SUITE.replace("seed: 5\n", "seeds: [5, 6]\n").replace("gates:\n", gate))
    assert result.verdict.decisions[0].outcome == "fail"
    assert {score.metric: score.value for score in result.scores}["train/truncated_rows"] == 1


def test_a_count_below_zero_is_none(trial, monkeypatch):
    train = Learn.train
    monkeypatch.setattr(Learn, "train", lambda self, job: replace(train(self, job), facts={"truncated_rows": -5}))
    result, _, _ = trial(SUITE.replace("gates:\n", "gates:\n  - {metric: train/truncated_rows, max: 0}\n"))
    assert result.verdict.decisions[0].outcome == "error"
    assert "train[seed=5] told -5" in result.verdict.decisions[0].reason


def test_trainings_that_leave_the_same_whatever_the_seed_are_not_several(trial, monkeypatch):
    train = Learn.train

    def deaf(self, job):
        trained = train(self, job)
        (job.output / "seed.txt").unlink()
        return trained

    monkeypatch.setattr(Learn, "train", deaf)
    with pytest.raises(TrainingError, match=r"train\[seed=6\] left what train\[seed=5\] left.*does not heed the seed"):
        trial(SUITE.replace("seed: 5\n", "seeds: [5, 6]\n"))


def test_a_method_cannot_go_on_as_if_a_step_had_not_been_refused(trial, monkeypatch):
    train = Learn.train

    def swallows(self, job):
        with suppress(ContractError):
            job.log({"step": 1, "steps": 1, "epoch": 1.0, "loss": float("nan")})
        return train(self, job)

    monkeypatch.setattr(Learn, "train", swallows)
    with pytest.raises(ContractError, match="logged nan for 'loss' at step 1"):
        trial()


def test_more_evaluation_sets_are_asked_by_name(trial):
    write_rows(trial.path / "exam.jsonl", 8, word="exam")
    text = SUITE.replace(
        "split: {test: 0.5, validation: 0.1}}",
        f'tests: {{exam: {{source: "path:{trial.path}/exam.jsonl"}}}}, split: {{test: 0.5, validation: 0.1}}}}',
    ).replace("  - right: {}\n", "  - right: {}\n  - right: {as: exam-right, on: exam}\n")
    result, _, worked = trial(text)
    assert "transcribe[exam.ask, tuned, seed=5]" in worked
    scores = {(score.metric, score.system): score for score in result.scores}
    assert scores["exam-right/share", "tuned"].n == 8
    assert result.facts("split")["exam"] == 8


@pytest.mark.parametrize("learned", ["train", "validation"])
def test_a_gate_on_rows_that_training_has_seen_is_warned_of(trial, learned):
    result, *_ = trial(SUITE.replace("  - right: {}\n", f"  - right: {{on: {learned}}}\n"))
    [said] = [one for one in result.verdict.warnings if f"on: {learned}" in one]
    assert said.startswith("right: ")


def test_a_model_is_on_trial_without_training_or_train_rows(trial):
    text = """\
name: as-it-is
model: {source: "path:MODEL", loader: toy}
data: {tests: {exam: {source: "path:ROWS"}}}
score: [{right: {on: exam}}]
gates: [{metric: right/share, gate: bar, min: 0.9}]
report: [json]
"""
    result, toys, worked = trial(text)
    assert toys.trained == 0
    assert [name for name in worked if name.startswith("transcribe")] == ["transcribe[exam.ask, base]"]
    assert result.verdict.state in {"fail", "inconclusive"}


def test_check_refuses_what_the_loader_lacks_and_names_both(trial):
    toys = Toys()
    toys.provides = frozenset({"generates"})
    with pytest.raises(SuiteError) as caught:
        trial(toys=toys)
    said = str(caught.value)
    assert "the scorer 'right' needs a model that" in said
    assert "the model loader 'toy' provides: generates" in said
    assert "the method 'learn' needs a model that trains" in said


def test_a_finished_run_is_scored_by_another_suite_without_a_model(ran):
    result, _, _ = ran.first
    toys = Toys()
    more = ran.path / "more.yaml"
    more.write_text((ran.path / "suite.yaml").read_text().replace("  - right: {}\n", "  - right: {}\n  - wrong: {}\n"))
    scored = score_again(result.folder, toy_host(toys), suite=more, cache=ran.path / "cache")
    assert scored.folder == result.folder
    assert ("wrong/share", "tuned") in {(score.metric, score.system) for score in scored.scores}
    assert (toys.trained, toys.fitted, not toys.asked, not toys.opened) == (0, 0, True, True)
    assert (result.folder / "suite-1.yaml").is_file()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("score[0].right.samples=3", r"transcribe\[test\.ask, tuned, seed=5\].*`seatrial run` with that suite"),
        ("data.train.source=path:nowhere.jsonl", r"nowhere\.jsonl"),
    ],
)
def test_what_no_transcript_holds_is_refused_and_leaves_the_run_as_it_was(ran, override, said):
    result, _, _ = ran.first

    def contents():
        return {path: path.read_bytes() for path in result.folder.rglob("*") if path.is_file()}

    before = contents()
    with pytest.raises(UsageError, match=said):
        score_again(
            result.folder,
            toy_host(Toys()),
            suite=ran.path / "suite.yaml",
            overrides=[override],
            cache=ran.path / "cache",
        )
    assert contents() == before
    write_reports(result.folder, toy_host(Toys()), kinds=None, to=None)


def test_other_gates_decide_and_those_before_stay_beside_them(ran):
    result, _, _ = ran.first
    judged = judge_again(result.folder, toy_host(Toys()), overrides=["gates[0].min=0.99"])
    assert judged.verdict.state != "pass"
    assert "min: 0.1" in (result.folder / "suite-1.yaml").read_text()
    assert "0.99" in (result.folder / "suite.yaml").read_text()
    (listed,) = list_runs(ran.path / "runs")
    assert (listed.suite, listed.state) == ("words", judged.verdict.state)


def test_what_a_scorer_says_of_its_metrics_today_decides_nothing_of_a_finished_run(ran):
    result, _, _ = ran.first
    toys = Toys()
    toys.better = "lower"
    judged = judge_again(result.folder, toy_host(toys), overrides=["gates[0].min=0.2"])
    assert judged.metrics["right/share"].better == "higher"
    assert judged.scores == result.scores


# ---- keys ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    path: Path
    options: dict[str, object]
    engine: object = field(default=None, metadata=RUNTIME)


def test_every_field_counts_but_those_of_the_runtime(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text("one")
    stage = Stage(file, {"a": 1})
    key = node_key(stage, [])
    assert node_key(Stage(file, {"a": 1}, engine=object()), []) == key
    assert node_key(Stage(file, {"a": 2}), []) != key
    file.write_text("two")
    assert node_key(stage, []) != key


def test_a_field_that_cannot_be_told_in_full_is_an_error(tmp_path):
    with pytest.raises(TypeError, match="a object has no key"):
        canonical({"thing": object()})


def test_only_the_files_that_a_node_reads_count_of_another(tmp_path):
    from datetime import UTC, datetime

    def record(**outputs):
        return Record("split", "k", datetime.now(UTC), 1.0, resumed=False, peak_bytes=0, outputs=outputs)

    stage = Stage(tmp_path, {})
    one, other = record(train="a", ledger="b"), record(train="a", ledger="c")
    assert node_key(stage, [(one, ["train"])]) == node_key(stage, [(other, ["train"])])
    assert node_key(stage, [(one, None)]) != node_key(stage, [(other, None)])


def test_gates_that_were_changed_stand_beside_those_that_the_run_was_started_with(trial):
    first, _, _ = trial(SUITE.replace("min: 0.1", "min: 0.999"))
    assert first.verdict.state != "pass"
    assert not [one for one in first.verdict.warnings if "other gates" in one]
    host = toy_host()
    command = ["seatrial", "gate", "--set", "gates[0].min=0.1"]
    changed = judge_again(first.folder, host, overrides=["gates[0].min=0.1"], command=command)
    assert changed.verdict.state == "pass"
    for result in (changed, judge_again(first.folder, host)):  # it does not go away by deciding once more
        (warning,) = [one for one in result.verdict.warnings if "with other gates than those that decide" in one]
        assert "then right/share (min 0.999, on bound); now right/share (min 0.1, on bound)" in warning
    assert "seatrial gate --set gates[0].min=0.1" in warning
    assert "with other gates" in (first.folder / "report/results.json").read_text()
    back = judge_again(first.folder, host, overrides=["gates[0].min=0.999"])
    assert not [one for one in back.verdict.warnings if "other gates" in one]


def test_a_rows_story_tells_what_each_system_answered(ran):
    result, _, _ = ran.first
    row, *_ = result.samples["right"].to_pylist()
    story = tell(result.folder, row["row"])
    told = {answer.system: answer for answer in story.answers}
    assert set(told) == {"tuned", "base", "always"}
    assert {answer.scorer for answer in story.answers} == {"right"}
    assert (told["tuned"].seed, told["tuned"].target) == ("5", row["target"])
    assert told["tuned"].values["right"] in (0.0, 1.0)
    lines = list(story_lines(story))
    assert f"Asked  by right, which expects “{row['target']}”" in lines
    assert any(line.strip().startswith("tuned, seed 5: “") for line in lines)
    assert {answer["system"] for answer in story_document(story)["answers"]} == set(told)


def test_the_digests_of_what_was_read_and_all_packages_are_kept(ran):
    result, _, _ = ran.first
    (file,) = result.facts("read")["files"]
    assert file["sha256"] == digest_path(ran.path / "rows.jsonl")
    assert result.manifest["installed"]["pluggy"]
    assert len(result.manifest["installed"]) > len(result.manifest["packages"])
    host = toy_host()
    (report,) = write_reports(result.folder, host, kinds=["markdown"], to=ran.path / "out")
    assert file["sha256"] in report.read_text()


def test_a_plugin_whose_code_changed_under_its_version_works_its_nodes_again(trial, monkeypatch):
    """Every kind of component keys on it: an editable plugin has no other version for another line."""
    source = (Path(__file__).parent / "toys.py").read_text() + "\nimport bought\n"
    monkeypatch.syspath_prepend(trial.path)
    worked = []
    for before, after, helper in (("", "", 1), ("", "", 1), ("-1.0 /", "-2.0 /", 1), ("", "", 2)):
        (trial.path / "edited_module.py").write_text(source.replace(before, after))
        (trial.path / "bought.py").write_text(f"{helper}\n")
        monkeypatch.delitem(sys.modules, "edited_module", raising=False)
        importlib.invalidate_caches()
        module = importlib.import_module("edited_module")
        worked.append(set(trial(toys=module.Toys())[2]))
    sys.modules.pop("edited_module")
    sys.modules.pop("bought")
    assert worked[1] == {"gate"}
    assert {"clean", "train[seed=5]", "score[right]", "transcribe[test.ask, always]"} <= worked[2] & worked[3]


def test_what_a_model_told_of_the_pieces_before_stays(trial, monkeypatch):
    """Two processes asked two models behind one address: the record names both."""
    begin, name = Words.__init__, iter("ab")

    def begins(self, toys, synonyms):
        begin(self, toys, synonyms)
        if synonyms:
            self.facts = {"served": [next(name)]}

    monkeypatch.setattr(Words, "__init__", begins)
    monkeypatch.setattr(VerifyTraining, "run", lambda self, given, folder, progress: Artifact({}, {}))
    dying = Toys()
    dying.dies_at = 2
    with pytest.raises(KeyboardInterrupt):
        trial(toys=dying)
    result, _, _ = trial()
    (asked,) = [record for record in result.records if record.stage == "transcribe[test.ask, tuned, seed=5]"]
    assert asked.facts["model"]["served"] == ["a", "b"]


def test_a_plugin_whose_code_stands_in_no_file_is_named_in_the_manifest(ran):
    assert "code_not_known" not in ran.first[0].manifest
    result, _, _ = ran(toys=type("Toys", (Toys,), {"__module__": "a_notebooks_cell"})())
    assert result.manifest["code_not_known"].startswith("of toys: it stands in no file")
