"""Llama 2's rule: spans of more than ten tokens, of which four may differ, and the share of a text that lies in them."""

from __future__ import annotations

import numpy as np
import pytest

from seatrial import Span
from seatrial_plugins.decontamination.llama2 import spanned


@pytest.mark.parametrize(
    ("row", "text", "length"),
    [
        ("abcdefghijk", "abcdefghijk", 11),
        ("abcdefghij", "abcdefghijk", 10),
        # one that differs inside, none at the end
        ("abcdefghij1l", "abcdefghijkl", 12),
        ("abcdefghijk1", "abcdefghijkl", 11),
        # four may differ, the fifth ends the span before the last equal one
        ("abcdefghij1l2n3p4r", "abcdefghijklmnopqr", 18),
        ("abcdefghij1l2n3p4r5t", "abcdefghijklmnopqrst", 18),
        ("abcdefghij12345p", "abcdefghijklmnop", 10),
        ("abcdefghij1234o", "abcdefghijklmno", 15),
    ],
)
def test_how_far_a_span_reaches(row, text, length):
    assert spanned(np.array([*map(ord, row)]), np.array([*map(ord, text)]), 10) == length


@pytest.mark.parametrize(
    ("train", "held_out", "score"),
    [
        # 11 tokens of 55 are 20%: not clean
        (["abcdefghijk"], "abcdefghijk" + "." * 44, 0.2),
        (["abcdefghijk"], "abcdefghijk" + "." * 45, None),
        # 10 tokens are no span of more than 10
        (["abcdefghij"], "abcdefghij", None),
        (["xxabcdefghijkxx"], "abcdefghijk", 1.0),
        # two rows together: 11 + 11 of 30, and neither alone would be enough of 60
        (["abcdefghijk", "opqrstuvwxy"], "abcdefghijklmnopqrstuvwxyz" + "." * 34, 22 / 60),
        # the differing token lies in the span
        (["abcdefghij1l"], "abcdefghijkl", 1.0),
        # a difference among the first ten leaves too little
        (["abcd1fghijklmn"], "abcdefghijklmn", None),
        (["abcd1fghijklmnopq"], "abcdefghijklmnopq", 12 / 17),
        (["12345678901"], "12345678901", 1.0),
        (["12345678902"], "12345678901", None),
        ([""], "", None),
        (["abc"], "abc", None),
    ],
)
def test_the_contaminated_share_of_a_text(hits, letters, train, held_out, score):
    found = hits("llama2", [letters(text) for text in train], [letters(held_out)])
    expected = [] if score is None else [(f"train{row}", "test0", pytest.approx(score)) for row in range(len(train))]
    assert found == expected


def test_the_finding_tells_the_text_apart_and_marks_the_span(look, letters):
    (finding,) = look("llama2", ["say: " + letters("abcdefghijk")], [letters("abcdefghijklm")])
    assert finding.spans == (Span(0, 5, 26),)
    assert finding.detail == ("test row test0: the train set contaminates 85% of its tokens (dirty), this row 85%")
    (finding,) = look("llama2", [letters("abcdefghijk")], [letters("abcdefghijk" + "." * 11)])
    assert "50% of its tokens (not clean)" in finding.detail


def test_short_texts_are_found_as_a_whole_where_that_is_asked_for(hits):
    assert hits("llama2", ["so where is it now"], ["where is it"]) == []
    assert hits("llama2", ["so where is it now"], ["where is it"], short=True) == [("train0", "test0", 1.0)]


def test_a_text_that_is_all_template_is_clean(compare, letters):
    held_out = [letters("abcdefghijk") + f" {number}" for number in range(11)] + [letters("abcdefghijk")]
    comparison = compare("llama2", [letters("abcdefghijk")], held_out, template=0.01)
    assert list(comparison.findings) == []
    assert comparison.facts["llama2"]["held_out"]["L10"] == {"clean": 12, "not_clean": 0, "not_dirty": 12, "dirty": 0}


def test_the_subsets_of_each_length_are_counted(compare, letters):
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    train = [letters(alphabet[:21]), letters(alphabet[:12])]
    facts = compare("llama2", train, [letters(alphabet), letters(alphabet), letters("123"), ""]).facts["llama2"]
    # 21 of 26 tokens are 81% in a span of 21: dirty for L of 10 and 20, clean above; the third text is always clean.
    dirty = {"clean": 1, "not_clean": 2, "not_dirty": 1, "dirty": 2}
    clean = {"clean": 3, "not_clean": 0, "not_dirty": 3, "dirty": 0}
    assert facts == {"held_out": {"L10": dirty, "L20": dirty, "L30": clean, "L40": clean, "L50": clean}}
