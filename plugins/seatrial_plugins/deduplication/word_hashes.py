"""Word hashes: the words of many texts at once, as 64-bit numbers.

Words are those of `seatrial.data.normalise.spell`. A piece between white space is spelled and hashed once and then
remembered, so that a batch costs one pass of Arrow and one look-up for each different piece in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.data.normalise import spell
from seatrial.rows.storable import storable

__all__ = ["WordHashes", "hash_words"]

_REMEMBERED = 1 << 17
"""Pieces whose hashes are kept in a process, about 25 MB; all are forgotten when there are more."""

_SHORT = 64
"""Characters of a piece that is remembered."""


@dataclass(frozen=True, slots=True)
class WordHashes:
    """The words of some texts, one text after the other."""

    hashes: np.ndarray
    """uint64, shape [words of all texts]."""
    counts: np.ndarray
    """int64, shape [texts]: how many words each text has."""


def hash_words(texts: Sequence[str]) -> WordHashes:
    """The words of each text, hashed; a text without words counts 0."""
    # Arrow splits at ASCII white space, spell at every other: together they split where spell does.
    pieces = pc.ascii_split_whitespace(pa.array([storable(text) for text in texts], pa.large_string()))
    encoded = pieces.flatten().dictionary_encode()
    spelled = [*map(_SPELLED.__getitem__, encoded.dictionary.to_pylist())]
    known = np.frombuffer(b"".join(spelled), dtype="<u8")
    lengths = np.fromiter(map(len, spelled), np.int64, len(spelled)) // known.itemsize
    at = encoded.indices.to_numpy()
    of_piece = lengths[at]
    ends = np.concatenate(([0], np.cumsum(of_piece)))
    starts = np.cumsum(lengths) - lengths
    places = np.repeat(starts[at] - ends[:-1], of_piece) + np.arange(ends[-1])
    return WordHashes(known[places], np.diff(ends[pieces.offsets.to_numpy()]))


class _Spelled(dict[str, bytes]):
    """Piece → BLAKE2b of each of its words, 8 bytes each."""

    def __missing__(self, piece: str) -> bytes:
        hashes = b"".join(hashlib.blake2b(word.encode(), digest_size=8).digest() for word in spell(piece))
        if len(piece) <= _SHORT:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[piece] = hashes
        return hashes


_SPELLED = _Spelled()
# A process's own; it changes how long something takes, never what comes of it.
