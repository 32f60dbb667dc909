from __future__ import annotations

import dataclasses

import pytest

from seatrial import Generation, Row, System, Task, Turn
from seatrial.errors import StageError
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy import build_generation


class Parrot:
    """Says what it was given for each question; refuses a question of several."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.asked: list[tuple[int, int, tuple[str, ...]]] = []

    def generate(self, prompts, *, max_new_tokens, stop=()):
        if any("refused" in turn.content for prompt in prompts for turn in prompt):
            raise StageError("too long for the context")
        self.asked.append((len(prompts), max_new_tokens, tuple(stop)))
        return [
            Generation(self.answers[prompt[-1].content], len(prompt), finished=self.answers[prompt[-1].content] != "")
            for prompt in prompts
        ]


@pytest.fixture
def task():
    seen = []
    made = Task(
        labels=(), raw=RowList([]), train=RowList([]), seed=0, progress=lambda done, total: seen.append((done, total))
    )
    return made, seen


def row(name: str, question: str, answer: str | None) -> Row:
    turns = [Turn("user", question)] + ([] if answer is None else [Turn("assistant", answer)])
    return Row(name, tuple(turns), "prompt-completion", "path:x", "x", 1, slice="trivia")


def test_answers_are_held_against_the_expected_words(task):
    model = Parrot({"a": " red ship", "b": "a blue boat", "c": ""})
    rows = [row("1", "a", "red ship"), row("2", "b", "blue ship"), row("3", "c", "green")]
    scorer = build_generation(max_new_tokens=7, stop=["\n"])
    found = list(scorer.score(System("tuned", "tuned", model), RowList(rows), task[0]))
    assert [sample.row for sample in found] == ["1", "2", "3"]
    assert [sample.values["exact_match"] for sample in found] == [1, 0, 0]
    assert [sample.values["token_f1"] for sample in found] == [1, 0.5, 0]
    assert [sample.values["finished"] for sample in found] == [1, 1, 0]
    assert found[0].prediction == "red ship"
    assert found[0].target == "red ship"
    assert found[0].slice == "trivia"
    assert model.asked == [(3, 7, ("\n",))]
    assert task[1] == [(3, 3)]


def test_one_item_that_fails_is_an_error_and_the_others_are_scored(task):
    model = Parrot({"a": "x", "b": "y"})
    rows = [row("1", "a", "x"), row("2", "refused", "x"), row("3", "b", "y"), row("4", "a", None)]
    found = list(build_generation().score(System("tuned", "tuned", model), RowList(rows), task[0]))
    assert [sample.error for sample in found] == [
        None,
        "too long for the context",
        None,
        "the row has no expected answer",
    ]
    assert [dict(sample.values) for sample in found][1] == {}
    assert found[2].values["exact_match"] == 1
    assert len({sample.prompt_hash for sample in found}) == 3


def test_examples_before_the_prompt_change_its_hash(task):
    model = Parrot({"a": "x"})
    plain = System("base", "base", model)
    shown = dataclasses.replace(plain, preamble=(Turn("user", "q"), Turn("assistant", "w")))
    hashes = {
        sample.prompt_hash
        for system in (plain, shown)
        for sample in build_generation().score(system, RowList([row("1", "a", "x")]), task[0])
    }
    assert len(hashes) == 2


def test_the_tiny_model_answers_through_the_same_door(tiny_model, task):
    rows = [row("1", "Hello, where is my parcel? 😀", "At the station"), row("2", "", "Yes")]
    found = list(build_generation(max_new_tokens=3).score(System("base", "base", tiny_model), RowList(rows), task[0]))
    assert all(sample.error is None for sample in found)
    assert all(0 <= sample.values["token_f1"] <= 1 for sample in found)
    assert list(build_generation().score(System("base", "base", tiny_model), RowList([]), task[0])) == []


def test_a_model_that_cannot_generate_is_refused(task):
    with pytest.raises(StageError, match="base cannot generate"):
        list(build_generation().score(System("base", "base", object()), RowList([row("1", "a", "b")]), task[0]))
    with pytest.raises(StageError, match="max_new_tokens is 0"):
        build_generation(max_new_tokens=0)
