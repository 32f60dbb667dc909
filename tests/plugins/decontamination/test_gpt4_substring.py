"""GPT-4's rule: stretches of 50 characters, or the whole of a shorter text."""

from __future__ import annotations

import string

import pytest

from seatrial import Span
from seatrial.errors import UsageError

FIFTY = (string.ascii_letters)[:50]


def spaced(text: str) -> str:
    return "; ".join(text)


def test_spaces_and_symbols_do_not_matter(hits):
    assert hits("gpt4_substring", ["<" + spaced(FIFTY) + ">"], [FIFTY]) == [("train0", "test0", 1)]
    assert hits("gpt4_substring", [spaced(FIFTY[:-1])], [FIFTY]) == []
    # The report says nothing of case.
    assert hits("gpt4_substring", [FIFTY.swapcase()], [FIFTY]) == []


def test_digits_count(hits):
    assert hits("gpt4_substring", ["what is the whole sum of 12 + 3"], ["What is the whole sum of 12 + 3"]) == []
    assert hits("gpt4_substring", ["so: what is the whole sum of 12 + 3"], ["what is the whole sum of 12 + 3"]) == [
        ("train0", "test0", 1)
    ]
    assert hits("gpt4_substring", ["so: what is the whole sum of 12 + 4"], ["what is the whole sum of 12 + 3"]) == []


@pytest.mark.parametrize("text", ["a", "你好", "é", "7"])
def test_a_short_text_is_looked_for_as_a_whole(hits, text):
    assert hits("gpt4_substring", [f"x{text}y"], [text], gpt4_floor=1) == [("train0", "test0", 1)]
    assert hits("gpt4_substring", ["xy"], [text], gpt4_floor=1) == []
    assert hits("gpt4_substring", [f"x{text}y"], [text]) == []


def test_the_floor_is_on_by_default_and_said(compare):
    short, long = "where is my card", "where is my new bank card"  # 13 and 20 letters
    found = compare("gpt4_substring", [f"{short}? and {long}?"], [short, long])
    assert [finding.matched_row for finding in found.findings] == ["test1"]
    assert found.facts["gpt4_substring"] == {"seed": 0, "floor": 20, "below_floor": 1}
    assert found.facts["groups"]["held_out"]["looked_for"] == {"gpt4_substring": 1}
    with pytest.raises(UsageError, match="gpt4_floor is 0"):
        compare("gpt4_substring", [short], [short], gpt4_floor=0)


def test_texts_without_letters_are_not_looked_for(hits):
    assert hits("gpt4_substring", ["?", "", "a"], ["?", "", "  "]) == []


def test_a_long_text_has_three_stretches_and_any_is_enough(hits):
    text = "".join(f"{number:04d}" for number in range(100))  # 400 characters: every stretch stands in one place only
    assert hits("gpt4_substring", [text], [text]) == [("train0", "test0", 3)]
    halves = hits("gpt4_substring", [text[:200], text[200:]], [text])
    # What one half holds the other doesn't, but a stretch over the middle is in neither.
    assert sum(score for _, _, score in halves) <= 3
    assert len(hits("gpt4_substring", [text[:51]], [text[:51]])) == 1  # two places for three stretches


@pytest.mark.parametrize(
    ("held_out", "found"),
    [
        ("银行卡丢了吗", False),
        ("我的银行卡丢了", True),
        ("カードはどこです", False),
        ("カードはどこですか、今", True),
        ("카드는 어디 있어", False),
        ("บัตรของฉันอยู่ไหน", False),
    ],
)
def test_the_floor_counts_han_for_three_letters_and_syllables_for_two(hits, held_out, found):
    assert bool(hits("gpt4_substring", [f"x{held_out}y"], [held_out])) is found


def test_the_seed_draws_the_stretches(look):
    text = "".join(f"{number:04d}" for number in range(100))
    spans = {seed: look("gpt4_substring", [text], [text], seed=seed)[0].spans for seed in (0, 1)}
    assert spans[0] != spans[1]
    assert look("gpt4_substring", ["other", text], ["another", text], seed=1)[0].spans == spans[1]


def test_the_finding_marks_the_stretch_in_the_row(look):
    (finding,) = look("gpt4_substring", ["so, " + spaced(FIFTY) + " and on"], [FIFTY])
    assert finding.spans == (Span(0, 4, 4 + len(spaced(FIFTY))),)
    assert finding.detail == "test row test0: 1 of 1 random stretches of its letters and digits, 50 each, in the row"
    (finding,) = look("gpt4_substring", ["xab"], ["ab"], gpt4_floor=2)
    assert finding.detail.endswith("all of it, 2 letters and digits, stands in the row")


def test_stretches_are_not_drawn_from_the_tasks_wording(hits):
    def question(what: str) -> str:
        return f"Which desk of our company should answer the following message from a customer of ours? {what}"

    held_out = [question(f"number {index}") for index in range(30)]
    assert hits("gpt4_substring", [question("none of these")], held_out, template=0.01) == []
    assert len(hits("gpt4_substring", [question("none of these")], held_out)) == 1
