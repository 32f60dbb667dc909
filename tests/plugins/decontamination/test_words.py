"""Words in three spellings, and the quick reading of train rows against the plain one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.decontamination import words as module
from seatrial_plugins.decontamination.codes import SEPARATOR
from seatrial_plugins.decontamination.words import Words, lowered, normalised, unpunctuated

SPELLINGS = [normalised, unpunctuated, lowered]
texts = st.lists(st.text(alphabet="aB3 .,-'\n\u3000你é\x1c\u2028", max_size=12), max_size=6)


@pytest.mark.parametrize(
    ("spelling", "spelled"),
    [
        (normalised, ["don", "t", "pay", "3.5", "$", "50%", "we", "ll", "go", "你", "好", "é"]),
        (unpunctuated, ["dont", "pay", "35", "50", "we", "ll", "go", "你", "好", "é"]),
        (lowered, ["don't", "pay", "3.5", "$,", "50%", "—", "we", "ll", "go!", "你", "好", "！", "é"]),
    ],
)
def test_each_rule_has_its_own_words(spelling, spelled):
    said = "Don't PAY 3.5 $, 50% — we\u3000ll go! 你好！ É"
    assert [word for piece in said.split() for word in spelling(piece)] == spelled


@settings(deadline=None)  # the first reading imports pyarrow
@given(texts, texts)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_reading_at_once_is_reading_one_by_one(spelling, held_out, train):
    units = Words(spelling)
    learnt = units.learn(held_out)
    for _ in range(2):  # what is remembered of the first reading changes nothing
        read = units.read([*held_out, *train])
        assert [read[text].tolist() for text in range(len(held_out))] == [
            learnt[text].tolist() for text in range(len(learnt))
        ]
        for text, said in enumerate(train, start=len(held_out)):
            own = Words(spelling).learn([said])
            assert len(read[text]) == len(own[0])
            assert len(units.spans(said)) == len(own[0])


def test_a_word_that_no_held_out_text_has_is_a_separator():
    units = Words(normalised)
    units.learn(["a b"])
    assert units.read(["b c-d a", ""])[0].tolist() == [1, SEPARATOR, SEPARATOR, 0]
    assert units.read([""]).codes.tolist() == [SEPARATOR]
    assert len(units.read([])) == 0


def test_what_is_learnt_later_is_known_from_then_on():
    units = Words(normalised)
    units.learn(["a"])
    assert units.read(["a b"])[0].tolist() == [0, SEPARATOR]
    units.learn(["b"])
    assert units.read(["a b"])[0].tolist() == [0, 1]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_CACHED_PIECES", 10)
    monkeypatch.setattr(module, "_CACHED_CODES", 20)
    units = Words(normalised)
    units.learn(["w7"])
    for start in range(0, 1_000, 25):
        read = units.read([" ".join(f"w{number} x-y-{number}" for number in range(start, start + 25)), "你" * 50])
        assert [0 in read[0].tolist(), len(read[1])] == [start == 0, 50]
        assert len(units._pieces) <= 10
        assert len(units._pieces._codes) <= 20


def test_half_a_character_is_read_as_a_question_mark():
    units = Words(normalised)
    units.learn(["a b"])
    assert units.read(["a \ud800 b"])[0].tolist() == [0, 1]
