"""Word hashes are those of the words that spelling gives, in every script."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.data.normalise import spell
from seatrial_plugins.deduplication import word_hashes
from seatrial_plugins.deduplication.word_hashes import hash_words


def hashed(text: str) -> list[int]:
    return [int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little") for word in spell(text)]


def by_text(texts: list[str]) -> list[list[int]]:
    found = hash_words(texts)
    return [part.tolist() for part in np.split(found.hashes, np.cumsum(found.counts))[:-1]]


@settings(deadline=None)
@given(
    st.lists(
        st.text(
            st.one_of(
                st.sampled_from("aZ09 .,:-_'\"?!#%$\n\t\x1c\x85\u00a0\u2028\u3000\u200b中あ한éß"),
                st.characters(exclude_categories=["Cs"]),
            )
        ),
        max_size=6,
    )
)
def test_hashes_are_those_of_the_words_in_order(texts):
    assert by_text(texts) == [hashed(text) for text in texts]


def test_no_texts_texts_without_words_and_surrogates():
    assert by_text([]) == []
    assert by_text(["", " \n", "?!"]) == [[], [], []]
    assert by_text(["a\ud800b"]) == [hashed("a?b")]


def test_what_is_remembered_is_bounded_and_changes_nothing(monkeypatch):
    monkeypatch.setattr(word_hashes, "_REMEMBERED", 3)
    texts = [f"word{index} again" for index in range(50)] + ["y" * 500]
    assert by_text(texts) == [hashed(text) for text in texts]
    assert len(word_hashes._SPELLED) <= 51
    by_text(texts)
    assert len(word_hashes._SPELLED) <= 3
    assert "y" * 500 not in word_hashes._SPELLED
