"""Bands of lengths: 1, 2 and 5 times powers of ten, so that a band means the same in every run."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

__all__ = ["EDGES", "band_names", "bands_of"]

EDGES = (1, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)
"""The shortest length of each band but the first, which holds nothing but zero."""


def band_names() -> list[str]:
    """`0`, `1 to 9`, …, `100,000 or more`, in order."""
    inside = [f"{low:,} to {high - 1:,}" for low, high in pairwise(EDGES)]
    return ["0", *inside, f"{EDGES[-1]:,} or more"]


def bands_of(lengths: np.ndarray) -> np.ndarray:
    """For each length, the place of its band in `band_names()`."""
    return np.searchsorted(EDGES, lengths, side="right")
