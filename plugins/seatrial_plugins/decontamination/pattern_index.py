"""A pattern index: every place of a long sequence of codes where one of many short ones stands.

Windows of the sequence are hashed at once in numpy: the hash of 2k codes is made from those of its halves, so a window of
any length costs a handful of passes. A table of bits turns nearly all windows away; what is left is looked up, and then
compared code by code: a collision of hashes costs time and never makes a match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["PatternIndex", "spread"]

_CHUNK = 1 << 16
"""Windows hashed at once: the arrays of a chunk fit in a processor's cache."""

_SPARSE = 5
"""log2 of the table's bits a pattern: one window in 32 passes by chance."""

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""The multipliers of splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""


@dataclass(frozen=True, slots=True, eq=False)
class _OfLength:
    """The different patterns of one length, sorted by their hashes."""

    length: int
    hashes: np.ndarray
    """uint64, shape [different patterns], ascending."""
    starts: np.ndarray
    """int64: where each stands in the index's codes, first occurrence."""
    first_gram: int
    """Number of the first of them among those of all lengths."""


@dataclass(frozen=True, slots=True, eq=False)
class _Anchor:
    """Patterns of `width` to 2 · `width` - 1 codes, found by their first `width` codes."""

    width: int
    """A power of two."""
    table: np.ndarray
    """bool, shape [2**bits]: whether a pattern's first codes have a hash with these leading bits."""
    shift: np.uint64
    lengths: tuple[_OfLength, ...]


