"""The stages of a run, one file each, in the order of the run.

    read → clean → deduplicate → split → decontaminate → train → verify_training → score/… → gate → report
                                             → export → report, where the data stages alone are run

Each is a small frozen object that holds just what it needs, says what its result depends on (`parts`), and turns the
artifacts of earlier stages into its own. Nothing here knows of resume, hooks or the terminal: `seatrial.runs.run` does.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

from seatrial.errors import SeatrialError, StageError
from seatrial.rows import Row
from seatrial.runs.engines.at_work import at_work
from seatrial.runs.events import Artifact
from seatrial.runs.store import RunFolder

__all__ = ["Progress", "StageWork", "Steps", "blame", "in_steps"]

P = TypeVar("P")

_STEPS = 100
"""Steps that a part of a stage is told in."""

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called with (done, total, values) as a stage works."""


Steps = Callable[[int, int], None]
"""Called with (how many more are done, of how many) as one part of a stage works."""


def in_steps(parts: Sequence[P], progress: Progress) -> Iterator[tuple[Steps, P]]:
    """The parts of a stage one after the other, each with a function that tells how far it is."""
    for place, part in enumerate(parts):
        done = 0

        def steps(more: int, total: int, place: int = place) -> None:
            nonlocal done
            done += more
            progress(place * _STEPS + min(_STEPS, _STEPS * done // max(total, 1)), len(parts) * _STEPS, {})

        progress(place * _STEPS, len(parts) * _STEPS, {})
        yield steps, part
    progress(len(parts) * _STEPS, len(parts) * _STEPS, {})


class StageWork(Protocol):
    """One stage of one run."""

    @property
    def name(self) -> str:
        """Unique in a run."""
        ...

    @property
    def after(self) -> tuple[str, ...]:
        """The stages whose artifacts it reads."""
        ...

    def parts(self) -> object:
        """A JSON value that everything but its input artifacts determines: options, versions, seed."""
        ...

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Do the work."""
        ...


@contextmanager
def blame(stage: str, component: str, plugin: str) -> Iterator[None]:
    """Turn whatever a component raises into a `StageError` that names it, and the row that it was at, where one is seen.

    In a worker process it is also noted as what the process is at: one that dies raises nothing.
    """
    try:
        with at_work(f"{stage}: {component} (plugin {plugin})"):
            yield
    except SeatrialError:
        raise
    except (Exception, SystemExit) as error:  # a component may not end the process, least of all with code 0
        row = _row_at(error)
        where = f", at row {row.id} ({row.file}:{row.line})" if row else ""
        raise StageError(
            f"{stage}: {component} (plugin {plugin}) raised {type(error).__name__}: {error}{where}"
        ) from error


def _row_at(error: BaseException) -> Row | None:
    """The row that the code which raised held in a variable of its own, the innermost function first."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        rows = [value for value in frame.f_locals.values() if isinstance(value, Row)]
        if len(rows) == 1:
            return rows[0]
    return None
