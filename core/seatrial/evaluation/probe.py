"""Probes put a task to a system; what they write are transcripts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from seatrial.evaluation.system import System
from seatrial.evaluation.task import Task
from seatrial.evaluation.transcript import Transcript
from seatrial.rows import Row

__all__ = ["Probe", "Progress"]

Progress = Callable[[int, int], None]
"""Called with (done, total) as rows, or requests, are asked."""


class Probe(Protocol):
    """Asks a system (a component of kind `probes`); judges nothing."""

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row, in order. A row that cannot be asked is a transcript with an `error`.

        A task is put in pieces of some hundred rows, each kept on disk when it is answered: a run that was killed goes on
        with the next piece. What a row is answered may hang on the other rows of its piece by rounding alone.

        Args:
            system: its model has one of the capabilities that the component `needs`.
            task: what the rows belong to.
            rows: one piece of `task.rows`; empty for a probe that asks no rows.
            progress: tells how far the piece is.
        """
        ...
