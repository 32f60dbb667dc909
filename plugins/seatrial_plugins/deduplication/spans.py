"""Repeated spans: stretches of many words that stand word for word in several rows.

The signatures hold fingerprints only. Rows that share none have no long stretch in common; the others are looked up, and
every n-gram of theirs is traced to the row that has it first among those that stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa

from seatrial import Finding, Grouping, Row, Span
from seatrial.data.fingerprint import Part, part_of
from seatrial.data.normalise import Word
from seatrial.data.normalise import words as words_of
from seatrial.errors import UsageError
from seatrial.rows.storable import storable
from seatrial_plugins.deduplication.compared import Keep, answers_of, preferred
from seatrial_plugins.deduplication.originals import Originals, Stretches, trace
from seatrial_plugins.deduplication.winnowing import fingerprints, grams
from seatrial_plugins.deduplication.word_hashes import WordHashes, hash_words

__all__ = ["RepeatedSpans"]

QUOTED = 200
"""Characters of the longest stretch that a finding quotes."""

_LOOKED_UP = 1_000
"""Rows whose words are hashed at a time."""


@dataclass(frozen=True, slots=True)
class RepeatedSpans:
    """Finds rows that share n words in a row with rows that stay.

    `signatures` gives one record a row: `id`; `answer` (uint64, the label or right choice, 0 for none); `words` (of the
    turns that are compared); `prints` (uint32 each; at n = 50 one in 13 words).
    """

    on: Part
    words: int
    keep: Keep

    def __post_init__(self) -> None:
        if self.words < 2:
            raise UsageError(f"repeated_spans: words must be at least 2, not {self.words}")

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """What a batch of rows is compared by; batches are independent of each other."""
        words, ends = self._hashed(rows)
        prints = fingerprints(words, self.words)
        return pa.table(
            {
                "id": pa.array([row.id for row in rows], pa.string()),
                "answer": pa.array(answers_of(rows), pa.uint64()),
                "words": pa.array(np.diff(ends), pa.uint32()),
                "prints": pa.LargeListArray.from_arrays(
                    np.searchsorted(prints.places, ends),
                    pa.array((prints.hashes >> np.uint64(32)).astype(np.uint32)),
                ),
            }
        )

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """A finding for every row that shares a stretch with one that stays; contained rows go where theirs goes."""
        words, answers = (signatures[name].to_numpy() for name in ("words", "answer"))
        rows = preferred(words, answers, self.keep)
        rows = rows[_share_a_print(signatures["prints"])[rows]]
        names = signatures["id"].take(pa.array(rows, pa.int64())).to_pylist()
        originals = trace(self._stretches(names, lookup), words[rows], answers[rows])
        clusters: dict[str, str] = {}
        for number in np.flatnonzero(originals.contained).tolist():
            holder = names[originals.of(number).longest.holder]
            clusters |= {names[number]: holder, holder: holder}
        return Grouping(self._findings(originals, names, lookup), clusters)

    def _hashed(self, rows: Sequence[Row]) -> tuple[WordHashes, np.ndarray]:
        """The words of all compared turns, and where each row's begin, int64, shape [rows + 1]."""
        turns = [[text for _, text in _turns(row, self.on)] for row in rows]
        words = hash_words([text for texts in turns for text in texts])
        ends = np.concatenate(([0], np.cumsum(words.counts)))
        return words, ends[np.cumsum([0, *map(len, turns)])]

    def _stretches(self, names: Sequence[str], lookup: Callable[[str], Row]) -> Stretches:
        """Every n-gram of some rows."""
        hashes, places, counts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], [np.zeros(1, np.int64)]
        for start in range(0, len(names), _LOOKED_UP):
            words, ends = self._hashed([lookup(name) for name in names[start : start + _LOOKED_UP]])
            found = grams(words, self.words)
            hashes.append(found.hashes)
            counts.append(np.diff(np.searchsorted(found.places, ends)))
            places.append(found.places - np.repeat(ends[:-1], counts[-1]))
        return Stretches(
            n=self.words,
            hashes=np.concatenate(hashes),
            places=np.concatenate(places),
            bounds=np.cumsum(np.concatenate(counts)),
        )

    def _findings(self, originals: Originals, names: Sequence[str], lookup: Callable[[str], Row]) -> Iterator[Finding]:
        for number, name in enumerate(names):
            found = originals.of(number)
            if not len(found.places):
                continue
            row = lookup(name)
            words = [(turn, word) for turn, text in _turns(row, self.on) for word in words_of(storable(text))]
            covered = found.covered(len(words))
            length, start = found.longest.words, found.longest.start
            (turn, begin), (_, end) = words[start], words[start + length - 1]
            kept, whole = names[found.longest.holder], bool(originals.contained[number])
            detail = (
                f"all of its {len(words)} words stand in rows that stay, {length} in a row in row {kept}"
                if whole
                else f"{length} words in a row stand in row {kept}; in all, {covered.sum()} of its {len(words)} words "
                "stand so in rows that stay"
            )
            yield Finding(
                name,
                "contained" if whole else "repeated-span",
                detail,
                score=length,
                spans=tuple(_spans(words, covered.tolist())),
                matched_row=kept,
                matched_text=row.turns[turn].content[begin.start : end.end][:QUOTED],
            )


def _spans(words: Sequence[tuple[int, Word]], covered: Sequence[bool]) -> Iterator[Span]:
    """The stretches of covered words, given with their turns; each stretch in one turn."""
    for (turn, inside), group in groupby(zip(words, covered, strict=True), lambda one: (one[0][0], one[1])):
        if inside:
            stretch = [word for (_, word), _ in group]
            yield Span(turn, stretch[0].start, stretch[-1].end)


def _share_a_print(prints: pa.ChunkedArray) -> np.ndarray:
    """bool, shape [rows]: whether a row has a fingerprint that another one has too."""
    values = [chunk.flatten().to_numpy().astype(np.uint64) for chunk in prints.chunks]
    sizes = [np.diff(chunk.offsets.to_numpy()) for chunk in prints.chunks]
    rows = np.repeat(np.arange(len(prints), dtype=np.uint64), np.concatenate([np.empty(0, np.int64), *sizes]))
    pairs = np.unique(np.concatenate([np.empty(0, np.uint64), *values]) << np.uint64(32) | rows)
    same = (pairs[1:] >> np.uint64(32)) == (pairs[:-1] >> np.uint64(32))
    shared = np.zeros(len(prints), dtype=bool)
    for neighbours in (pairs[1:][same], pairs[:-1][same]):
        shared[(neighbours & np.uint64(0xFFFFFFFF)).astype(np.int64)] = True
    return shared


def _turns(row: Row, on: Part) -> list[tuple[int, str]]:
    """The turns that are compared, each with its index in `row.turns`; none where they show pictures, of which words say too little."""
    turns = part_of(row, on)
    if any(turn.images for turn in turns):
        return []
    return [(index, turn.content) for index, turn in enumerate(turns) if turn.role != "system"]