class PatternIndex:
    """Patterns are stretches of one array of codes. Equal ones are one *gram*."""

    def __init__(self, codes: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> None:
        """Index the stretches `codes[start : start + length]`; all lengths are 1 or more."""
        self._codes = codes
        self.gram = np.zeros(len(starts), dtype=np.int64)
        """Pattern → its gram."""
        seed = 1
        while not self._built(starts.astype(np.int64), lengths.astype(np.int64), seed):
            seed += 1  # two patterns have the same hash: hash otherwise

    def _built(self, starts: np.ndarray, lengths: np.ndarray, seed: int) -> bool:
        rng = np.random.default_rng(seed)
        self._odd = rng.integers(0, 2**63, size=(32, 3), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        self._anchors: list[_Anchor] = []
        counts: list[np.ndarray] = []
        grams = 0
        for width, windows in self._hashes(self._codes, int(lengths.max(initial=0))):
            found: list[_OfLength] = []
            for length in np.unique(lengths[(lengths >= width) & (lengths < 2 * width)]).tolist():
                members = np.flatnonzero(lengths == length)
                hashes = self._of_length(windows, starts[members], width, length)
                unique, first, inverse, count = np.unique(
                    hashes, return_index=True, return_inverse=True, return_counts=True
                )
                representatives = starts[members[first]]
                if not _same(self._codes, starts[members], self._codes, representatives[inverse], length).all():
                    return False
                self.gram[members] = grams + inverse
                found.append(_OfLength(length, unique, representatives, grams))
                counts.append(count)
                grams += len(unique)
            if found:
                self._anchors.append(self._anchor(windows, width, tuple(found)))
        self._members = np.argsort(self.gram, kind="stable")
        self._bounds = np.concatenate(([0], np.cumsum(np.concatenate(counts)))) if counts else np.zeros(1, np.int64)
        self.lengths = lengths[self._members[self._bounds[:-1]]]
        """Gram → how many codes it has."""
        return True

    def _anchor(self, hashed: np.ndarray, width: int, lengths: tuple[_OfLength, ...]) -> _Anchor:
        starts = np.concatenate([of.starts for of in lengths])
        bits = min(24, max(10, len(starts).bit_length() + _SPARSE))
        shift = np.uint64(64 - bits)
        table = np.zeros(1 << bits, dtype=bool)
        table[(hashed[starts] >> shift).view(np.int64)] = True
        return _Anchor(width, table, shift, lengths)

    # ---- hashing --------------------------------------------------------------------------------------------------

    def _hashes(self, codes: np.ndarray, longest: int) -> Iterator[tuple[int, np.ndarray]]:
        """Width → the hash of each window of that many codes, for the powers of two up to `longest`."""
        mixed = (codes.astype(np.int64).astype(np.uint64) + self._odd[0, 0]) * _MIX[0]
        mixed ^= mixed >> np.uint64(31)
        mixed *= _MIX[1]
        width, level = 1, 0
        while width <= longest and width <= len(codes):
            yield width, mixed
            if 2 * width > min(longest, len(codes)):
                return
            mixed = mixed[:-width] * self._odd[level, 1] + mixed[width:]
            mixed ^= mixed >> np.uint64(29)
            width, level = 2 * width, level + 1

    def _of_length(self, hashed: np.ndarray, places: np.ndarray, width: int, length: int) -> np.ndarray:
        """The hashes of whole windows, from those of their first and last `width` codes."""
        return hashed[places] * self._odd[length.bit_length(), 2] + hashed[places + (length - width)]

    # ---- looking up -----------------------------------------------------------------------------------------------

    @property
    def grams(self) -> int:
        """How many different patterns there are."""
        return len(self._bounds) - 1

    def find_grams(self, stream: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each place of `stream` where a gram stands, and the gram; by place, shorter grams first."""
        longest = max((of.length for anchor in self._anchors for of in anchor.lengths), default=0)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for begin in range(0, len(stream) if longest else 0, _CHUNK):
            found += self._find_in_chunk(stream, begin, longest)
        if not found:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        places, grams = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.lexsort((grams, places))
        return places[order], grams[order]

    def find(self, stream: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each place of `stream` where a pattern stands, and the pattern: every one of those that are equal."""
        places, grams = self.find_grams(stream)
        of, within = spread(self._bounds, grams)
        return places[of], self._members[within]

    def counts(self, grams: np.ndarray) -> np.ndarray:
        """How many patterns each of some grams is."""
        return self._bounds[grams + 1] - self._bounds[grams]

    def patterns(self, grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every pattern that some grams are: indices into `grams`, and the patterns."""
        of, within = spread(self._bounds, grams)
        return of, self._members[within]

    def _find_in_chunk(self, stream: np.ndarray, begin: int, longest: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        chunk = stream[begin : begin + _CHUNK + longest - 1]
        anchors = {anchor.width: anchor for anchor in self._anchors}
        for width, hashed in self._hashes(chunk, longest):
            anchor = anchors.get(width)
            if anchor is None:
                continue
            candidates = np.flatnonzero(anchor.table[(hashed[:_CHUNK] >> anchor.shift).view(np.int64)])
            for of in anchor.lengths:
                places = candidates[candidates <= len(chunk) - of.length]
                hashes = self._of_length(hashed, places, width, of.length)
                near = np.searchsorted(of.hashes, hashes)
                near[near == len(of.hashes)] = 0
                hit = np.flatnonzero(of.hashes[near] == hashes)
                places, near = places[hit], near[hit]
                same = _same(chunk, places, self._codes, of.starts[near], of.length)
                yield begin + places[same], of.first_gram + near[same]


def spread(bounds: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What several keys stand for, where key k stands for the entries `bounds[k]` to `bounds[k + 1]` of a list.

    Returns indices into `keys`, and indices into the list.
    """
    counts = bounds[keys + 1] - bounds[keys]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(np.arange(len(keys)), counts), np.repeat(bounds[keys], counts) + within


def _same(codes: np.ndarray, places: np.ndarray, others: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Whether `length` codes from each place on are those of `others` from its start on; separators equal nothing."""
    same = np.ones(len(places), dtype=bool)
    for step in range(length):
        mine = codes[places + step]
        same &= (mine == others[starts + step]) & (mine >= 0)
    return same
