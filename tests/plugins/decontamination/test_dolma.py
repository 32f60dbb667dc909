"""Dolma's rule: a paragraph of 13 words or more that stands in a held-out text."""

from __future__ import annotations

import pytest

from seatrial import Span
from seatrial_plugins.decontamination.dolma import count_words

THIRTEEN = "You can follow any responses to this entry through the RSS 2.0 feed"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (THIRTEEN, 13),
        ("", 0),
        ("  \t ", 0),
        ("don't pay 3,000.50!", 4),
        ("你好，世界", 5),
        ("e-mail", 3),
        ("👍🏽 ok", 2),
    ],
)
def test_words_are_unicodes(text, count):
    assert count_words(text) == count


def test_a_paragraph_of_13_words_as_it_is_written(hits):
    assert hits("dolma", [f"Hello\n{THIRTEEN}\nbye"], [THIRTEEN]) == [("train0", "test0", 1)]
    assert hits("dolma", [f"Hello {THIRTEEN}"], [THIRTEEN]) == []
    assert hits("dolma", [THIRTEEN.lower()], [THIRTEEN]) == []
    assert hits("dolma", [THIRTEEN + " "], [THIRTEEN]) == []
    twelve = THIRTEEN.removesuffix(" feed")
    assert hits("dolma", [twelve], [twelve]) == []
    assert hits("dolma", [twelve + "!"], [twelve + "!"]) == [("train0", "test0", 1)]


def test_each_paragraph_of_a_text_is_looked_for(look):
    other = THIRTEEN.replace("RSS", "Atom")
    (finding,) = look("dolma", [f"{other}\nand\n{THIRTEEN}"], [f"{THIRTEEN}\nshort\n{other}"])
    end = len(other)
    assert finding.score == 2
    assert finding.spans == (Span(0, 0, end), Span(0, end + 5, end + 5 + len(THIRTEEN)))
    assert finding.detail == "test row test0: 2 of its paragraphs stand in the row"


def test_paragraphs_of_several_turns(hits):
    assert hits("dolma", [("hi", "hello", THIRTEEN, "ok")], [THIRTEEN]) == [("train0", "test0", 1)]


def test_nothing_punctuation_and_chinese(hits):
    assert hits("dolma", ["", "\n\n"], ["", "\n"]) == []
    rule = "- - - - - - - - - - - - - -"
    assert hits("dolma", [rule], [rule]) == []
    assert hits("dolma", ["请问我的银行卡在哪里我找不到"], ["请问我的银行卡在哪里我找不到"]) == [("train0", "test0", 1)]


def test_short_texts_are_found_as_paragraphs_where_that_is_asked_for(hits):
    assert hits("dolma", ["so\nwhere is it?"], ["where is it?"]) == []
    assert hits("dolma", ["so\nwhere is it?"], ["where is it?"], short=True) == [("train0", "test0", 1)]
    assert hits("dolma", ["so where is it?"], ["where is it?"], short=True) == []
    # A short paragraph of a longer text stays out.
    assert hits("dolma", ["where is it?"], [f"where is it?\n{THIRTEEN}"], short=True) == []


def test_a_paragraph_of_many_texts_is_the_tasks_wording(hits):
    held_out = [f"{THIRTEEN}\nnumber {index}" for index in range(11)]
    assert hits("dolma", [THIRTEEN], held_out, template=0.01) == []
    assert len(hits("dolma", [THIRTEEN], held_out)) == 1
