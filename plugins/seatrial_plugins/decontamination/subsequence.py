"""The longest common subsequence, in the bit-parallel form of Hyyrö (Australasian Workshop on Combinatorial Algorithms 2004)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

__all__ = ["common_subsequence"]


def common_subsequence(first: Sequence[int], second: Iterable[int]) -> int:
    """How many units the longest common subsequence has: in order in both, with gaps allowed.

    Takes |second| steps on integers of |first| bits.
    """
    places: defaultdict[int, int] = defaultdict(int)
    for place, unit in enumerate(first):
        places[unit] |= 1 << place
    full = (1 << len(first)) - 1
    ends = full
    for unit in second:
        met = ends & places.get(unit, 0)
        ends = ((ends + met) | (ends - met)) & full
    return len(first) - ends.bit_count()
