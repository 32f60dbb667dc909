"""Questions that a scorer brings are held word for word against what a product learns from."""

import pytest

from seatrial import Row, Turn
from seatrial.runs.taught_questions import taught_questions

LONG = "which of these birds swims better than it flies in cold water"


def row(*said, line=1, file="asked.jsonl"):
    turns = [Turn("assistant" if at % 2 else "user", text) for at, text in enumerate(said)]
    return Row(f"{file}{line}", tuple(turns), "chat", file, file, line)


@pytest.mark.parametrize(
    ("asked", "learnt"),
    [
        ("Which swims?", ("which  SWIMS", "a trout")),
        ("Which swims?", ("Hello", "Hi", "Which swims?", "a trout")),
        (f"Q: {LONG}?\nA. duck\nB. penguin\nAnswer:", (LONG, "a penguin")),
    ],
)
def test_a_turn_that_is_the_question_or_part_of_it_is_told(asked, learnt):
    rows = [row("Which flies?"), row(asked, line=7)]
    [said] = taught_questions(rows, {"train": [row(*learnt, file="learnt.jsonl", line=3)], "validation": []})
    assert "1 of 2 rows stand word for word in train" in said
    assert "asked.jsonl:7, in train learnt.jsonl:3" in said


@pytest.mark.parametrize("learnt", [("Which", "a trout"), ("Say it", "Which swims?"), (f"{LONG} today", "a penguin")])
def test_few_words_an_answer_or_a_longer_question_are_no_copy(learnt):
    assert not list(taught_questions([row("Which swims?"), row(f"Q: {LONG}?")], {"train": [row(*learnt)]}))
