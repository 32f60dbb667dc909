"""Scorers judge transcripts: one sample a row, nothing aggregated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from seatrial.blocks import Block
from seatrial.evaluation.scores import Sample, Score
from seatrial.evaluation.task import Task
from seatrial.evaluation.transcript import Transcript
from seatrial.rows import Row, Rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Draws", "Explains", "ReadsFiles", "Scored", "Scorer"]


class Scorer(Protocol):
    """Judges what one system answered (a component of kind `scorers`); a pure function of the transcripts."""

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterable[Sample]:
        """One sample a transcript, in order. What cannot be judged is a sample with an `error`.

        `task.rows` are the rows of the transcripts, in the same order; a probe that asks no rows has none.
        """
        ...


@runtime_checkable
class Draws(Protocol):
    """A scorer that draws the rows which are asked itself, out of the tables that its component declares."""

    def draw(self, tables: Mapping[str, Rows], labels: Sequence[str], seed: int) -> Sequence[Row]:
        """The rows to ask."""
        ...


@runtime_checkable
class ReadsFiles(Protocol):
    """A scorer whose samples hang on files beside the transcripts: a detector's weights, code that the suite names.

    One whose samples may hang on more than these says so with an attribute `not_known`, in a few words: manifest and reports
    repeat it.
    """

    @property
    def reads(self) -> Mapping[str, str]:
        """The files' digests, by name: samples of an earlier run are taken only where these are the same."""
        ...


@dataclass(frozen=True, slots=True)
class Scored:
    """What one scorer left, as it explains it to reviewers."""

    alias: str
    """What results call the scorer."""
    subject: str
    """The system on trial."""
    samples: pa.Table
    """Of every system: columns of `seatrial.evaluation.samples.sample_schema`."""
    scores: Sequence[Score]


@runtime_checkable
class Explains(Protocol):
    """A scorer that has more to show than its scores."""

    def blocks(self, scored: Scored) -> Iterable[Block]:
        """What reports draw of it, from its samples alone."""
        ...
