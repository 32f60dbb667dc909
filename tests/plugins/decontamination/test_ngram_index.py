"""The n-gram index finds what comparing every pair finds, and leaves templates out."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.decontamination.codes import Codes
from seatrial_plugins.decontamination.held_out import Items
from seatrial_plugins.decontamination.ngram_index import NgramIndex, template_limit, widened

texts = st.lists(st.lists(st.integers(0, 2), max_size=8), max_size=5)


def index_of(held_out: list[list[int]], n: int, template: float = 1.0, units_a_word=1.0, **options) -> NgramIndex:
    rows = tuple((index,) for index in range(len(held_out)))
    groups = np.zeros(len(held_out), dtype=np.int64)
    units = np.broadcast_to(np.asarray(units_a_word, dtype=float), len(held_out))
    items = Items(Codes.of(held_out), rows, groups, np.array([len(held_out)]), units)
    return NgramIndex(items, n, template, **options)


def shared(index: NgramIndex, *rows: list[int]):
    return {(one.row, one.item): one for one in index.shared(Codes.of(rows))}


@given(texts, st.lists(st.lists(st.integers(-1, 3), max_size=8), max_size=3), st.integers(1, 4))
def test_it_agrees_with_comparing_every_pair(held_out, rows, n):
    found = shared(index_of(held_out, n), *rows)
    for r, row in enumerate(rows):
        for t, text in enumerate(held_out):
            pairs = [
                (i, j)
                for i in range(len(row) - n + 1)
                for j in range(len(text) - n + 1)
                if row[i : i + n] == text[j : j + n] and -1 not in row[i : i + n]
            ]
            assert ((r, t) in found) == bool(pairs)
            if pairs:
                assert places(found[r, t].in_row) == {k for i, _ in pairs for k in range(i, i + n)}
                assert places(found[r, t].in_item) == {k for _, j in pairs for k in range(j, j + n)}
                assert places(found[r, t].item_grams) == {j for _, j in pairs}


def places(runs) -> set[int]:
    assert all(start < end for start, end in runs)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(runs))
    return {place for start, end in runs for place in range(start, end)}


def test_grams_that_touch_make_one_run_of_units():
    assert widened(((0, 1), (3, 4), (8, 10)), 3) == ((0, 6), (8, 12))


def test_an_n_gram_of_more_than_ten_texts_is_a_template_where_the_share_says_so():
    eleven = [[100, 101, number] for number in range(11)]
    assert shared(index_of(eleven, 2, 0.01), [100, 101, 3]).keys() == {(0, 3)}  # half of "101 3" is its own
    assert shared(index_of(eleven, 2, 0.01), [100, 101]) == {}
    assert len(shared(index_of(eleven, 2), [100, 101])) == 11
    assert len(shared(index_of(eleven[:10], 2, 0.01), [100, 101])) == 10
    assert template_limit(0.01, 3000) == 30


def test_each_group_has_its_own_templates():
    held_out = [[100, 101, number] for number in range(11)] + [[100, 101, 50]]
    groups = np.array([0] * 11 + [1])
    items = Items(Codes.of(held_out), tuple((i,) for i in range(12)), groups, np.array([11, 1]), np.ones(12))
    assert {one.item for one in NgramIndex(items, 2, 0.01).shared(Codes.of([[100, 101]]))} == {11}


def test_units_that_are_parts_of_words_make_longer_n_grams():
    index = index_of([[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4]], 2, units_a_word=[3.0, 1.0])
    assert index.n.tolist() == [6, 2]
    assert shared(index, [9, 1, 2, 3, 4, 5, 9]).keys() == {(0, 1)}
    assert shared(index, [1, 2, 3, 4, 5, 6])[0, 0].in_item == ((0, 6),)
    # DeepSeekMath's three words
    assert shared(index_of([[1, 2, 3, 4, 5, 6, 7, 8]], 10, units_a_word=3.0, short=True), range(10)) == {}
    assert shared(index_of([[1, 2, 3, 4, 5, 6, 7, 8, 9]], 10, units_a_word=3.0, short=True), range(10)).keys() == {
        (0, 0)
    }


def test_an_n_gram_that_one_text_repeats_is_no_template():
    assert shared(index_of([[7] * 50], 2, 0.01), [7, 7])[0, 0].in_item == ((0, 50),)


def test_an_n_gram_that_is_mostly_template_is_none_either():
    held_out = [[91, 92, 93, 10 + i, 30 + i, 50 + i] for i in range(11)]
    index = index_of(held_out, 3, 0.01)
    assert shared(index, [92, 93, 14]) == {}
    (found,) = shared(index, [93, 14, 34]).values()
    assert found.in_item == ((2, 5),)
    # Three of the text's own three words would be all of it; the pattern's word beside them counts for nothing.
    assert (index.own(4), index.own(4, found.in_item), index.share(found)) == (3, 2, 2 / 3)
    assert shared(index_of(held_out, 3), [92, 93, 14])[0, 4].in_item == ((1, 4),)


def test_short_texts_are_found_as_a_whole_where_that_is_asked_for():
    held_out = [[1, 2], [1, 2, 3], [1, 2, 3, 4, 5]]
    assert shared(index_of(held_out, 5), [0, 1, 2, 3, 0]) == {}
    assert shared(index_of(held_out, 5, short=True), [0, 1, 2, 3, 0]).keys() == {(0, 1)}
    assert shared(index_of(held_out, 5, short=True), [1, 2, 0, 3]) == {}


def test_lengths_may_differ_from_text_to_text():
    index = index_of([[1, 2, 3, 4], [2, 3, 4, 5]], np.array([2, 4]))
    assert shared(index, [2, 3, 4]).keys() == {(0, 0)}
    assert shared(index, [2, 3, 4, 5]).keys() == {(0, 0), (0, 1)}
