"""Matching: an answer says a phrase, or ends with a number, and nothing that only looks like it."""

from decimal import Decimal

import pytest

from seatrial import Response
from seatrial.evaluation.matching import has_words, is_right, says
from seatrial.evaluation.numerals import last_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *((text, "-5") for text in ("−5", "-$5", "$-5", "x = - 5", "(-5)", "it is –5.", r"\boxed{-5}")),
        *((text, "5") for text in ("- 5", "10-5", "2024-05", "x-5", "so...5", "答案是5。", "<b>5</b>", "**5**", "+5", "5%", "٥")),
        *((text, "1234.5") for text in ("1,234.5", "1'234.5", "1_234.5", "1\u202f234.5", "$1,234.50 in all")),
        *((text, "3e5") for text in ("3e5", "3 × 10⁵", "3x10^5", r"3 \times 10^{5}")),
        *((text, "0.00001") for text in ("1e-5", "1×10⁻⁵")),
        (".5", "0.5"),
        ("12 m2 of CO2", "12"),
        *((text, None) for text in ("0,5", "1,5", "1,2,3", "0,123", "1.2.3", "2½", "½", "2^10", "5²", "2**10", "1e9999999", "m2.5", "")),
    ],
)  # fmt: skip
def test_the_last_number_of_a_text_is_read_whole_or_not_at_all(text, number):
    assert last_number(text) == (None if number is None else Decimal(number))


def test_long_numbers_are_compared_to_their_last_digit():
    assert not is_right("12345678901234568", ["12345678901234569"], "number")
    assert not is_right("1" * 400, ["9" * 400], "number")
    assert is_right("It is 5.0", ["#### 5"], "number")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        *((text, "5") for text in ("0.5", ".5", "-5", "−5", "< 5", "5²", "5:30", "15,005", "C5")),
        ("10,000", "10"),
        ("3.14", "3"),
        ("x ≠ 5", "x = 5"),
        ("p > 0.05", "p < 0.05"),
        ("a-b", "a+b"),
        ("C++", "C"),
        ("O+", "O"),
        ("कि", "क"),
    ],
)
def test_a_phrase_does_not_stand_in_what_only_begins_or_ends_like_it(text, phrase):
    assert not says(text, phrase)
    assert says(f"({text})", text)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        *((text, "5") for text in ("x=5", "<answer>5</answer>", "> 5", "-> 5", "| 5 |", "~5", r"\boxed{5}", "#5", "“5”", "5°C")),
        ("10,000 of them", "10000"),
        ("costs .5", "0.5"),
        ("3 <= 4", "3 ≤ 4"),
        *((text, "refund") for text in ("re**fund**", "_refund_", "re\u00adfund", "re\u200bfund", "refund🙂", "a/refund")),
        ("可以退款给您", "退款"),
        ("Hello🙂", "🙂"),
    ],
)  # fmt: skip
def test_marks_around_a_phrase_do_not_hide_it(text, phrase):
    assert says(text, phrase)


def test_what_has_no_word_is_said_by_nothing_and_silence_is_no_answer():
    assert not any(map(has_words, ("", "!!!", "#", "…")))
    assert not is_right(" ", [""], "exact")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>Is it Paris?</think>London", "London"),
        ("Is it Paris?</think>London", "London"),
        ("<think>Is it Paris?", ""),
        ("a </b> c", "a </b> c"),
    ],
)
def test_reasoning_is_no_part_of_an_answer(text, answer):
    assert Response(text).answer == answer
