"""OLMo's decon: clusters around every tenth token, rarity, answers behind and passages before. A token is a word here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Span
from seatrial_plugins.decontamination.olmo_decon import clusters
from seatrial_plugins.decontamination.olmo_text import cleaned, origins


def words(prefix: str, count: int, start: int = 0) -> str:
    return " ".join(f"{prefix}{number}" for number in range(start, start + count))


OTHERS = [words(f"other{number}x", 30) for number in range(9)]
"""Nine items that share nothing: with the one that is looked for, a rare 5-gram weighs ln 10."""


def test_the_text_is_lower_case_without_punctuation():
    assert cleaned("What's 3.5, then?\n你好 — OK") == " what s 3 5 then 你好 ok"
    assert cleaned(" ?! ") == " "


@given(st.text(alphabet="aB '.\nİß你—Σ", max_size=15))
def test_every_cleaned_character_has_its_origin(text):
    found = origins(text)
    assert len(found) == len(cleaned(text))
    for character, place in zip(cleaned(text), found, strict=True):
        assert character == " " or character in text[place].lower() or character in "σς"


def test_a_question_of_fifty_tokens_needs_four_fifths(hits):
    question = words("w", 54)  # fifty 5-grams
    assert hits("olmo_decon", [question], [question, *OTHERS]) == [("train0", "test0", 1.0)]
    # The first 44 words hold 40 of 50 5-grams.
    assert hits("olmo_decon", [words("w", 44)], [question, *OTHERS]) == [("train0", "test0", pytest.approx(0.8))]
    assert hits("olmo_decon", [words("w", 43)], [question, *OTHERS]) == []


def test_a_question_of_twenty_tokens_must_be_perfect(hits):
    question = words("w", 20)
    assert hits("olmo_decon", ["so, " + question + " or not"], [question, *OTHERS]) == [("train0", "test0", 1.0)]
    assert hits("olmo_decon", [words("w", 19) + " x"], [question, *OTHERS]) == []
    # In between, the threshold is: 35 tokens, 31 5-grams, 0.9 of which are 27.9.
    question = words("w", 35)
    assert len(hits("olmo_decon", [words("w", 32)], [question, *OTHERS])) == 1
    assert hits("olmo_decon", [words("w", 31)], [question, *OTHERS]) == []


def test_small_items_are_left_out_and_counted(compare):
    small, few_words = words("w", 19), "la li lu " * 10
    comparison = compare("olmo_decon", [small, few_words], [small, few_words, "", *OTHERS])
    assert list(comparison.findings) == []
    assert comparison.facts["olmo_decon"] == {"too_small": {"held_out": 3}}


def test_small_items_are_found_as_a_whole_where_that_is_asked_for(hits, compare):
    small, pair, question = "Wie GEHT es dir?", ("3.5 + 4?", "7,5"), words("w", 54)
    rows = ["so: wie geht's", "Na, wie geht es, dir", ("was ist 3,5 + 4", "7.5!"), question]
    held_out = [small, "one two", pair, question, *OTHERS]
    found = [("train1", "test0", 1.0), ("train2", "test2", 1.0), ("train3", "test3", 1.0)]
    assert hits("olmo_decon", rows, [*held_out, (small, ""), ("", "no question here")], short=True) == found
    assert hits("olmo_decon", rows, held_out, short=True, on="all") == found
    assert hits("olmo_decon", [("3.5 + 4?", "8")], held_out, short=True, on="all") == []
    assert [row for row, _, _ in hits("olmo_decon", rows, held_out)] == ["train3"]
    comparison = compare("olmo_decon", rows, [*held_out, small], short=True)
    assert next(iter(comparison.findings)).detail == "test row test0: stands in the row as a whole"
    assert next(iter(compare("olmo_decon", rows, held_out, short=True).findings)).spans == (Span(0, 4, 20),)
    assert comparison.facts["olmo_decon"] == {"too_small": {"held_out": 1}}
    assert comparison.measures["held_out_contaminated"] == 4
    assert comparison.facts["groups"]["held_out"]["looked_for"] == {"olmo_decon": len(held_out)}


def test_rare_grams_weigh_more(hits):
    # 50 tokens: the first half stands in every item, so it weighs nothing, and the second half is all that counts.
    common = words("common", 25)
    held_out = [f"{common} {words(f'own{number}x', 25)}" for number in range(10)]
    assert hits("olmo_decon", [common + " " + words("else", 30)], held_out) == []
    assert hits("olmo_decon", [words("else", 30) + " " + words("own3x", 25)], held_out) == [
        ("train0", "test3", pytest.approx(21 / 25))  # of 21 own 5-grams and 4 across the middle
    ]


def test_an_only_item_is_weighed_without_rarity(hits):
    assert hits("olmo_decon", [words("w", 50)], [words("w", 50)]) == [("train0", "test0", 1.0)]


@pytest.mark.parametrize(
    ("hits", "tokens", "found"),
    [
        ({}, 30, []),
        # a 5-gram at a place that is no tenth is not met
        ({9: 1, 11: 2}, 30, []),
        ({10: 1, 11: 2, 12: 3}, 30, [(10, 17, {1, 2, 3})]),
        # ten misses in a row are bridged, eleven are not
        ({10: 1, 21: 2}, 40, [(10, 26, {1, 2})]),
        ({10: 1, 22: 2}, 40, [(10, 15, {1})]),
        ({0: 1, 11: 2, 22: 3}, 40, [(0, 27, {1, 2, 3})]),
        # to the left as well
        ({9: 3, 20: 1}, 40, [(9, 25, {3, 1})]),
        # a gram met again is no miss, but no progress either: the misses go on being counted
        ({10: 1, 16: 1, 23: 2}, 40, [(10, 21, {1})]),
        ({0: 1, 30: 2}, 40, [(0, 5, {1}), (30, 35, {2})]),
    ],
)
def test_clusters(hits, tokens, found):
    assert [(one.start, one.end, set(one.grams)) for one in clusters(hits, tokens)] == found


QUESTION = words("w", 50)


def test_the_answer_must_stand_behind_the_question(hits):
    held_out = [(QUESTION, "seven or eight"), *((text, f"no {text[:8]}") for text in OTHERS)]
    near, late = f"{QUESTION} so: seven, or eight!", f"{QUESTION} {words('x', 50)} seven or eight"
    assert hits("olmo_decon", [(near,)], held_out, on="all") == [("train0", "test0", 1.0)]
    assert hits("olmo_decon", [(f"{QUESTION} {words('x', 49)} seven or eight",)], held_out, on="all") != []
    # Without the answer 0.75 is reached, which is not enough.
    for text in (late, QUESTION, f"seven or eight {QUESTION}", f"{QUESTION} seven eight or"):
        assert hits("olmo_decon", [(text,)], held_out, on="all") == []
        assert hits("olmo_decon", [(text,)], held_out) == [("train0", "test0", 1.0)]  # the input alone


def test_a_long_answer_is_weighed_by_3_grams(hits):
    answer = words("a", 12)  # ten 3-grams
    held_out = [(QUESTION, answer), *((text, f"no {text[:8]} here") for text in OTHERS)]
    # 0.75 and 0.25 of what is found of the answer: 2 of 10 are enough, 1 is not.
    assert hits("olmo_decon", [(f"{QUESTION} {words('a', 4)}",)], held_out, on="all") == [
        ("train0", "test0", pytest.approx(0.75 + 0.25 * 0.2))
    ]
    assert hits("olmo_decon", [(f"{QUESTION} {words('a', 3)}",)], held_out, on="all") == []


def test_the_passage_stands_before_the_question(hits):
    passage = words("p", 13)  # ten 4-grams
    held_out = [(passage, "and?", QUESTION, "ok"), *OTHERS]
    # The turn before the question is a part of the passage: 14 tokens, eleven 4-grams.
    whole = f"{passage} and? {QUESTION}"
    assert hits("olmo_decon", [whole], held_out) == [("train0", "test0", 1.0)]
    assert hits("olmo_decon", [QUESTION], held_out) == [("train0", "test0", pytest.approx(0.85))]
    assert hits("olmo_decon", [f"{QUESTION} {passage} and?"], held_out) == [("train0", "test0", pytest.approx(0.85))]
    half = f"{words('p', 7, 6)} and? {QUESTION}"  # five 4-grams of eleven
    assert hits("olmo_decon", [half], held_out) == [("train0", "test0", pytest.approx(0.85 + 0.15 * 5 / 11))]


def test_the_finding_marks_question_answer_and_passage(look):
    held_out = [(QUESTION, "Seven, or eight"), *((text, f"no {text[:8]}") for text in OTHERS)]
    (finding,) = look("olmo_decon", [(f"So? {QUESTION}!", "Hm: SEVEN or—eight.")], held_out, on="all")
    assert finding.spans == (Span(0, 4, 4 + len(QUESTION)), Span(1, 4, 18))
    assert finding.detail == "test row test0: question, answer and passage score 1.00 near each other"


def test_digits_chinese_and_nothing(hits):
    digits = " ".join(str(number) for number in range(100, 150))
    assert len(hits("olmo_decon", [digits.replace(" ", ", ")], [digits, *OTHERS])) == 1
    assert hits("olmo_decon", [digits.replace("1", "2")], [digits, *OTHERS]) == []
    chinese = " ".join(f"第{number}行" for number in range(50))
    assert len(hits("olmo_decon", [chinese], [chinese, *OTHERS])) == 1
    assert hits("olmo_decon", ["", "a"], ["", *OTHERS]) == []
    assert hits("olmo_decon", ["a"], []) == []
