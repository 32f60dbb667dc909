"""N-grams: what brute force finds."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.cleaning.quality.document import covered
from seatrial_plugins.cleaning.quality.ngrams import copies, most_frequent, repeated_ngrams


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_repeated_ngrams_are_what_brute_force_finds(words):
    found = dict(repeated_ngrams(words, 6))
    for n in range(1, 7):
        places = defaultdict(list)
        for place in range(len(words) - n + 1):
            places[tuple(words[place : place + n])].append(place)
        expected = sorted(group for group in places.values() if len(group) > 1)
        assert sorted(found.get(n, [])) == expected
        assert copies(found.get(n, [])) == sorted(place for group in expected for place in group[1:])


def test_the_most_frequent_is_the_longest_then_the_first_of_those_with_the_highest_count():
    assert most_frequent([[0, 5], [1, 6, 9]], [9, 3]) == [1, 6, 9]
    assert most_frequent([[0, 5], [1, 6]], [3, 4]) == [1, 6]
    assert most_frequent([[1, 6], [0, 5]], [4, 4]) == [0, 5]


def test_nothing_repeats_in_nothing():
    assert list(repeated_ngrams([], 5)) == []
    assert list(repeated_ngrams(["a", "b"], 5)) == []
    assert copies([]) == []


@given(st.sets(st.tuples(st.integers(0, 20), st.integers(1, 6))))
def test_stretches_cover_each_character_once(given_):
    stretches = sorted((start, start + length) for start, length in given_)
    found = list(covered(stretches))
    inside = {place for start, end in stretches for place in range(start, end)}
    assert [place for start, end in found for place in range(start, end)] == sorted(inside)
    assert all(one[1] < other[0] for one, other in pairwise(found))
