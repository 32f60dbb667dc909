"""GPT-3's measure of contamination: a text is dirty with any shared N-gram (arXiv 2005.14165, appendix C).

N is the 5th percentile of the lengths, in words, of a data set's examples, but at least 8 and at most 13: each benchmark
has its own, and the held-out rows have theirs. Words are lower case without punctuation, as in GPT-3's filter. The paper
has no N-gram for an example of fewer than N words, so such a text is clean; the percentile is rounded down to a word.
"""

from __future__ import annotations

import numpy as np

from seatrial_plugins.decontamination.any_ngram import AnyNgram
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.texts import Side
from seatrial_plugins.decontamination.units import Units

__all__ = ["Gpt3Measure", "gram_length"]

SHORTEST = 8
LONGEST = 13
PERCENTILE = 5


def gram_length(lengths: np.ndarray) -> int:
    """N for a data set whose examples have so many words; 8 for one without examples."""
    if not len(lengths):
        return SHORTEST
    return int(min(LONGEST, max(SHORTEST, np.percentile(lengths, PERCENTILE))))


class Gpt3Measure(AnyNgram):
    """Looks each train row's N-grams up among those of the held-out texts."""

    name = "gpt3_measure"

    def __init__(
        self, held_out: HeldOut, unpunctuated: Units, on: Side, template: float, *, short: bool = False
    ) -> None:
        items = held_out.items(unpunctuated, on)
        copies = np.array([len(rows) for rows in items.rows], dtype=np.int64)
        lengths = [
            np.repeat((items.codes.lengths / items.units_a_word)[own], copies[own])
            for own in (items.groups == group for group in range(len(held_out.names)))
        ]
        of_group = np.array([gram_length(found) for found in lengths], dtype=np.int64)
        super().__init__(held_out, unpunctuated, on, of_group[items.groups], template, short=short)
