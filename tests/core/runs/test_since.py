"""What changed since an earlier run: named by hand, or by a gate that compares with one."""

from __future__ import annotations

import json

import pytest

from seatrial.errors import StoreError, UsageError
from seatrial.runs.saved import load_result, write_reports

from .toys import SUITE, Learn, toy_host, write_rows

MORE = SUITE.replace("  - right: {}\n", "  - wrong: {}\n  - right: {as: correct}\n  - right: {}\n").replace(
    "min: 0.1", "min: 0.2"
)


def told(folder, trial, **options):
    """The part of results.json that tells what changed."""
    (path,) = write_reports(folder, toy_host(), kinds=["json"], to=trial.path / "out", **options)
    return json.loads(path.read_text())["since"]


def test_all_that_changed_is_named_with_what_it_was_and_is(ran):
    first, _, _ = ran.first
    write_rows(ran.path / "rows.jsonl", 40)
    second, _, _ = ran(MORE)
    assert told(second.folder, ran) is None
    since = told(second.folder, ran, since=first.folder)
    assert (since["run"], since["missing"]) == (first.folder.name, "")
    changes = {(one["subject"], one["what"]): (one["before"], one["now"]) for one in since["changes"]}
    assert changes["Suite", "gates[right/share].min"] == ("0.1", "0.2")
    assert changes["Suite", "score[wrong]"][0] == ""
    assert '"fewshot": 0' in changes["Suite", "score[wrong]"][1]
    assert ("Suite", "score[correct]") in changes
    assert not any(what.startswith("score[right]") for _, what in changes)
    (before, now) = changes["Data files", "rows.jsonl"]
    assert len(before) == len(now) == 64
    assert before != now
    assert changes["Rows", "records read"] == ("24", "40")
    assert changes["Rows", "test"] == ("12", "20")
    assert ("Weights", "train[seed=5]") in changes
    assert ("Weights", "model") not in changes
    assert not {subject for subject, _ in changes} & {"Versions", "Machine and code"}
    scores = {(one["metric"], one["system"]): one for one in since["scores"]}
    tuned = scores["right/share", "tuned"]
    assert (tuned["before"]["n"], tuned["now"]["n"], tuned["paired"]) == (12, 20, None)
    assert "scored on different rows" in tuned["unpaired"]
    assert scores["wrong/share", "tuned"]["before"] is None


def muddled(self, job, train=Learn.train):
    """Takes plastic for a loan."""
    trained = train(self, job)
    words = job.output / "words.json"
    words.write_text(json.dumps(json.loads(words.read_text()) | {"plastic": "loan"}))
    return trained


def test_the_same_rows_are_paired(ran, monkeypatch):
    first, _, _ = ran.first
    monkeypatch.setattr(Learn, "train", muddled)
    second, _, _ = ran(method="2")
    since = told(second.folder, ran, since=first.folder)
    (tuned,) = since["scores"]
    assert (tuned["system"], tuned["before"]["value"], tuned["now"]["value"]) == ("tuned", 1.0, 0.5)
    assert (tuned["paired"]["standing"], tuned["paired"]["value"], tuned["paired"]["n"]) == ("worse", -0.5, 12)
    assert tuned["paired"]["lower"] < -0.5 < tuned["paired"]["upper"] < 0
    assert "worse on 6" in tuned["paired"]["note"]
    assert since["same"] == 2  # of the base, and of the baseline
    assert {(one["subject"], one["what"]) for one in since["changes"]} == {("Weights", "train[seed=5]")}
    write_reports(second.folder, toy_host(), kinds=["markdown", "html"], to=ran.path / "out", since=first.folder)
    for name in ("report.md", "index.html"):
        said = (ran.path / "out" / name).read_text()
        for fact in ("What changed since", first.folder.name, "worse by 0.500", "better on 0 items and worse on 6"):
            assert fact in said


def test_another_scorer_of_the_same_name_is_not_paired(trial):
    first, _, _ = trial(SUITE.replace("right: {}", "wrong: {as: right}"))
    second, _, _ = trial(SUITE.replace("right: {}", "right: {as: right}"))
    since = told(second.folder, trial, since=first.folder)
    changes = {(one["subject"], one["what"]): (one["before"], one["now"]) for one in since["changes"]}
    assert changes["Suite", "score[right].component"] == ("wrong", "")
    tuned = next(one for one in since["scores"] if one["system"] == "tuned")
    assert "is of the scorer wrong, this run's of right" in tuned["unpaired"]


def test_a_run_since_itself_or_since_one_that_is_not_whole_is_refused(ran, tmp_path):
    first, _, _ = ran.first
    second, _, _ = ran(fresh=True)
    with pytest.raises(UsageError, match="the run itself"):
        told(first.folder, ran, since=first.folder)
    with pytest.raises(UsageError, match="not a run folder"):
        told(second.folder, ran, since=tmp_path)
    (first.folder / "suite.yaml").write_text("name: other\n")
    with pytest.raises(StoreError, match=r"suite\.yaml \(altered\)"):
        told(second.folder, ran, since=first.folder)


def test_a_gate_that_compares_with_an_earlier_run_has_the_report_tell_what_changed(ran):
    first, _, _ = ran.first
    gate = f"  - {{metric: right/share, baseline: 'run:{first.folder}'}}\nreport:"
    second, _, _ = ran(SUITE.replace("seed: 5", "seed: 6").replace("report:", gate))
    page = (second.folder / "report/report.md").read_text()
    assert f"What changed since {first.folder.name}" in page
    since = json.loads((second.folder / "report/results.json").read_text())["since"]
    assert {"subject": "Suite", "what": "seed", "before": "5", "now": "6"} in since["changes"]
    assert load_result(second.folder, toy_host()).since is None
    first.folder.rename(first.folder.with_name("moved"))
    gone = told(second.folder, ran)
    assert first.folder.name in gone["missing"]
    assert not gone["changes"]


def test_an_earlier_run_that_other_code_scored_is_not_compared_with(ran):
    first, _, _ = ran.first
    text = SUITE.replace("report:", f"  - {{metric: right/share, baseline: 'run:{first.folder}'}}\nreport:")
    same, _, _ = ran(text)
    assert [decision.outcome for decision in same.verdict.decisions] == ["pass", "inconclusive"]
    other, _, _ = ran(text, right="2")
    told = other.verdict.decisions[1]
    assert told.outcome == "error"
    assert f"`seatrial score {first.folder}" in told.reason


def test_files_of_one_name_are_told_apart_and_another_order_of_filters_is_a_change(trial):
    two = SUITE.replace('train: {source: "path:ROWS"}, split: {test: 0.5, validation: 0.1}', "DATA")
    two = two.replace(
        "DATA", "".join(f'{name}: {{source: "path:{trial.path}/{name}"}}, ' for name in ("train", "test"))
    )
    folders = {name: trial.path / name for name in ("train", "test")}
    for folder in folders.values():
        folder.mkdir()
        write_rows(folder / "rows.jsonl")
    first, _, _ = trial(two.replace("[lengthy]", "[lengthy, {lengthy: {as: again}}]"))
    write_rows(folders["train"] / "rows.jsonl", 40)
    second, _, _ = trial(two.replace("[lengthy]", "[{lengthy: {as: again}}, lengthy]"))
    changes = {
        one["what"]: (one["before"], one["now"]) for one in told(second.folder, trial, since=first.folder)["changes"]
    }
    (changed,) = [what for what in changes if what.endswith(": rows.jsonl")]
    assert changed.startswith(f"path:{folders['train']}")
    assert changes["filters: order"] == ("[lengthy] [again]", "[again] [lengthy]")
