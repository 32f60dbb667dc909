"""N-grams of words: which of them a text repeats. Plain Python: most texts are short, and most n-grams occur once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

__all__ = ["copies", "most_frequent", "repeated_ngrams"]

Places = list[int]
"""The words at which one n-gram starts, ascending."""


def repeated_ngrams(words: Sequence[str], longest: int) -> Iterator[tuple[int, list[Places]]]:
    """For n from 1 to `longest`, up to the first n that has none: the n-grams that occur twice or more; exact.

    An n-gram can only occur twice where its first n - 1 words do, so only those places are looked at, and the work grows
    with the number of words.
    """
    first: defaultdict[str, Places] = defaultdict(list)
    for place, word in enumerate(words):
        first[word].append(place)
    groups = [places for places in first.values() if len(places) > 1]
    for n in range(1, longest + 1):
        if n > 1:
            groups = [longer for places in groups for longer in _continued(places, n - 1, words)]
        if not groups:
            return
        yield n, groups


def most_frequent(groups: Sequence[Places], length: Sequence[int]) -> Places:
    """The n-gram that occurs most often; of several such, the longest, then the first.

    Args:
        groups: the repeated n-grams, at least one.
        length: their lengths in characters.
    """
    best = max(range(len(groups)), key=lambda index: (len(groups[index]), length[index], -groups[index][0]))
    return groups[best]


def copies(groups: Sequence[Places]) -> Places:
    """The places of all occurrences but the first of each n-gram, ascending."""
    return sorted(place for places in groups for place in places[1:])


def _continued(places: Places, at: int, words: Sequence[str]) -> Iterator[Places]:
    """The n-grams that start at these places, told apart by their word number `at`, if they still occur twice."""
    if len(places) == 2:  # by far the most frequent case
        one, other = places
        if other + at < len(words) and words[one + at] == words[other + at]:
            yield places
        return
    by_word: defaultdict[str, Places] = defaultdict(list)
    for place in places:
        if place + at < len(words):
            by_word[words[place + at]].append(place)
    yield from (longer for longer in by_word.values() if len(longer) > 1)
