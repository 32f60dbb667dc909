"""GPT-3's training-set filter: colliding 13-grams are cut out of a document (arXiv 2005.14165, appendix C).

A gram is a lower-case word between white space, without punctuation. Every 13-gram that a train row shares with a
held-out text is removed with 200 characters on either side, pieces of fewer than 200 characters are discarded, and a
document that falls into more than 10 pieces goes as a whole. 13-grams of more than 10 train rows are ignored.

A conversation cut in pieces is no example to learn from, so a finding only points at what GPT-3 would have removed and
says what it would have kept: the row is dropped or flagged, as the suite says. A "200 character window around it" is
read as 200 characters before and 200 behind, and pieces are counted before the short ones are discarded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby

from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import NgramIndex
from seatrial_plugins.decontamination.overlap import Found, Overlap, Overlaps
from seatrial_plugins.decontamination.texts import Side, compared_turns, spans_in
from seatrial_plugins.decontamination.unit_preset import UnitPreset
from seatrial_plugins.decontamination.units import Units

__all__ = ["Gpt3Filter", "kept_pieces"]

N = 13
WINDOW = 200
SHORTEST_PIECE = 200
MOST_PIECES = 10
MOST_DOCUMENTS = 10


class Gpt3Filter(UnitPreset):
    """Looks each train row's 13-grams up, and forgets those that many rows have."""

    name = "gpt3_filter"

    def __init__(
        self, held_out: HeldOut, unpunctuated: Units, on: Side, template: float, *, short: bool = False
    ) -> None:
        super().__init__(held_out, unpunctuated, on)
        self._index = NgramIndex(self.items, N, template, short=short)

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """Every held-out text that shares a 13-gram with a row; the grams and their characters are taken down."""
        rows = batch.codes(self.units, self.on)
        patterns = self._index.patterns
        places, found = patterns.find_grams(rows.codes)
        lengths = patterns.lengths[found]
        gram_at = dict(zip(zip(places.tolist(), lengths.tolist(), strict=True), found.tolist(), strict=True))
        for shared in self._index.shared(rows):
            row = batch.rows[shared.row]
            begin = int(rows.starts[shared.row])
            spans = self.units.spans(batch.texts(self.on)[shared.row])
            grams = tuple(
                (gram_at[begin + place, shared.n], spans[place][0], spans[place + shared.n - 1][1])
                for run in shared.row_grams
                for place in range(*run)
            )
            turns = tuple((index, len(row.turns[index].content)) for index in compared_turns(row, self.on))
            also = _Collisions(turns, grams).numbers()
            yield Overlap(shared.row, self.first(shared.item), len(grams), shared.in_row, shared.in_item, also)

    def settle(self, overlaps: Overlaps) -> Iterator[Found]:
        """What is found by grams that few rows have; the spans are what GPT-3 would have removed from the row."""
        documents: Counter[int] = Counter()
        for _, of_row in groupby(overlaps, key=lambda found: found.row):
            documents.update({gram for found in of_row for gram, _, _ in _Collisions.of(found.also).grams})
        ignored = {gram for gram, count in documents.items() if count > MOST_DOCUMENTS}
        for _, of_row in groupby(overlaps, key=lambda found: found.row):
            yield from _of_row([(found, _Collisions.of(found.also).without(ignored)) for found in of_row])

    def looked_for(self) -> Iterable[int]:
        """The texts that have a 13-gram."""
        return map(self.first, self._index.texts().tolist())

    def says(self, found: Found) -> str:
        """How many grams collide, and what GPT-3 would have made of the row."""
        n = self._index.n[self.text(found.item)]
        kept = ", ".join(map(str, found.also))
        fate = f"kept pieces of {kept} characters" if kept else "removed it"
        return f"{found.score:.0f} of the row's {n}-grams collide with it; GPT-3's filter would have {fate}"


@dataclass(frozen=True, slots=True)
class _Collisions:
    """Where a row collides with a held-out text, in characters of the compared text."""

    turns: tuple[tuple[int, int], ...]
    """The compared turns: index and length."""
    grams: tuple[tuple[int, int, int], ...]
    """Gram, first character, one past the last."""

    def numbers(self) -> tuple[int, ...]:
        return (len(self.turns), *chain.from_iterable(self.turns), *chain.from_iterable(self.grams))

    @classmethod
    def of(cls, numbers: tuple[int, ...]) -> _Collisions:
        count, *rest = numbers
        turns, grams = rest[: 2 * count], rest[2 * count :]
        return cls(
            tuple(zip(turns[::2], turns[1::2], strict=True)),
            tuple(zip(grams[::3], grams[1::3], grams[2::3], strict=True)),
        )

    def without(self, ignored: set[int]) -> _Collisions:
        return replace(self, grams=tuple(gram for gram in self.grams if gram[0] not in ignored))


def _of_row(overlaps: list[tuple[Found, _Collisions]]) -> Iterator[Found]:
    """One row's overlaps, with the spans that all its collisions together remove."""
    turns = overlaps[0][1].turns
    collisions = sorted({(start, end) for _, collided in overlaps for _, start, end in collided.grams})
    length = sum(size for _, size in turns) + len(turns) - 1
    kept = kept_pieces(collisions, length)
    edges = [0, *chain.from_iterable(kept), length]
    removed = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]
    spans = spans_in(turns, removed)
    for found, collided in overlaps:
        if collided.grams:
            sizes = tuple(end - start for start, end in kept)
            yield replace(found, score=len(collided.grams), spans=spans, also=sizes)


def kept_pieces(collisions: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The pieces that GPT-3's filter leaves of a document of so many characters, collisions ascending."""
    pieces: list[tuple[int, int]] = []
    begin = 0
    for start, end in collisions:
        if start - WINDOW > begin:
            pieces.append((begin, start - WINDOW))
        begin = max(begin, end + WINDOW)
    if begin < length:
        pieces.append((begin, length))
    if len(pieces) > MOST_PIECES:
        return []
    return [(start, end) for start, end in pieces if end - start >= SHORTEST_PIECE]
