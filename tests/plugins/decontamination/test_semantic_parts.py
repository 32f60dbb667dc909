"""A passage and the question about it, told apart by how a text is laid out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.decontamination.semantic_parts import parts_of

PASSAGE = (
    "The ferry left the harbour at dawn with forty passengers, two mules and the mail. Off the cape the wind rose, and the "
    "captain turned back, although the owner had promised him a bonus for every crossing that he made in time."
)
ASKED = "Why did the captain turn back?"


@pytest.mark.parametrize(
    "text",
    [
        f"{PASSAGE}\n\n{ASKED}",
        f"{PASSAGE}\n{ASKED}\nA. the wind\nB. the mules\nC. the owner",
        f"{PASSAGE}\n{ASKED}\n(1) the wind\n(2) the mules\n",
        f"Passage: {PASSAGE}\nQuestion: {ASKED}\nAnswer:",
        f"Question: {ASKED}\nContext: {PASSAGE}",
        f"**Question 3:** {ASKED}\n{PASSAGE}",
        f"{ASKED}\n\n{PASSAGE}",
        f"{PASSAGE} {PASSAGE} {ASKED}",
        f"  {PASSAGE}\n\n {ASKED} \n",
    ],
)
def test_the_question_is_found_wherever_it_stands(text):
    parts = parts_of(text)
    assert parts.question == ASKED == text[parts.start : parts.end]
    assert "ferry left the harbour" in parts.passage
    assert ASKED not in parts.passage


@pytest.mark.parametrize(
    "text",
    [
        "",
        ASKED,
        f"Hello.\n{ASKED}",
        PASSAGE,
        f"{PASSAGE[:120]} {ASKED}",  # a story that its question does not stand without
        "def turn(x):\n    return [y for y in x if (y > 0)]\n" * 10 + "turn([1])",
        "A. one\nB. two",
        f"{ASKED}\nA. the wind\nB. the mules",
    ],
)
def test_where_there_is_no_passage_there_are_no_parts(text):
    assert parts_of(text) is None


def test_scripts_without_spaces_are_counted_too():
    told = "渡轮在黎明时分载着四十名乘客两头骡子和邮件离开了港口后来风大了船长就"
    assert parts_of(f"{told}带着大家返航了\n船长为什么返航？").question == "船长为什么返航？"
    assert parts_of(f"{told}\n船长为什么返航？") is None  # 33 characters are 22 words


@given(st.text(alphabet="ab ?.\n:：A)。", max_size=80))
def test_parts_stand_in_the_text(text):
    parts = parts_of(text * 6)
    assert parts is None or (text * 6)[parts.start : parts.end] == parts.question != ""
