"""Regression: one line that stands for general tasks, their gates, and the leak that would flatter them."""

from __future__ import annotations

import json

import pytest

import seatrial
from seatrial.errors import SuiteError
from seatrial.plugin.host import Host
from seatrial.suite.file import suite_of_keys
from seatrial_plugins.accuracy.metrics import ExactMatch
from seatrial_plugins.accuracy.regression import DEFAULT, TASKS, regression_suite

WORDS = ("red", "blue", "green", "white", "black", "brown", "grey", "pink", "gold", "teal")


def keys(tmp_path, **regression):
    rows = [{"text": f"Ship {place} is {word}", "label": word[0]} for place in range(4) for word in WORDS]
    leaked = "Which colour is ship number seven of the fleet in the north harbour?"
    rows.append({"text": leaked, "label": "r"})
    tasks = [
        {
            "question": f"Which hue is boat {place} of the {word} fleet?",
            "options": f"A. {word}\nB. none",
            "answer": f"A. {word}",
        }
        for place, word in enumerate(WORDS)
    ]
    tasks.append({"question": leaked, "options": "A. red\nB. blue", "answer": "A. red"})
    sums = [{"question": f"What is {n} and 1?", "answer": f"{n} + 1 = {n + 1}\n#### {n + 1}"} for n in range(6)]
    for name, records in (("rows", rows), ("mmlu", tasks), ("gsm8k", sums)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    sources = {name: f"path:{tmp_path / name}.jsonl" for name in ("mmlu", "gsm8k")}
    return {
        "name": "little",
        "model": {
            "source": "package:seatrial_suites/tiny_llama",
            "loader": "random",
            "dtype": "float32",
            "device": "cpu",
        },
        "data": {"train": {"source": f"path:{tmp_path / 'rows.jsonl'}"}, "split": {"test": 0.2}},
        "filters": [{"schema": {}}],
        "train": {"method": "lora", "r": 2, "epochs": 1, "batch_size": 16},
        "baselines": [],
        "fewshot": 0,
        "score": [{"regression": {"tasks": ["mmlu"], "sources": sources, "samples": 8, **regression}}, {"choice": {}}],
        "gates": [{"metric": "choice/accuracy", "min": 0.01, "severity": "info"}],
        "report": ["json"],
    }


def test_it_stands_for_sets_scorers_gates_and_the_leakage_filter(tmp_path):
    suite = suite_of_keys(keys(tmp_path, margin=0.1), Host.load())
    assert [(one.alias, one.on, one.systems, one.samples) for one in suite.score] == [
        ("regression-mmlu", "mmlu", ("tuned", "base"), 8),
        ("choice", "test", ("tuned", "base"), None),
        ("regression-gsm8k", "gsm8k", ("tuned", "base"), 8),
    ]
    assert [(one.metric, one.options.get("margin"), one.options.get("family")) for one in suite.gates[1:]] == [
        ("regression-mmlu/accuracy", 0.1, "regression"),
        ("regression-gsm8k/exact_match", 0.1, "regression"),
    ]
    assert [one.name for one in suite.filters] == ["schema", "leakage"]
    again = suite_of_keys(suite.resolved(), Host.load())
    assert again == suite or again.resolved() == suite.resolved()


def test_null_asks_all_rows_and_no_word_of_it_five_hundred(tmp_path):
    given = keys(tmp_path, samples=None)
    assert suite_of_keys(given, Host.load()).score[0].samples is None
    del given["score"][0]["regression"]["samples"]
    assert suite_of_keys(given, Host.load()).score[0].samples == 500


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tasks": ["mmul"]}, "did you mean 'mmlu'"),
        ({"tasks": ["gsm8k"], "sources": {}}, "gsm8k has no source"),
        ({"margin": 2.0}, "margin 2"),
        ({"margn": 0.1}, "did you mean 'margin'"),
        ({"systems": ["base"]}, "says this itself"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_line(tmp_path, given, said):
    with pytest.raises(SuiteError) as caught:
        suite_of_keys(keys(tmp_path, **given), Host.load())
    (problem,) = caught.value.problems
    assert said in problem.message
    assert problem.key.startswith("score[0].regression")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"filters": {"schema": {}}}, "filters: a mapping is not a list"),
        ({"filters": 5}, "filters: 5 is not a list"),
        ({"score": True}, "score: true is not a list"),
        ({"gates": {"metric": "choice/accuracy", "min": 0.1}}, "gates: a mapping is not a list"),
        ({"data": {"tests": ["a"]}}, "data.tests: a list is not a mapping"),
        ({"data": ["a"]}, "data: a list is not a mapping"),
    ],
)
def test_a_key_of_the_wrong_shape_is_told_as_it_is_without_the_bundle(tmp_path, given, said):
    with pytest.raises(SuiteError, match=said):
        suite_of_keys({**keys(tmp_path), **given}, Host.load())


def test_what_it_stands_for_is_told_at_its_own_place_and_once(tmp_path):
    without = {name: value for name, value in keys(tmp_path, tasks=["mmlu", "gsm8k"]).items() if name != "train"}
    with pytest.raises(SuiteError) as refused:
        suite_of_keys(without, Host.load())
    told = [one for one in refused.value.problems if "tuned" in str(one)]
    assert len(told) == 1
    assert "score[0].regression: of what it stands for, 'tuned' cannot be scored" in str(told[0])


def test_a_task_whose_package_is_not_installed_is_told_by_name():
    found = regression_suite()
    assert {*found["tests"]} == {*DEFAULT}
    assert all(one["source"].startswith("package:") for one in found["tests"].values())


def test_the_last_number_of_an_answer_is_what_a_word_problem_is_judged_by():
    (options,) = TASKS["gsm8k"].options["metrics"][0].values()
    said = [
        "So she pays $1,200.00 for 3 cars.\n#### 1,200",
        "It is 18 dollars.",
        "3 + 4 = 7, so 7.",
        "42",
        "none",
        "12 or 13",
        "The answer is -5.",
        "It is -$5.00. Thanks!",
        "10-5",
        "1/2",
        "1.8e1",
        "In room B-7, 3 of 4.",
    ]
    expected = ["…\n#### 1200", "9 * 2 = 18\n#### 18", "#### 7", "x\n#### 42", "#### 0", "#### 12"]
    expected += ["#### 5", "#### -5", "#### 5", "#### 2", "#### 1", "#### 4"]
    found = ExactMatch().compute(predictions=said, references=expected, use_aggregator=False, **options)
    assert found["exact_match"] == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]


def test_a_run_asks_both_systems_decides_each_task_and_drops_the_row_that_gives_one_away(tmp_path):
    trial = seatrial.run(keys(tmp_path), runs=tmp_path / "runs", progress=False)
    scores = {(row.metric, row.system): row for row in trial.scores.itertuples()}
    for name in ("regression-mmlu/accuracy", "regression-gsm8k/exact_match"):
        assert {system for metric, system in scores if metric == name} == {"tuned", "base"}
        assert scores[name, "tuned"].n in {6, 8}
    assert scores["data/dropped_for_leakage", "data"].value == 1
    decided = {one.metric: one for one in trial.verdict.decisions}
    assert decided["regression-mmlu/accuracy"].family == "regression"
    assert decided["regression-mmlu/accuracy"].outcome in {"pass", "fail", "inconclusive"}
    assert not [said for said in trial.verdict.warnings if "not shown to beat" in said and "regression-" in said]
