"""Semantic: a train row that says what a held-out text says, in other words. seatrial's own rule.

The encoder finds the held-out texts nearest to a row, a second look decides: at the alignment of their words
(`semantic_alignment`) or, between programs, at their structure (`semantic_structure`). What is found is what stands out
from its surroundings (`semantic_score`), so one threshold serves sets of very different density.

A passage hides the question behind it: where a held-out text, or a row, has one (`semantic_parts`), questions are also
compared with questions. Two that both stand behind passages count only if the passages are about one thing, and one that
several held-out passages share says nothing. Of 197 reworded questions of MMLU sociology whose originals were put behind passages
of BoolQ 186 are found (without their choices; by whole texts 9), and 0.8% of 3,592 questions and texts that are unlike. Where
questions are much alike, so are questions apart from their passages: of 1,000 of BoolQ's, held against 400 others, 97 are found
without any passage, and 115 where the 400 stand behind theirs.

The threshold is calibrated on one set: 1% of GSM8K's 7,473 train questions, of which none is a test question reworded,
reach it with their best test question; so do 99% of the reworded test questions. `tests/bench/paraphrase_leakage.py`
measures it there and on other sets. What it cannot see: translations, beyond what an English encoder knows of other
languages (to all-MiniLM-L6-v2, 70% of the characters of MMLU sociology in Chinese are unknown: of its 201 questions none
is found in either direction, and 6% are taken for other ones of the Chinese set; multilingual-e5 ranks the right one first for
all 201, but none stands out enough); what stands behind the 256 tokens that
the encoder reads; and a text whose like stands all over the held-out rows, in other words than its own, for then nothing
stands out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np

from seatrial.data.cosines import cosines
from seatrial.errors import UsageError
from seatrial.model import Encoder, EncodesWords
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.semantic_index import VIEWS, Match, SemanticIndex
from seatrial_plugins.decontamination.semantic_parts import Parts, parts_of
from seatrial_plugins.decontamination.semantic_texts import NEAR_COPY
from seatrial_plugins.decontamination.texts import Side, compared_text

__all__ = ["THRESHOLDS", "Group", "Judge", "Semantic"]

Judge = Literal["second_look", "encoder"]
"""What decides about a candidate."""

THRESHOLDS: dict[Judge, float] = {"second_look": 0.36, "encoder": 0.42}
"""Scores that 1% of GSM8K's train questions reach."""

SAME_PASSAGE = 0.6
"""Cosine from which on two passages are about one thing."""

_ROWS = 1024
# Questions that are held against all others at a time.

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
        self._encoder = encoder
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
            Group(list(texts), tuple(map(tuple, texts.values())), encoder, second_look=judge == "second_look")
            for texts in groups.values()
        ]
        self._alike = {rows[0]: rows for group in self._groups for rows in group.rows}

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The one text of each group that a row stands out with, if it does so enough."""
        texts = batch.texts(self.on)
        parts = [parts_of(text) for text in texts]
        for group in self._groups:
            whole = group.of_texts(texts, batch.vectors(self._encoder, self.on))
            asked = group.of_questions(texts, parts)
            for row, (match, question) in enumerate(zip(whole, asked, strict=True)):
                if match is not None and match.score >= self._threshold:
                    yield Overlap(row, group.rows[match.item][0], min(1.0, match.score), also=_evidence(match))
                elif question is not None and question.score >= self._threshold:
                    mine, theirs = parts[row], group.parts[question.item]
                    yield Overlap(
                        row,
                        group.rows[question.item][0],
                        min(1.0, question.score),
                        ((mine.start, mine.end),) if mine else None,
                        ((theirs.start, theirs.end),) if theirs else None,
                        (*_evidence(question), 1),
                    )

    def looked_for(self) -> Iterable[int]:
        """Every text but those of white space, and those that the encoder cannot read."""
        for group in self._groups:
            read = np.asarray(group.texts.held_out.vectors.any(axis=1))
            yield from (rows[0] for rows, seen in zip(group.rows, read, strict=True) if seen)

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with the same text."""
        return self._alike[item]

    def says(self, found: Found) -> str:
        """How far the pair stands out, and the similarities that this rests on."""
        cosine, view, likeness, *of_question = found.also
        parts = [f"cosine {cosine / _PARTS:.2f}"]
        if VIEWS[view] != "cosine":
            parts.append(f"{VIEWS[view]} {likeness / _PARTS:.2f}")
        says = "asks the same, passages aside" if of_question else "says the same"
        return f"{says}: stands out by {found.score:.2f} ({', '.join(parts)})"


def _evidence(match: Match) -> tuple[int, int, int]:
    return round(match.cosine * _PARTS), VIEWS.index(match.view), round(match.likeness * _PARTS)


class Group:
    """The texts of one group, and the questions among them."""

    def __init__(
        self, texts: Sequence[str], rows: Sequence[tuple[int, ...]], encoder: Encoder, *, second_look: bool
    ) -> None:
        self.rows = rows
        """The held-out rows of each text."""
        self.parts = [parts_of(text) for text in texts]
        self.texts = SemanticIndex(texts, encoder, second_look=second_look)
        self._encoder = encoder
        self._passages: np.ndarray | None = None
        self._questions = self.texts
        self._said_once = np.ones(len(texts), dtype=bool)
        if any(self.parts):
            questions = [part.question if part else text for part, text in zip(self.parts, texts, strict=True)]
            self._questions = SemanticIndex(questions, encoder, second_look=second_look)
            self._passages = encoder.encode([part.passage if part else "" for part in self.parts])
            self._said_once = _said_once(self._questions.held_out.vectors)

    def of_texts(self, texts: Sequence[str], vectors: np.ndarray) -> list[Match | None]:
        """What each text, of that vector, stands out with, as a whole."""
        return self.texts.find(texts, vectors)

    def of_questions(self, texts: Sequence[str], parts: Sequence[Parts | None]) -> list[Match | None]:
        """What the question of each text, which may be all of it, stands out with, where one of both has a passage."""
        found: list[Match | None] = [None] * len(texts)
        places = [at for at in range(len(texts)) if parts[at] or self._passages is not None]
        asked = [part.question if (part := parts[at]) else texts[at] for at in places]
        passages = self._encoder.encode([part.passage if (part := parts[at]) else "" for at in places])
        for at, match, passage in zip(places, self._questions.find(asked), passages, strict=True):
            if match is None or not self._said_once[match.item] or not (parts[at] or self.parts[match.item]):
                continue
            behind_both = parts[at] is not None and self.parts[match.item] is not None
            if behind_both and self._passages is not None and passage @ self._passages[match.item] < SAME_PASSAGE:
                continue
            found[at] = match
        return found


def _said_once(vectors: np.ndarray) -> np.ndarray:
    """Which questions no other one is like: `What is the passage about?` stands behind many. Shape [questions]."""
    once = np.ones(len(vectors), dtype=bool)
    for start in range(0, len(vectors), _ROWS):
        once[start : start + _ROWS] = (cosines(vectors[start : start + _ROWS], vectors) >= NEAR_COPY).sum(axis=1) <= 1
    return once
