"""Buckets: the pairs of texts that share a band's key, without the quadratic growth of a bucket that holds thousands.

In a bucket of at most `CROWD` texts every pair is a candidate. In a larger one (rows written to one pattern, or a text
in very many variants) each is paired with the bucket's first text only, and the bucket is divided by the next band's key
and looked at again, `DEPTH` times: what is more alike stays together longest. So the candidates of a band are at most
`CROWD` / 2 + `DEPTH` + 2 a text, whatever the texts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seatrial_plugins.deduplication.mixing import fold

__all__ = ["CROWD", "DEPTH", "candidate_pairs"]

CROWD = 16
DEPTH = 4

_HELD = 1 << 22
"""Pairs that are held until they are handed out, 32 MB; a pair may come again in a later block."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def candidate_pairs(keys: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (later, earlier) of texts that share a band's key, in blocks of some millions.

    Args:
        keys: uint32, shape [texts, bands].

    Yields:
        Two int64 arrays of one shape: indices of texts, the first greater than the second.
    """
    held: list[np.ndarray] = []
    for band in range(keys.shape[1]):
        held.extend(_pairs_of_band(keys, band))
        if sum(map(len, held)) > _HELD:
            held = [_once(held)]
            if len(held[0]) > _HELD // 2:
                yield _decoded(held.pop())
    yield _decoded(_once(held))


def _once(parts: list[np.ndarray]) -> np.ndarray:
    """The different values of some arrays, ascending."""
    values = np.sort(np.concatenate([np.empty(0, dtype=np.uint64), *parts]))
    return values[np.diff(values, prepend=values[:1] + np.uint64(1)) != 0]


def _pairs_of_band(keys: np.ndarray, band: int) -> Iterator[np.ndarray]:
    """Pairs as earlier << 32 | later; some may come twice."""
    members = np.arange(len(keys), dtype=np.uint64)
    key = keys[:, band].astype(np.uint64)
    for depth in range(DEPTH + 1):
        # One sort brings the texts of a bucket together, the first one first.
        ordered = np.sort(key << _HALF | members)
        members = ordered & _LOW
        bucket = ordered >> _HALF
        starts = (
            np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1]))) if len(bucket) else np.empty(0, int)
        )
        sizes = np.diff(np.append(starts, len(bucket)))
        yield from _all_pairs(members, starts, sizes)
        crowded = sizes > CROWD
        if not crowded.any():
            return
        inside = np.repeat(crowded, sizes)
        first = np.repeat(members[starts[crowded]], sizes[crowded])
        key, members = bucket[inside], members[inside]
        yield _coded(first, members)[first != members]
        if depth == DEPTH:
            same = key[1:] == key[:-1]
            yield _coded(members[:-1], members[1:])[same]
            return
        following = keys[members.astype(np.intp), (band + depth + 1) % keys.shape[1]].astype(np.uint64)
        key = fold(key, following) >> _HALF


def _all_pairs(members: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> Iterator[np.ndarray]:
    """Every pair of the buckets that are no crowd."""
    ends = np.repeat(starts + sizes, sizes)
    places = np.flatnonzero(np.repeat((sizes > 1) & (sizes <= CROWD), sizes))
    for distance in range(1, CROWD):
        places = places[places + distance < ends[places]]
        if not len(places):
            return
        yield _coded(members[places], members[places + distance])


def _coded(earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    return earlier << _HALF | later


def _decoded(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (pairs & _LOW).astype(np.int64), (pairs >> _HALF).astype(np.int64)
