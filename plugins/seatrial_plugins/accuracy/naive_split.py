"""Naive split: an estimate of what a score would have been had nobody looked for copies.

The rows as they were read are split at random, copies and all. Rows of its test part whose input also stands in its
train part have leaked. The same system is scored on all of them. It is an estimate: the adapter was trained on the
suite's own split, not on the naive one.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seatrial import Block, Row, Rows, Sample, Scored, Task, Transcript
from seatrial.data.fingerprint import question_of
from seatrial.errors import StageError
from seatrial_plugins.accuracy.blocks import naive_split_blocks
from seatrial_plugins.accuracy.choice import ChoiceScorer

__all__ = ["NaiveSplitScorer", "resplit"]


@dataclass(frozen=True, slots=True)
class NaiveSplitScorer:
    """Scores a system on the test part of a random split of the raw rows."""

    test: float
    maximum: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.test < 1:
            raise StageError(f"naive_split: test is {self.test}; give a share between 0 and 1")

    def draw(self, tables: Mapping[str, Rows], labels: Sequence[str], seed: int) -> list[Row]:
        """The test part of the naive split."""
        _, test = self._split(tables["raw"], labels, seed)
        if not test:
            raise StageError("naive_split: no raw row has a label of the train rows, so there is nothing to split")
        return test

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample for each row of the naive test part."""
        train, _ = self._split(task.tables["raw"], task.labels, task.seed)
        leaked = {question_of(row) for row in train}
        seen = {question_of(row) for row in task.tables["train"]}
        scored = ChoiceScorer().score(transcripts, task)
        for row, answer in zip(task.rows, scored, strict=True):
            question = question_of(row)
            yield _sample(answer, row, leaked=question in leaked, trained_on=question in seen)

    def blocks(self, scored: Scored) -> Iterable[Block]:
        """The whole test part beside its leaked and its clean rows."""
        return naive_split_blocks(scored)

    def _split(self, raw: Rows, labels: Sequence[str], seed: int) -> tuple[list[Row], list[Row]]:
        return resplit([row for row in raw if row.label in labels], test=self.test, maximum=self.maximum, seed=seed)


def resplit(rows: Sequence[Row], *, test: float, maximum: int | None, seed: int) -> tuple[list[Row], list[Row]]:
    """A random split of the rows, at most `maximum` of a label: (train, test), in the rows' order."""
    draw = random.Random(seed)
    by_label: defaultdict[str | None, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_label[row.label].append(place)
    kept: list[int] = []
    for label in sorted(by_label, key=str):
        places = by_label[label]
        kept += places if maximum is None or len(places) <= maximum else draw.sample(places, maximum)
    held_out = set(draw.sample(sorted(kept), round(test * len(kept))))
    return [rows[place] for place in sorted(kept) if place not in held_out], [rows[place] for place in sorted(held_out)]


def _sample(answer: Sample, row: Row, *, leaked: bool, trained_on: bool) -> Sample:
    correct = answer.values.get("correct")
    return Sample(
        row.id,
        {
            "correct": correct,
            "correct_leaked": correct if leaked else None,
            "correct_clean": None if leaked else correct,
        }
        if answer.error is None
        else {},
        prediction=answer.prediction,
        target=answer.target,
        prompt_hash=answer.prompt_hash,
        slice=answer.slice,
        detail={**answer.detail, "leaked": leaked, "trained_on": trained_on},
        error=answer.error,
    )
