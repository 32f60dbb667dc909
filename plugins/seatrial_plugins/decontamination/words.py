"""Words: three spellings of what stands between white space, each as a published rule has it.

A character of a script without spaces (`seatrial.data.normalise`: Han, Kana, Thai, Lao, Burmese, Khmer) is a unit in all of
them, and stands for a part of a word (`word_share`): the rules were written for English and do not say what a word of a
language without spaces is. So an 8-gram of Thai has 24 characters, and one of Chinese 12.
"""

from __future__ import annotations

import itertools
import string
import unicodedata
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seatrial.data.normalise import PIECE, spell, word_share
from seatrial.rows.storable import storable
from seatrial_plugins.decontamination.codes import SEPARATOR, Codes

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Spelling", "Words", "lowered", "normalised", "unpunctuated"]

Spelling = Callable[[str], Sequence[str]]
"""A piece without white space → its words, in order; there may be none."""

_SEVERAL = SEPARATOR - 1
"""Codes from here down stand for pieces of no word or of several."""

_CACHED_LENGTH = 40
_CACHED_PIECES = 1 << 18
_CACHED_CODES = 1 << 20


def normalised(piece: str) -> Sequence[str]:
    """As everywhere in seatrial: `seatrial.data.normalise` (lower case, no punctuation, digits and symbols kept)."""
    return spell(piece)


def unpunctuated(piece: str) -> Sequence[str]:
    """GPT-3's grams: lower case, with punctuation and ASCII symbols taken out of the word (`3.5` is `35`)."""
    words = (part.translate(_PUNCTUATION).lower() for part in PIECE.findall(piece))
    return [word for word in words if word]


def lowered(piece: str) -> Sequence[str]:
    """s1's and Open R1's words: lower case, punctuation kept."""
    return [part.lower() for part in PIECE.findall(piece)]


class _Punctuation(dict[int, int | None]):
    """A `str.translate` table that classifies each character when it is first met."""

    def __missing__(self, code: int) -> int | None:
        character = chr(code)
        gone = character in string.punctuation or unicodedata.category(character)[0] in "PC"
        self[code] = found = None if gone else code
        return found


_PUNCTUATION = _Punctuation()


class Words:
    """Words in one spelling (`Units`). Train rows are read with the words of the held-out texts alone.

    Memory is bounded: what is remembered of the pieces met so far is forgotten when it is too much.
    """

    name = "word"

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._ids: dict[str, int] = {}
        self._pieces = _Pieces(spelling, self._ids)
        self._shares = np.ones(0)

    def learn(self, texts: Sequence[str]) -> Codes:
        """Every word gets a code."""
        ids = self._ids
        coded = [
            [ids.setdefault(word, len(ids)) for piece in text.split() for word in self._spelling(piece)]
            for text in texts
        ]
        self._pieces.forget()
        return Codes.of(coded)

    def read(self, texts: Sequence[str]) -> Codes:
        """Words that no held-out text has are separators."""
        import pyarrow.compute as pc

        # Arrow cuts where Python does, and numbers the different pieces: Python looks at each of them once a batch.
        cut = pc.utf8_split_whitespace(_arrow_strings(texts))
        pieces = cut.flatten().dictionary_encode()
        table = self._pieces
        different = pieces.dictionary.to_pylist()
        known = np.fromiter(map(table.__getitem__, different), dtype=np.int32, count=len(different))
        counts = np.diff(cut.offsets.to_numpy())
        codes = table.expand(known[pieces.indices.to_numpy()], counts)
        table.forget_some()
        return codes

    def in_words(self, codes: np.ndarray) -> np.ndarray:
        """A part of a word for a character of a script without spaces."""
        if len(self._shares) < len(self._ids):
            new = list(itertools.islice(self._ids, len(self._shares), None))
            self._shares = np.concatenate([self._shares, [word_share(word) for word in new]])
        found: np.ndarray = self._shares[codes]
        return found

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The place of the piece that a word was part of, punctuation included."""
        return [match.span() for match in PIECE.finditer(text) for _ in self._spelling(match.group())]


def _arrow_strings(texts: Sequence[str]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half a character: what it is a half of, nobody knows
        return pa.array([storable(text) for text in texts], pa.string())


class _Pieces(dict[str, int]):
    """Piece → the code of its word; a code of `_SEVERAL` or less is an index into lists of codes."""

    def __init__(self, spelling: Spelling, ids: dict[str, int]) -> None:
        super().__init__()
        self._spelling = spelling
        self._ids = ids
        self._codes = array("i")
        self._bounds = array("q", [0])
        self.forget()

    def __missing__(self, piece: str) -> int:
        words = self._spelling(piece)
        if len(words) == 1:
            code = self._ids.get(words[0], SEPARATOR)
        else:
            code = _SEVERAL - (len(self._bounds) - 1)
            self._codes.extend(self._ids.get(word, SEPARATOR) for word in words)
            self._bounds.append(len(self._codes))
        if len(piece) <= _CACHED_LENGTH:
            self[piece] = code
        return code

    def forget(self) -> None:
        """Start anew."""
        self.clear()
        self._codes = array("i")
        self._bounds = array("q", [0])

    def forget_some(self) -> None:
        """Start anew when there is much to forget."""
        if len(self) > _CACHED_PIECES or len(self._codes) > _CACHED_CODES or len(self._bounds) > _CACHED_PIECES:
            self.forget()

    def expand(self, codes: np.ndarray, pieces: np.ndarray) -> Codes:
        """Texts from the codes of their pieces, one after the other, and how many pieces each has."""
        sizes = np.ones(len(codes), dtype=np.int64)
        several = codes <= _SEVERAL
        lists = _SEVERAL - codes[several]
        bounds = np.frombuffer(self._bounds, dtype=np.int64)
        first, counts = bounds[lists], bounds[lists + 1] - bounds[lists]
        sizes[several] = counts
        text_of = np.repeat(np.arange(len(pieces)), pieces)
        ends = np.cumsum(sizes) + text_of  # each text before has a separator behind it
        texts = np.bincount(text_of, weights=sizes, minlength=len(pieces)).astype(np.int64)
        starts = np.concatenate(([0], np.cumsum(texts + 1)))
        expanded = np.full(starts[-1], SEPARATOR, dtype=np.int32)
        expanded[ends[~several] - 1] = codes[~several]
        if counts.any():
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            listed = np.frombuffer(self._codes, dtype=np.int32)
            expanded[np.repeat(ends[several] - counts, counts) + within] = listed[np.repeat(first, counts) + within]
        return Codes(expanded, starts)
