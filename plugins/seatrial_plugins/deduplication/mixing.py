"""Mixing: 64-bit hashes computed by whole arrays, the same on every machine and in every process."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["digest64", "fold", "mix", "seeds"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FACTOR = np.uint64(0xD6E8FEB86659FD93)
"""Odd, so that multiplying by it loses nothing modulo 2^64."""


def mix(values: np.ndarray) -> np.ndarray:
    """Scatter uint64 values over all 64 bits, one to one: the finaliser of SplitMix64 (Steele et al., OOPSLA 2014)."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def fold(*columns: np.ndarray) -> np.ndarray:
    """One uint64 hash of several uint64 columns, in their order."""
    folded = columns[0]
    for column in columns[1:]:
        folded = folded * _FACTOR + column
    return mix(folded)


def seeds(count: int, seed: int) -> np.ndarray:
    """As many uint64 numbers drawn from a seed: SplitMix64's stream."""
    first = np.uint64((seed * count + 1) % 2**64)
    return mix((first + np.arange(count, dtype=np.uint64)) * _GOLDEN)


def digest64(text: str) -> int:
    """BLAKE2b of a text in 64 bits; lone surrogates are hashed as they are."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
