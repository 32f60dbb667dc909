"""Text that would mislead is made visible, and nothing else is touched."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.terminal.legible import legible, one_line, without_escapes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("Größe 大きさ حجم", "Größe 大きさ حجم"),
        ("👩‍🚀", "👩‍🚀"),
        ("two\nlines\tand a tab\r\n", "two\nlines\tand a tab\n"),
        ("a\u202eb", "a‹U+202E›b"),
        ("\u2066x\u2069", "‹U+2066›x‹U+2069›"),
        ("zero\u200bwidth\ufeff", "zero‹U+200B›width‹U+FEFF›"),
        ("\x1b[31mred", "‹U+001B›[31mred"),
        ("\x00\x7f\x9b", "‹U+0000›‹U+007F›‹U+009B›"),
        ("\ud800", "‹U+D800›"),
        ("tag \U000e0041", "tag ‹U+E0041›"),
        ("line\u2028separator", "line‹U+2028›separator"),
        ("lonely\rreturn", "lonely‹U+000D›return"),
    ],
)
def test_what_misleads_becomes_visible(text, shown):
    assert legible(text) == shown


@given(st.text(alphabet=st.characters(codec=None)))
def test_the_result_can_be_written_and_holds_nothing_that_acts(text):
    shown = legible(text)
    shown.encode("utf-8")
    acting = {c for c in shown if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"}} - {"\n", "\t"}
    assert acting == set()
    assert legible(shown) == shown


def test_one_line_collapses_and_cuts():
    assert one_line(" a \n b\tc ") == "a b c"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x9b31mC1", "C1"),
        ("no escape [31m here", "no escape [31m here"),
    ],
)
def test_escape_sequences_are_taken_out(text, bare):
    assert without_escapes(text) == bare
