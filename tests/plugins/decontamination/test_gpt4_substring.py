"""GPT-4's rule: stretches of 50 characters, or the whole of a shorter text."""

from __future__ import annotations

import string

import pytest

from seatrial import Span

FIFTY = (string.ascii_letters)[:50]


def spaced(text: str) -> str:
    return "; ".join(text)


def test_spaces_and_symbols_do_not_matter(hits):
    assert hits("gpt4_substring", ["<" + spaced(FIFTY) + ">"], [FIFTY]) == [("train0", "test0", 1)]
    assert hits("gpt4_substring", [spaced(FIFTY[:-1])], [FIFTY]) == []
    # The report says nothing of case.
    assert hits("gpt4_substring", [FIFTY.swapcase()], [FIFTY]) == []


def test_digits_count(hits):
    assert hits("gpt4_substring", ["what is 12 + 3"], ["What is 12 + 3"]) == []
    assert hits("gpt4_substring", ["so: what is 12 + 3"], ["what is 12 + 3"]) == [("train0", "test0", 1)]
    assert hits("gpt4_substring", ["so: what is 12 + 4"], ["what is 12 + 3"]) == []


@pytest.mark.parametrize("text", ["a", "你好", "é", "7"])
def test_a_short_text_is_looked_for_as_a_whole(hits, text):
    assert hits("gpt4_substring", [f"x{text}y"], [text]) == [("train0", "test0", 1)]
    assert hits("gpt4_substring", ["xy"], [text]) == []


def test_texts_without_letters_are_not_looked_for(hits):
    assert hits("gpt4_substring", ["?", "", "a"], ["?", "", "  "]) == []


def test_a_long_text_has_three_stretches_and_any_is_enough(hits):
    text = "".join(f"{number:04d}" for number in range(100))  # 400 characters: every stretch stands in one place only
    assert hits("gpt4_substring", [text], [text]) == [("train0", "test0", 3)]
    halves = hits("gpt4_substring", [text[:200], text[200:]], [text])
    # What one half holds the other doesn't, but a stretch over the middle is in neither.
    assert sum(score for _, _, score in halves) <= 3
    assert len(hits("gpt4_substring", [text[:51]], [text[:51]])) == 1  # two places for three stretches


def test_the_seed_draws_the_stretches(look):
    text = "".join(f"{number:04d}" for number in range(100))
    spans = {seed: look("gpt4_substring", [text], [text], seed=seed)[0].spans for seed in (0, 1)}
    assert spans[0] != spans[1]
    assert look("gpt4_substring", ["other", text], ["another", text], seed=1)[0].spans == spans[1]


def test_the_finding_marks_the_stretch_in_the_row(look):
    (finding,) = look("gpt4_substring", ["so, " + spaced(FIFTY) + " and on"], [FIFTY])
    assert finding.spans == (Span(0, 4, 4 + len(spaced(FIFTY))),)
    assert finding.detail == "test row test0: 1 of 1 random stretches of its letters and digits, 50 each, in the row"
    (finding,) = look("gpt4_substring", ["xab"], ["ab"])
    assert finding.detail.endswith("all of it, 2 letters and digits, stands in the row")


def test_stretches_are_not_drawn_from_the_tasks_wording(hits):
    def question(what: str) -> str:
        return f"Which desk of our company should answer the following message from a customer of ours? {what}"

    held_out = [question(f"number {index}") for index in range(30)]
    assert hits("gpt4_substring", [question("none of these")], held_out, template=0.01) == []
    assert len(hits("gpt4_substring", [question("none of these")], held_out)) == 1
