"""The inverted index finds what comparing every pair finds, and leaves templates out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.leakage.ngram_index import NgramIndex, template_limit

texts = st.lists(st.lists(st.sampled_from("abc"), max_size=8), max_size=5)


@given(texts, st.lists(st.sampled_from("abcd"), max_size=8), st.integers(1, 4))
def test_it_agrees_with_comparing_every_pair(held_out, row, n):
    found = NgramIndex(held_out, n, 1.0).shared(row)
    for index, text in enumerate(held_out):
        pairs = [
            (i, j)
            for i in range(len(row) - n + 1)
            for j in range(len(text) - n + 1)
            if row[i : i + n] == text[j : j + n]
        ]
        assert (index in found) == bool(pairs)
        if pairs:
            assert found[index].in_row == {k for i, _ in pairs for k in range(i, i + n)}
            assert found[index].in_text == {k for _, j in pairs for k in range(j, j + n)}


def test_an_n_gram_of_more_than_ten_texts_is_a_template_where_the_share_says_so():
    eleven = [["which", "desk", str(i)] for i in range(11)]
    assert NgramIndex(eleven, 2, 0.01).shared(["which", "desk", "3"]).keys() == {3}  # half of "desk 3" is its own
    assert NgramIndex(eleven, 2, 0.01).shared(["which", "desk"]) == {}
    assert len(NgramIndex(eleven, 2, 1.0).shared(["which", "desk"])) == 11
    assert len(NgramIndex(eleven[:10], 2, 0.01).shared(["which", "desk"])) == 10
    assert template_limit(0.01, 3000) == 30


def test_an_n_gram_that_one_text_repeats_is_no_template():
    assert NgramIndex([["la"] * 50], 2, 0.01).shared(["la", "la"])[0].in_text == set(range(50))


def test_an_n_gram_that_is_mostly_template_is_none_either():
    texts = [["p1", "p2", "p3", f"a{i}", f"b{i}", f"c{i}"] for i in range(11)]
    found = NgramIndex(texts, 3, 0.01)
    assert found.shared(["p2", "p3", "a4"]) == {}
    assert found.shared(["p3", "a4", "b4"])[4].in_text == {2, 3, 4}
    assert NgramIndex(texts, 3, 1.0).shared(["p2", "p3", "a4"])[4].in_text == {1, 2, 3}
