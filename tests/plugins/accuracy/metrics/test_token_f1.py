"""Token F1: SQuAD's F1 over tokens that keep what carries meaning, in any script."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.accuracy.metrics import SquadF1, TokenF1
from seatrial_plugins.accuracy.metrics.tokens import answer_tokens, tokens


def one(said: str, expected: str | list[str]) -> float:
    return TokenF1().compute(predictions=[said], references=[expected])["token_f1"]


@pytest.mark.parametrize(
    ("said", "expected", "f1"),
    [
        ("我们明天去北京玩", "我们明天去北京", 2 * 7 / 15),
        ("明日東京に行きます", "明日東京へ行きます", 16 / 18),
        ("カタカナを書く", "カタカナも書く", 12 / 14),
        ("１２", "12", 1.0),
        ("ｶﾞｽ", "ガス", 1.0),
        ("「東京」", "東京", 1.0),
        ("GPT4模型", "gpt4 模型", 1.0),
        ("The Eiffel Tower!", "eiffel tower", 1.0),
        ("a a b", "a a a b", 1.0),  # "a" is an article: only "b" is left of both
        ("5", "-5", 0.0),
        ("314", "3.14", 0.0),
        ("50", "50%", 0.0),
        ("C", "C#", 0.0),
        ("102", "10²", 0.0),
        ("...", "A", 0.0),
        ("", "A", 0.0),
        ("the", "A", 0.0),
        ("an", "The.", 0.0),
        ("?", "!", 0.0),
        ("...", "...", 1.0),
        ("hepatitis", "hepatitis A", 2 / 3),
        ("hepatitis virus", "hepatitis A virus", 0.8),
        ("green ship", ["blue ship sails", "the green ship"], 1.0),
    ],
)
def test_values_worked_out_by_hand(said, expected, f1):
    assert one(said, expected) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("พรุ่งนี้เราไปเชียงใหม่ครับ", "พรุ่งนี้เราไปเชียงใหม่"),  # Thai
        ("ខ្ញុំទៅភ្នំពេញថ្ងៃនេះ", "ខ្ញុំទៅភ្នំពេញ"),  # Khmer
        ("ຂ້ອຍໄປວຽງຈັນມື້ນີ້", "ຂ້ອຍໄປວຽງຈັນ"),  # Lao
        ("မနက်ဖြန်ရန်ကုန်သွားမယ်", "မနက်ဖြန်ရန်ကုန်သွား"),  # Burmese
    ],
)
def test_a_sentence_of_a_script_without_spaces_is_more_than_one_token(said, expected):
    assert 0.7 < one(said, expected) < 1.0
    assert one(said, said) == 1.0


def test_marks_stay_on_the_character_that_they_stand_on():
    assert tokens("นี้ได้") == ["นี้", "ไ", "ด้"]
    assert answer_tokens("") == []


def test_it_is_squads_f1_where_punctuation_ends_words_and_no_article_ends_the_text():
    chance = random.Random(5)
    ours, squads = TokenF1().judge(), SquadF1().judge()
    middle = ["the", "ship,", "a", "harbour.", "(red)", "sailed!", '"at"', "dawn;", "1889", "an", "Café", "über"]
    values = set()
    for _ in range(2_000):
        said, expected = (
            " ".join([*chance.choices(middle, k=chance.randint(0, 12)), chance.choice(["again.", "Paris", "1889?"])])
            for _ in range(2)
        )
        values.add(found := ours(said, [expected])["token_f1"])
        assert found == pytest.approx(squads(said, [expected])["squad_f1"], abs=1e-6), (said, expected)
    assert len(values) > 30


@given(st.text(), st.text())
def test_it_is_symmetric_bounded_and_one_for_the_same_text(said, expected):
    judge = TokenF1().judge()
    value = judge(said, [expected])["token_f1"]
    assert 0.0 <= value <= 1.0
    assert value == judge(expected, [said])["token_f1"]
    assert judge(said, [said])["token_f1"] == float(bool(answer_tokens(said)))
