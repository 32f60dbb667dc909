r"""MinHash bands: texts that share a band's key are worth comparing (Broder 1997; Leskovec et al., chapter 3).

Under a random permutation of all shingles, two texts have the same smallest one with a probability of their Jaccard
similarity s. A band is r such minima hashed into one key, so b bands miss a pair with a probability of (1 - s^r)^b.

`numpy.minimum.reduceat` takes less than half of rensa's time for rows of 45 words: rensa computes faster, but hands its
minima out as lists of Python integers (tests/bench/near_duplicates.py prints both).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seatrial.errors import UsageError
from seatrial_plugins.deduplication.mixing import fold, seeds
from seatrial_plugins.deduplication.shingles import Shingles

__all__ = ["MIN_BANDS", "Banding", "band_keys", "banding"]

MIN_BANDS = 16
"""With 8 bands of 128 permutations, a half of the pairs between 0.8 and 0.9 is missed (measured)."""

MISSED = 1e-3
"""The probability with which a pair right at the threshold may be missed; the farther above, the smaller."""


@dataclass(frozen=True, slots=True)
class Banding:
    """How many bands, and how many permutations in each."""

    bands: int
    rows: int

    def missed(self, similarity: float) -> float:
        """The probability that a pair of that Jaccard similarity shares no band."""
        return float((1.0 - similarity**self.rows) ** self.bands)


def banding(threshold: float, permutations: int) -> Banding:
    """The longest bands, so the fewest needless comparisons, that are enough and miss next to nothing.

    Raises:
        UsageError: there are fewer permutations than bands.
    """
    if permutations < MIN_BANDS:
        raise UsageError(f"near_duplicates: permutations must be at least {MIN_BANDS}, one a band, not {permutations}")
    choices = [Banding(permutations // rows, rows) for rows in range(permutations // MIN_BANDS, 0, -1)]
    return next((choice for choice in choices if choice.missed(threshold) <= MISSED), choices[-1])


def band_keys(shingles: Shingles, form: Banding, seed: int) -> np.ndarray:
    """uint32 keys, shape [texts, bands]; zero for texts without shingles.

    The permutations are x → ax + c modulo 2^32 with odd a, of shingles that are hashed already.
    """
    said = shingles.counts > 0
    keys = np.zeros((len(said), form.bands), dtype=np.uint32)
    if not said.any():
        return keys
    starts = (np.cumsum(shingles.counts) - shingles.counts)[said]
    values = shingles.hashes.astype(np.uint32)
    draws = seeds(2 * form.bands * form.rows, seed).astype(np.uint32).reshape(form.bands, form.rows, 2)
    permuted = np.empty_like(values)
    for band, permutations in enumerate(draws):
        minima = []
        for a, c in permutations:
            np.multiply(values, a | np.uint32(1), out=permuted)
            np.add(permuted, c, out=permuted)
            minima.append(np.minimum.reduceat(permuted, starts).astype(np.uint64))
        keys[said, band] = fold(*minima) >> np.uint64(32)
    return keys
