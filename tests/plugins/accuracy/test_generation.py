"""Answers held against what rows expect: a pure function of transcripts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from seatrial import Explains, Response, Row, Scored, System, Task, Transcript, Turn
from seatrial.evaluation.samples import samples_to_table
from seatrial.rows import References
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy import build_generation, seatrial_scorers
from seatrial_plugins.accuracy.generation import GenerationScorer
from seatrial_plugins.accuracy.measures import BUILT_IN, chosen_measures
from seatrial_plugins.probes import build_generate

EVERY = [*(name for name in BUILT_IN if name != "meteor"), {"meteor": {"synonyms": False}}]
"""Without WordNet, which is not installed with the package."""


def row(name: str, expected: str | None, question: str = "What?") -> Row:
    turns = [Turn("user", question)] + ([] if expected is None else [Turn("assistant", expected)])
    return Row(name, tuple(turns), "prompt-completion", "path:x", "x", 1, slice="trivia")


def said(name: str, text: str, *, finished: bool | None = True, **more: object) -> Transcript:
    return Transcript(name, (Response(text, tokens=3, finished=finished),), f"hash-{name}", **more)


def score(transcripts, rows, names=("exact_match", "token_f1")):
    return list(GenerationScorer(chosen_measures(names)).score(iter(transcripts), Task("test", RowList(rows))))


def test_it_judges_where_python_leaves_docstrings_out():
    """`python -OO`: evaluate adds to docstrings of its own."""
    script = (
        "from seatrial_plugins.accuracy import build_generation as build\n"
        "metrics = ['exact_match', 'rougeL', 'bleu', 'chrf', 'squad_f1', 'token_f1']\n"
        "scorer = [build(metrics=metrics) for _ in range(2)][1]\n"
        "print({name: column for one in scorer._measures.values() for name, column in one.columns(['a b'], [['a b']]).items()})"
    )
    done = subprocess.run([sys.executable, "-OO", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, "'rougeL': [1.0]" in done.stdout) == (0, True), done.stderr[-2000:]


def test_answers_are_held_against_the_expected_words():
    rows = [row("1", "red ship"), row("2", "blue ship"), row("3", " green\n")]
    transcripts = [said("1", " red ship\n"), said("2", "a blue boat"), said("3", "", finished=False)]
    found = score(transcripts, rows)
    assert [sample.row for sample in found] == ["1", "2", "3"]
    assert [dict(sample.values) for sample in found] == [
        {"exact_match": 1.0, "token_f1": 1.0, "finished": 1.0},
        {"exact_match": 0.0, "token_f1": 0.5, "finished": 1.0},
        {"exact_match": 0.0, "token_f1": 0.0, "finished": 0.0},
    ]
    first = found[0]
    assert (first.prediction, first.target, first.prompt_hash, first.slice) == (
        "red ship",
        "red ship",
        "hash-1",
        "trivia",
    )
    assert first.detail == {"input": "What?", "tokens": 3}
    assert score(transcripts, rows) == found


def test_any_of_a_rows_references_is_right():
    several = replace(row("1", "soccer"), expected=References(("soccer", "football", "football")))
    for answer, right in (("football", 1.0), ("soccer", 1.0), ("tennis", 0.0)):
        (sample,) = score([said("1", answer)], [several])
        assert sample.values["exact_match"] == right


def test_every_metric_that_a_suite_names_is_a_column():
    (sample,) = score([said("1", "a red ship")], [row("1", "a red ship")], EVERY)
    counts = BUILT_IN["corpus_bleu"].columns
    assert sample.values.keys() == {*BUILT_IN, *counts, "finished"} - {"corpus_bleu"}
    assert sample.values["bleu"] == pytest.approx(100.0)
    assert sample.values["rougeL"] == 1.0


@pytest.mark.parametrize("answer", ["...", "", "the", "an"])
def test_twelve_answers_that_do_not_say_a_are_wrong_where_a_is_expected(answer):
    rows = [row(str(place), "A") for place in range(12)]
    found = score(
        [said(one.id, answer) for one in rows], rows, ["exact_match", "token_f1", "squad_exact_match", "squad_f1"]
    )
    assert all(value == 0.0 for sample in found for name, value in sample.values.items() if name != "finished")


def test_what_cannot_be_judged_is_an_error():
    rows = [row("1", "x"), row("2", None), row("3", " \n\u200b"), row("4", "x"), row("5", "x")]
    transcripts = [
        Transcript("1", error="too long for the context", prompt_hash="h"),
        said("2", "x"),
        said("3", "x"),
        Transcript("4"),
        said("5", "x"),
    ]
    found = score(transcripts, rows)
    assert [sample.error for sample in found] == [
        "too long for the context",
        "the row has no expected answer",
        "the row has no expected answer",
        "the transcript has 0 answers, where one is judged",
        None,
    ]
    assert [dict(sample.values) for sample in found[:4]] == [{}] * 4
    assert found[0].prompt_hash == "h"
    assert found[1].prediction == "x"


def test_a_system_that_does_not_tell_why_it_stopped_has_no_value_for_it():
    (sample,) = score([said("1", "x", finished=None)], [row("1", "x")])
    assert sample.values["finished"] is None
    assert sample.error is None


def test_one_metric_without_a_number_leaves_the_others(tmp_path):
    (tmp_path / "odd.py").write_text(
        "import datasets\nimport evaluate\n\n\nclass Odd(evaluate.Metric):\n"
        "    def _info(self):\n        text = datasets.Value('string')\n"
        "        features = datasets.Features({'predictions': text, 'references': text})\n"
        "        return evaluate.MetricInfo(description='', citation='', inputs_description='', features=features)\n\n"
        "    def _compute(self, predictions, references):\n"
        "        return {'odd': float('nan') if predictions[0] == 'y' else 0.5}\n"
    )
    found = score(
        [said("1", "x"), said("2", "y")], [row("1", "x"), row("2", "y")], ["exact_match", f"path:{tmp_path}/odd.py"]
    )
    assert found[0].values == {"exact_match": 1.0, "odd": 0.5, "finished": 1.0}
    assert found[1].values == {"exact_match": 1.0, "finished": 1.0}
    assert "odd.py gave nan" in str(found[1].error)
    assert found[1].lacks == ("odd",)


def test_transcripts_are_judged_as_they_come_in_batches_of_any_number():
    rows = [row(str(place), str(place)) for place in range(1_300)]
    found = score([said(one.id, one.id if int(one.id) % 2 else "no") for one in rows], rows)
    assert [sample.values["exact_match"] for sample in found] == [place % 2 for place in range(1_300)]
    assert score([], []) == []


def test_more_transcripts_than_rows_are_no_task():
    with pytest.raises(ValueError, match="zip"):
        score([said("1", "x"), said("2", "x")], [row("1", "x")])


def blocks_of(names, pairs):
    scorer = GenerationScorer(chosen_measures(names))
    rows = [row(str(place), expected) for place, (_, expected) in enumerate(pairs)]
    transcripts = [said(str(place), text) for place, (text, _) in enumerate(pairs)]
    samples = samples_to_table(
        "tuned",
        scorer.score(transcripts, Task("test", RowList(rows))),
        [measure.metric.name for measure in chosen_measures(names)],
    )
    assert isinstance(scorer, Explains)
    return list(scorer.blocks(Scored("generation", "tuned", samples, ())))


def test_reports_are_shown_wrong_answers_and_how_values_are_spread():
    wrong, *_, mistakes, spread = blocks_of(["exact_match", "rougeL"], [("a b", "a b"), ("a c", "a b"), ("c", "a b")])
    assert wrong.paragraphs == ["2 of 3 answers are wrong."]
    assert [one.row for one in mistakes.items] == ["1", "2"]
    assert spread.title.startswith("rougeL")
    assert spread.counts == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert (spread.edges[0], spread.edges[-1]) == (0.0, 1.0)
    assert "n = 3" in spread.says


def test_where_no_metric_calls_an_answer_wrong_the_furthest_are_shown():
    furthest, _ = blocks_of(["rougeL"], [("a b", "a b"), ("c", "a b"), ("a c", "a b")])
    assert [one.row for one in furthest.items] == ["1", "2", "0"]
    assert furthest.items[0].fields == (
        ("asked", "What?"),
        ("answered", "c"),
        ("expected", "a b"),
        ("rougeL", "0.000"),
    )


def test_reports_are_told_of_scripts_that_bleu_reads_as_one_word():
    pairs = [("我们明天去北京玩", "我们明天去北京"), ("a b", "a b")]
    assert "1 of 2 expected answers" in blocks_of(["bleu"], pairs)[-1].paragraphs[0]
    assert len(blocks_of([{"bleu": {"tokenize": "zh"}}], pairs)) == 2
    assert len(blocks_of(["bleu"], pairs[1:])) == 2


def test_the_tiny_model_is_scored_through_the_same_door(judged, tiny_model):
    rows = [row("1", "At the station", "Hello, where is my parcel? 😀"), row("2", "Yes", "")]
    system, probe = System("base", "base", tiny_model), build_generate(max_new_tokens=3)
    found = judged(probe, build_generation(max_new_tokens=3), system, Task("test", RowList(rows)))
    assert all(sample.error is None for sample in found)
    assert all(0 <= sample.values["token_f1"] <= 1 for sample in found)
    assert judged(probe, build_generation(), system, Task("test", RowList([]))) == []


@pytest.mark.parametrize("options", [{}, {"max_new_tokens": 7, "stop": ["\n"]}])
def test_what_it_asks_for_is_what_the_probe_takes(options):
    (component,) = (one for one in seatrial_scorers() if one.name == "generation")
    component.build(**options)
    probe = build_generate(**component.asks(**options))
    assert probe == build_generate(**options)
    assert component.probe == "generate"


def test_its_metrics_are_those_that_the_suite_names():
    (component,) = (one for one in seatrial_scorers() if one.name == "generation")
    assert [metric.name for metric in component.metrics_for({})] == ["exact_match", "token_f1", "finished"]
    found = component.metrics_for({"metrics": ["rougeL", {"chrf": {"word_order": 2}}], "max_new_tokens": 8})
    assert [(metric.name, metric.limits) for metric in found] == [
        ("rougeL", (0.0, 1.0)),
        ("chrf", (0.0, 100.0)),
        ("finished", None),
    ]
