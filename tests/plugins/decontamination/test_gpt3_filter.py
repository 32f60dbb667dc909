"""GPT-3's filter: which grams collide, and what it would have left of the row."""

from __future__ import annotations

import pytest

from seatrial import Span
from seatrial_plugins.decontamination.gpt3_filter import kept_pieces

GRAM = "the quick brown fox jumps over the lazy dog and runs away today"  # 13 words, 63 characters
FILLER = "lorem ipsum "  # 12 characters


def test_a_shared_13_gram_collides_and_12_words_do_not(hits):
    assert hits("gpt3_filter", [GRAM.upper() + "!"], [GRAM]) == [("train0", "test0", 1)]
    assert hits("gpt3_filter", [GRAM.rpartition(" ")[0]], [GRAM]) == []
    assert hits("gpt3_filter", ["the, quick; " + GRAM[10:]], ["say " + GRAM]) == [("train0", "test0", 1)]


@pytest.mark.parametrize(
    ("collisions", "length", "kept"),
    [
        # 62 characters with 200 on either side leave 38 and 500 - 462: both under 200
        ([(238, 300)], 538, []),
        ([(400, 462)], 862, [(0, 200), (662, 862)]),
        ([(399, 461)], 860, []),
        ([(0, 62)], 62, []),
        ([(0, 62)], 462, [(262, 462)]),
        # overlapping windows are one cut
        ([(400, 462), (500, 562)], 1_000, [(0, 200), (762, 1_000)]),
        # 10 pieces are allowed, 11 are not
        ([(place, place + 1) for place in range(1_000, 10_000, 1_000)], 10_000, 10),
        ([(place, place + 1) for place in range(1_000, 11_000, 1_000)], 11_000, []),
    ],
)
def test_pieces_that_are_left(collisions, length, kept):
    pieces = kept_pieces(collisions, length)
    assert (len(pieces) if isinstance(kept, int) else pieces) == kept


def test_the_finding_marks_what_would_have_been_removed(look):
    text = FILLER * 40 + GRAM + " " + FILLER * 10  # the gram stands at 480 to 543
    (finding,) = look("gpt3_filter", [(text, "ok")], [GRAM])
    assert finding.spans == (Span(0, 280, len(text)),)
    assert finding.matched_text == GRAM
    assert finding.detail == (
        "test row test0: 1 of the row's 13-grams collide with it; GPT-3's filter would have kept pieces of 280 characters"
    )


def test_a_row_of_which_nothing_is_left_is_removed(look):
    (finding,) = look("gpt3_filter", [GRAM], ["so " + GRAM])
    assert finding.spans == (Span(0, 0, len(GRAM)),)
    assert finding.detail.endswith("GPT-3's filter would have removed it")


def test_turns_are_one_document(look):
    (finding,) = look("gpt3_filter", [("short", "x" * 300, GRAM, "ok")], [GRAM])
    # 5 + 1 + 300 + 1 characters before the gram: 107 stay before its window, which is too short
    assert finding.spans == (Span(0, 0, 5), Span(1, 0, 300), Span(2, 0, 63))


def test_grams_of_more_than_ten_rows_are_ignored(hits):
    assert len(hits("gpt3_filter", [f"{number} {GRAM}" for number in range(10)], [GRAM])) == 10
    assert hits("gpt3_filter", [f"{number} {GRAM}" for number in range(11)], [GRAM]) == []
    longer = GRAM + " forever"
    rows = [f"{number} {GRAM}" for number in range(11)] + [longer]
    # The 12th row's first gram is ignored as well, its second is its own.
    assert hits("gpt3_filter", rows, [longer]) == [("train11", "test0", 1)]


def test_digits_unicode_and_nothing(hits, look):
    digits = " ".join(str(number) for number in range(13))
    assert hits("gpt3_filter", [digits], [digits.replace("7", "7.")]) == [("train0", "test0", 1)]
    assert hits("gpt3_filter", [digits], [digits.replace("7", "8")]) == []
    asked = "我的银行卡在哪里我要去找它呢请你们帮我"  # 13 words are 20 characters, of which three are two words
    assert len(asked) == 19
    assert hits("gpt3_filter", [f"他说{asked}"], [f"问{asked}"]) == []
    (found,) = look("gpt3_filter", [f"他说{asked}吧"], [f"问{asked}吧"])
    assert "1 of the row's 20-grams collide" in found.detail
    assert hits("gpt3_filter", ["", GRAM], [""]) == []


def test_short_texts_are_found_as_a_whole_where_that_is_asked_for(hits):
    assert hits("gpt3_filter", ["so where is it now"], ["Where is it?"]) == []
    assert hits("gpt3_filter", ["so where is it now"], ["Where is it?"], short=True) == [("train0", "test0", 1)]
