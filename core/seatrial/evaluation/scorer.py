"""Scorers judge transcripts: one sample a row, nothing aggregated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from seatrial.blocks import Block
from seatrial.evaluation.scores import Sample, Score
from seatrial.evaluation.task import Task
from seatrial.evaluation.transcript import Transcript
from seatrial.rows import Row, Rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["AsksModel", "Compares", "Draws", "Explains", "ReadsFiles", "Scored", "Scorer"]


class Scorer(Protocol):
    """Judges what one system answered (a component of kind `scorers`); a pure function of the transcripts."""

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterable[Sample]:
        """One sample a transcript, in order. What cannot be judged is a sample with an `error`.

        `task.rows` are the rows of the transcripts, in the same order; a probe that asks no rows has none.
        """
        ...


@runtime_checkable
class Draws(Protocol):
    """A scorer that draws the rows which are asked itself, out of the tables that its component declares.

    One that may leave some out has an attribute `of`: how many there were to draw from, known once they are drawn.
    """

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


@runtime_checkable
class AsksModel(Protocol):
    """A scorer that asks a model what it thinks of answers: a judge.

    Its component declares the option that names the model as `Use("model")`. It reads no random numbers and no clock, and what
    it could not be told is a sample's error, never a value.
    """

    @property
    def unanswered(self) -> int:
        """Of how many samples the error may pass, since the model did not answer: the same command asks again for those."""
        ...

    def keep_answers(self, file: Path) -> None:
        """Note what is answered in `file`, as it comes, and ask nothing whose answer stands there: a killed scoring goes on."""
        ...


@runtime_checkable
class Compares(Protocol):
    """A scorer that holds a system's answers against those of another one."""

    @property
    def against(self) -> str:
        """The name of the other system; `score` is given that system's own transcripts alone."""
        ...

    def compare(self, transcripts: Iterable[Transcript], others: Iterable[Transcript], task: Task) -> Iterable[Sample]:
        """One sample a transcript, in order; `others` are the other system's, of the same rows."""
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
