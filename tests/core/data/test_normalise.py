"""Normalising must join what says the same and must not join what doesn't, in any script."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seatrial.data.normalise import normalise, spell, word_share, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is my card?", "where is  my card"),
        ("Don’t panic!", "don't panic"),
        ("ＡＢＣ １２３", "abc 123"),
        ("E\u0301COLE", "école"),
        ("STRASSE", "straße"),
        ("zero\u200bwidth", "zerowidth"),
        ("❤\ufe0f", "❤"),
        ("你好，世界！", "你好 世界"),
        ("नमस्ते दुनिया।", "नमस्ते दुनिया"),
        ("covid-19", "Covid 19"),
        ("a\tb\r\nc", "A B C"),
    ],
)
def test_what_says_the_same_becomes_equal(one, other):
    assert normalise(one) == normalise(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C#"),
        ("C", "C++"),
        ("50", "50%"),
        ("10²", "102"),
        ("x₂", "x2"),
        ("2*3", "2/3"),
        ("3.5", "35"),
        ("3.5", "3 5"),
        ("-5", "5"),
        ("5-3", "5 3"),
        ("👍", "👎"),
        ("👍🏽", "👍🏿"),
        ("?", "!"),
        ("?", ""),
        ("कि", "की"),
        ("中", "国"),
        ("привет", "прйвет"),
    ],
)
def test_what_says_something_else_stays_different(one, other):
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize("nothing", ["", "  \n\t", "\u200b\u2060", "\x00\x07"])
def test_only_a_text_with_nothing_to_see_becomes_empty(nothing):
    assert normalise(nothing) == ""


@given(st.text())
@example("?'")
@example("٣.٤")
@example("ﷺ")
def test_normalising_keeps_something_of_whatever_can_be_seen(text):
    visible = any(character.isprintable() and not character.isspace() for character in text)
    selectors_only = all("\ufe00" <= character <= "\ufe0f" or not character.isprintable() for character in text)
    assert normalise(text) or not visible or selectors_only


@pytest.mark.parametrize("mark", [*"_.-–,;:!?()[]'\"", "__", "＿", "‿", "﹏", "・", " _ "])
def test_every_mark_of_punctuation_separates_words_as_a_space_does(mark):
    said = "where is my new card"
    assert normalise(said.replace(" ", mark)) == said
    assert spell(said.replace(" ", mark)) == said.split()
    assert normalise(f"{mark}{said}{mark}") == said
    assert normalise(f"10{mark}words") == "10 words"


def test_words_are_counted_character_by_character_in_han_and_kana():
    assert spell("我有3.5元, OK?") == ["我", "有", "3.5", "元", "ok"]
    assert spell("これはテスト、ラーメン") == [*"これはテスト", "ラー", "メ", "ン"]
    assert spell("ｶﾞｽ ガス") == ["ガ", "ス", "ガ", "ス"]
    assert spell("… ?! -") == []


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("ที่นี่ 2567", ["ที่", "นี่", "2567"]),  # Thai
        ("เป็นABC", ["เ", "ป็", "น", "abc"]),
        ("ສະບາຍ", ["ສ", "ະ", "ບ", "າ", "ຍ"]),  # Lao
        ("ខ្មែរ", ["ខ្មែ", "រ"]),  # Khmer: the second consonant stands below the first
        ("မြန်မာ", ["မြ", "န်", "မာ"]),  # Burmese
        ("한국어 문장", ["한국어", "문장"]),  # Korean has spaces
    ],
)
def test_scripts_without_spaces_are_spelled_character_by_character(text, spelled):
    assert spell(text) == spelled


def test_a_character_of_a_script_without_spaces_is_a_part_of_a_word():
    assert [word_share(word) for word in ("word", "слово", "2567", "한국어", "c#")] == [1.0] * 5
    assert {word_share(word) for word in spell("我有三元々")} == {1 / 1.5}
    assert {word_share(word) for word in spell("テストです ที่นี่ ສະບາຍ ខ្មែរ မြန်မာ")} == {1 / 3}


@pytest.mark.parametrize("word", ["กระบี่", "ព្រះសីហនុ", "တစ်"])
def test_one_word_more_changes_few_words_of_such_a_text(word):
    text = "ในช่วงฤดูร้อนครอบครัวเดินทางไปเที่ยวทะเล" * 2
    before, after = spell(text), spell(text[:20] + word + text[20:])
    assert len(before) > 40
    assert len(after) - len(before) <= len(word)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_words_and_their_places_agree_with_spelling(text):
    placed = list(words(text))
    assert [word.text for word in placed] == spell(text)
    for word in placed:
        assert 0 <= word.start < word.end <= len(text)
        assert word.text in spell(text[word.start : word.end])


@given(st.text(max_size=8))
@example("a⺟b ㏠")
@example("a \ufe00 b")
def test_texts_that_normalise_to_the_same_have_the_same_words(text):
    normalised = normalise(text)
    assert normalise(normalised) != normalised or spell(normalised) == spell(text)


def test_a_huge_text_has_all_its_words():
    assert len(spell("word, " * 200_000)) == 200_000


@given(st.text(st.sampled_from("aZ09 .,:;-_'\"?!()[]{}#%&@*/\\$€+^~`<>|=é中"), max_size=30))
def test_words_are_those_of_the_whole_text_normalised(text):
    spelled = " ".join(normalise(text.replace("中", " 中 ")).split())
    assert spell(text) == [word for word in spelled.split() if any(c.isalnum() or c in "$€+^~`<>|=" for c in word)]
