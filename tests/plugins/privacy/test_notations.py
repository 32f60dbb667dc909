"""Full-width letters and digits of other scripts, read as ASCII in their places."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.privacy.notations import in_ascii


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com"),
        ("jane＠example．com", "jane@example.com"),
        ("電話：０９０－１２３４－５６７８。", "電話：090-1234-5678。"),
        ("＋４９　１５１", "+49 151"),
        ("هاتف ٠١٢٣٤٥٦٧٨٩", "هاتف 0123456789"),
        ("फ़ोन ९८७", "फ़ोन 987"),
        ("请写信！jane@example.com，谢谢", "请写信！jane@example.com，谢谢"),
        ("費用：＄１００！", "費用：＄100！"),
        ("plain ASCII 12", "plain ASCII 12"),
        ("", ""),
    ],
)
def test_what_is_read(written, read):
    assert in_ascii(written) == read


@given(st.text(alphabet="a1@ １Ａ＠．－　！٣९。\ud800\U0001d7d8é", max_size=30))
def test_every_character_stays_in_its_place(text):
    read = in_ascii(text)
    assert len(read) == len(text)
    changed = [(was, now) for was, now in zip(text, read, strict=True) if was != now]
    assert all(now.isascii() and unicodedata.normalize("NFKC", was) in {now, was} for was, now in changed)
