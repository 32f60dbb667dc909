"""Repeated spans: stretches of many words that stand word for word in several rows.

The signatures hold fingerprints only. Rows that share none have no long stretch in common; the others are looked up, and
every n-gram of theirs is traced to the row that has it first among those that stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import pyarrow as pa

from seatrial import Finding, Grouping, Row, Span
from seatrial.data.fingerprint import Part, part_of
from seatrial.data.normalise import words as words_of
from seatrial.errors import UsageError
from seatrial_plugins.duplicates.compared import Keep, answers_of, preferred
from seatrial_plugins.duplicates.winnowing import fingerprints, grams
from seatrial_plugins.duplicates.word_hashes import WordHashes, hash_words, storable

__all__ = ["RepeatedSpans"]

QUOTED = 200
"""Characters of the longest stretch that a finding quotes."""

_LOOKED_UP = 1_000
"""Rows whose words are hashed at a time."""


@dataclass(frozen=True, slots=True)
class _Traced:
    """Where the n-grams of some rows stand, and which row has each first among those that stay."""

    rows: np.ndarray
    """int64, shape [rows]: places in the table, preferred ones first."""
    bounds: np.ndarray
    """int64, shape [rows + 1]: where each row's n-grams begin below."""
    places: np.ndarray
    """int64, shape [n-grams]: the first word of each in its row."""
    holders: np.ndarray
    """int32, of the same shape: the number of the row that has it first, -1 for the row itself."""
    contained: np.ndarray
    """bool, shape [rows]: whether all of its words stand in rows that stay."""

    def of(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The places of a row's n-grams that stand in other rows, and the numbers of those."""
        own = slice(self.bounds[number], self.bounds[number + 1])
        found = self.holders[own] >= 0
        return self.places[own][found], self.holders[own][found]


@dataclass(frozen=True, slots=True)
class RepeatedSpans:
    """Finds rows that share n words in a row with rows that stay.

    `signatures` gives one record a row, some 0.3 bytes a word at n = 50: `id`; `answer` (uint64, the label or right
    choice, 0 for none); `words` (of the turns that are compared); `prints` (uint32 each).
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
        rows = preferred(signatures["words"].to_numpy(), self.keep)
        rows = rows[_share_a_print(signatures["prints"])[rows]]
        names = signatures["id"].take(pa.array(rows, pa.int64())).to_pylist()
        traced = self._traced(signatures, rows, names, lookup)
        clusters: dict[str, str] = {}
        for number in np.flatnonzero(traced.contained).tolist():
            holder = names[_longest(*traced.of(number)).holder]
            clusters |= {names[number]: holder, holder: holder}
        return Grouping(self._findings(traced, names, lookup), clusters)

    def _hashed(self, rows: Sequence[Row]) -> tuple[WordHashes, np.ndarray]:
        """The words of all compared turns, and where each row's begin, int64, shape [rows + 1]."""
        turns = [[text for _, text in _turns(row, self.on)] for row in rows]
        words = hash_words([text for texts in turns for text in texts])
        ends = np.concatenate(([0], np.cumsum(words.counts)))
        return words, ends[np.cumsum([0, *map(len, turns)])]

    def _traced(
        self, signatures: pa.Table, rows: np.ndarray, names: Sequence[str], lookup: Callable[[str], Row]
    ) -> _Traced:
        hashes, places, counts = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], [np.zeros(1, np.int64)]
        for start in range(0, len(names), _LOOKED_UP):
            words, ends = self._hashed([lookup(name) for name in names[start : start + _LOOKED_UP]])
            found = grams(words, self.words)
            bounds = np.searchsorted(found.places, ends)
            hashes.append(found.hashes)
            counts.append(np.diff(bounds))
            places.append(found.places - np.repeat(ends[:-1], counts[-1]))
        _, numbers = np.unique(np.concatenate(hashes), return_inverse=True)
        traced = _Traced(
            rows,
            np.cumsum(np.concatenate(counts)),
            np.concatenate(places),
            np.full(len(numbers), -1, dtype=np.int32),
            np.zeros(len(rows), dtype=bool),
        )
        totals = signatures["words"].to_numpy()[rows]
        answers = signatures["answer"].to_numpy()[rows]
        first = np.full(len(numbers), -1, dtype=np.int32)
        for row, (start, end) in enumerate(pairwise(traced.bounds.tolist())):
            traced.holders[start:end] = holders = first[numbers[start:end]]
            at, by = traced.of(row)
            whole = len(at) > 0 and self._covered(at, totals[row]).all()
            if whole and (not answers[row] or (answers[by] == answers[row]).all()):
                traced.contained[row] = True
            else:
                first[numbers[start:end][holders < 0]] = row
        return traced

    def _covered(self, places: np.ndarray, total: int) -> np.ndarray:
        """Which of a row's words lie in n-grams that begin at these places."""
        steps = np.zeros(total + 1, dtype=np.int64)
        steps[places] += 1
        steps[places + self.words] -= 1
        return np.cumsum(steps)[:-1] > 0

    def _findings(self, traced: _Traced, names: Sequence[str], lookup: Callable[[str], Row]) -> Iterator[Finding]:
        for number, name in enumerate(names):
            places, holders = traced.of(number)
            if not len(places):
                continue
            row = lookup(name)
            words = [(turn, word) for turn, text in _turns(row, self.on) for word in words_of(storable(text))]
            covered = self._covered(places, len(words))
            spans = []
            for (inside, turn), group in groupby(
                zip(covered.tolist(), words, strict=True), lambda one: (one[0], one[1][0])
            ):
                if inside:
                    stretch = [word for _, (_, word) in group]
                    spans.append(Span(turn, stretch[0].start, stretch[-1].end))
            longest = _longest(places, holders)
            length = longest.grams + self.words - 1
            (turn, begin), (_, end) = words[longest.start], words[longest.start + length - 1]
            kept = names[longest.holder]
            whole = bool(traced.contained[number])
            detail = (
                f"all of its {len(words)} words stand in rows that stay, {length} in a row in row {kept}"
                if whole
                else f"{length} words in a row stand in row {kept}; in all, {covered.sum()} of its {len(words)} words stand "
                f"so in rows that stay"
            )
            yield Finding(
                name,
                "contained" if whole else "repeated-span",
                detail,
                score=length,
                spans=tuple(spans),
                matched_row=kept,
                matched_text=row.turns[turn].content[begin.start : end.end][:QUOTED],
            )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Neighbouring n-grams of a row that one other row has first."""

    start: int
    grams: int
    holder: int


def _longest(places: np.ndarray, holders: np.ndarray) -> _Stretch:
    """The longest stretch, the first of those."""
    breaks = np.flatnonzero((np.diff(places) != 1) | (np.diff(holders) != 0)) + 1
    starts = np.concatenate(([0], breaks))
    sizes = np.diff(np.append(starts, len(places)))
    best = int(sizes.argmax())
    return _Stretch(int(places[starts[best]]), int(sizes[best]), int(holders[starts[best]]))


def _share_a_print(prints: pa.ChunkedArray) -> np.ndarray:
    """bool, shape [rows]: whether a row has a fingerprint that another one has too."""
    values = [chunk.flatten().to_numpy().astype(np.uint64) for chunk in prints.chunks]
    sizes = [np.diff(chunk.offsets.to_numpy()) for chunk in prints.chunks]
    rows = np.repeat(np.arange(len(prints), dtype=np.uint64), np.concatenate([np.empty(0, np.int64), *sizes]))
    pairs = np.unique(np.concatenate([np.empty(0, np.uint64), *values]) << np.uint64(32) | rows)
    same = (pairs[1:] >> np.uint64(32)) == (pairs[:-1] >> np.uint64(32))
    shared = np.zeros(len(prints), dtype=bool)
    shared[(pairs[1:][same] & np.uint64(0xFFFFFFFF)).astype(np.int64)] = True
    shared[(pairs[:-1][same] & np.uint64(0xFFFFFFFF)).astype(np.int64)] = True
    return shared


def _turns(row: Row, on: Part) -> list[tuple[int, str]]:
    """The turns that are compared, each with its index in `row.turns`."""
    return [(index, turn.content) for index, turn in enumerate(part_of(row, on)) if turn.role != "system"]
