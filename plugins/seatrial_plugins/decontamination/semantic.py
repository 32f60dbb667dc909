"""Semantic: a train row that says what a held-out text says, in other words. seatrial's own rule.

The encoder finds the held-out texts nearest to a row, a second look decides: at the alignment of their words
(`semantic_alignment`) or, between programs, at their structure (`semantic_structure`). What is found is what stands out
from its surroundings (`semantic_score`), so one threshold serves sets of very different density.

The threshold is calibrated on one set: 1% of GSM8K's 7,473 train questions, of which none is a test question reworded,
reach it with their best test question; so do 99% of the reworded test questions. `tests/bench/paraphrase_leakage.py`
measures it there and on other sets. What it cannot see: translations, beyond what an English encoder knows of other
languages (to all-MiniLM-L6-v2, 70% of the characters of MMLU sociology in Chinese are unknown: of its 201 questions none
is found in either direction, and 6% are taken for other ones of the Chinese set); what stands behind the 256 tokens that
the encoder reads; and a text whose like stands all over the held-out rows, in other words than its own, for then nothing
stands out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from seatrial.errors import UsageError
from seatrial.model import Encoder, EncodesWords
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.semantic_index import VIEWS, Match, SemanticIndex
from seatrial_plugins.decontamination.texts import Side, compared_text

__all__ = ["THRESHOLDS", "Judge", "Semantic"]

Judge = Literal["second_look", "encoder"]
"""What decides about a candidate."""

THRESHOLDS: dict[Judge, float] = {"second_look": 0.36, "encoder": 0.42}
"""Scores that 1% of GSM8K's train questions reach."""

_PARTS = 1000
# Similarities are taken down in thousandths.


class Semantic(RowByRow):
    """Looks each train row up among the texts of each group."""

    name = "semantic"

    def __init__(
        self,
        held_out: HeldOut,
        encoder: Encoder,
        on: Side,
        judge: Judge = "second_look",
        threshold: float | None = None,
    ) -> None:
        super().__init__(on)
        if judge == "second_look" and not isinstance(encoder, EncodesWords):
            raise UsageError(
                "leakage: semantic looks at the words of what the encoder finds, and this encoder gives vectors of whole texts "
                "only; write `semantic_judge: encoder`, or name another encoder"
            )
        self._threshold = THRESHOLDS[judge] if threshold is None else threshold
        if not 0 < self._threshold <= 1:
            raise UsageError(f"leakage: semantic_threshold is {self._threshold:g}; it is a score above 0, up to 1")
        groups: dict[int, dict[str, list[int]]] = {}
        for row, group in enumerate(held_out.groups.tolist()):
            if (text := compared_text(held_out.rows[row], on)).strip():
                groups.setdefault(group, {}).setdefault(text, []).append(row)
        # Each group by itself: the same questions in another one would hide what stands out in this one.
        self._groups = [
            (SemanticIndex(list(texts), encoder, second_look=judge == "second_look"), tuple(map(tuple, texts.values())))
            for texts in groups.values()
        ]
        self._alike = {rows[0]: rows for _, of_group in self._groups for rows in of_group}

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The one text of each group that a row stands out with, if it does so enough."""
        texts = batch.texts(self.on)
        matches = [(index.find(texts), rows) for index, rows in self._groups]
        for row in range(len(texts)):
            for found, rows in matches:
                match = found[row]
                if match is not None and match.score >= self._threshold:
                    yield Overlap(row, rows[match.item][0], min(1.0, match.score), also=_evidence(match))

    def looked_for(self) -> Iterable[int]:
        """Every text but those of white space, and those that the encoder cannot read."""
        for index, of_group in self._groups:
            read = index.held_out.vectors.any(axis=1).tolist()
            yield from (rows[0] for rows, seen in zip(of_group, read, strict=True) if seen)

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with the same text."""
        return self._alike[item]

    def says(self, found: Found) -> str:
        """How far the pair stands out, and the similarities that this rests on."""
        cosine, view, likeness = found.also
        parts = [f"cosine {cosine / _PARTS:.2f}"]
        if VIEWS[view] != "cosine":
            parts.append(f"{VIEWS[view]} {likeness / _PARTS:.2f}")
        return f"says the same: stands out by {found.score:.2f} ({', '.join(parts)})"


def _evidence(match: Match) -> tuple[int, int, int]:
    return round(match.cosine * _PARTS), VIEWS.index(match.view), round(match.likeness * _PARTS)
