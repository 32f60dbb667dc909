"""Cosines of unit vectors that are the same to the last bit, however many are taken at a time.

A matrix product adds up in an order that its shape and the number of threads decide, so the last bits of a cosine would
hang on the rows that happen to be compared with it. Here components are whole multiples of 2⁻²⁴, about what float32 tells
apart near 1, and are multiplied as whole numbers in float64: no product of two unit vectors needs more than its 53 bits,
and where nothing is rounded, order does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DIGITS", "SLACK", "cosines", "pairwise_cosines"]

DIGITS = 4
"""Decimals of a cosine, or what follows from cosines, that the ledger shows, and that thresholds are held against."""

SLACK = 1e-4
"""A cosine whose float32 product is this little below a threshold may round to it, and is worth `pairwise_cosines`. Where
most pairs are far apart, looking for these first takes a fifth of the time of `cosines`."""

_PARTS = 2.0**24

_AT_ONCE = 8_192
"""Pairs that are multiplied at a time: 25 MB for each side at 384 dimensions."""


def cosines(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each of some unit vectors to each of others, shapes [m, dimensions] and [n, dimensions]: float64, shape [m, n].

    A zero vector has the cosine 0 to all; rounding may leave a cosine a little above 1.
    """
    found: np.ndarray = _whole(ones) @ _whole(others).T
    found /= _PARTS * _PARTS
    return found


def pairwise_cosines(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each unit vector to the one at the same place, shapes [pairs, dimensions]: float64, shape [pairs]."""
    import numpy as np

    found = np.empty(len(ones))
    for start in range(0, len(ones), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        found[part] = (_whole(ones[part]) * _whole(others[part])).sum(axis=1)
    return found / (_PARTS * _PARTS)


def _whole(vectors: np.ndarray) -> np.ndarray:
    import numpy as np

    whole = vectors.astype(np.float64)
    whole *= _PARTS
    return np.rint(whole, out=whole)
