"""Generation: the system's own words held against the expected ones, as the probe `generate` wrote them down."""

from __future__ import annotations

import pytest

from seatrial import Response, Row, System, Task, Transcript, Turn
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy import build_generation, seatrial_scorers
from seatrial_plugins.probes import build_generate


def row(name: str, question: str, answer: str | None) -> Row:
    turns = [Turn("user", question)] + ([] if answer is None else [Turn("assistant", answer)])
    return Row(name, tuple(turns), "prompt-completion", "path:x", "x", 1, slice="trivia")


def score(rows, transcripts):
    return list(build_generation().score(iter(transcripts), Task("test", RowList(rows))))


def said(row, text, *, finished=True):
    return Transcript(row.id, (Response(text, tokens=3, finished=finished),), f"hash of {row.id}")


def test_answers_are_held_against_the_expected_words():
    rows = [row("1", "a", "red ship"), row("2", "b", "blue ship"), row("3", "c", "green")]
    answers = (" The Red ship!", "a blue boat", "")
    found = score(rows, [said(*pair, finished=bool(pair[1])) for pair in zip(rows, answers, strict=True)])
    assert [sample.row for sample in found] == ["1", "2", "3"]
    assert [sample.values["exact_match"] for sample in found] == [1, 0, 0]
    assert [sample.values["token_f1"] for sample in found] == [1, 0.5, 0]
    assert [sample.values["finished"] for sample in found] == [1, 1, 0]
    assert found[0].prediction == "The Red ship!"
    assert found[0].target == "red ship"
    assert found[0].slice == "trivia"
    assert found[0].prompt_hash == "hash of 1"
    assert found[0].detail == {"input": "a", "tokens": 3}


def test_what_was_not_answered_or_has_no_expected_answer_is_an_error_and_the_others_are_scored():
    rows = [row("1", "a", "x"), row("2", "b", "x"), row("3", "c", "y"), row("4", "d", None)]
    refused = Transcript("2", prompt_hash="hash", error="too long for the context")
    found = score(rows, [said(rows[0], "x"), refused, said(rows[2], "y"), said(rows[3], "x")])
    assert [sample.error for sample in found] == [
        None,
        "too long for the context",
        None,
        "the row has no expected answer",
    ]
    assert [dict(sample.values) for sample in found if sample.error] == [{}, {}]
    assert found[1].prompt_hash == "hash"
    assert found[2].values["exact_match"] == 1


def test_the_tiny_model_is_scored_through_the_same_door(judged, tiny_model):
    rows = [row("1", "Hello, where is my parcel? 😀", "At the station"), row("2", "", "")]
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
