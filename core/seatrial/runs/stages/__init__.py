"""The stages of a run, one file each, in the order of the run.

    read → clean → deduplicate → split → decontaminate → train[…] → verify_training[…] → transcribe[…] → score[…] → gate → report
                                                       → export → report, where the data stages alone are run

Each node is a small frozen object that holds just what it needs and turns the artifacts of earlier nodes into its own; its
key is derived from its fields. Nothing here knows of resume, hooks or the terminal: `seatrial.runs.nodes` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from seatrial.errors import SeatrialError, StageError
from seatrial.model import ModelFault
from seatrial.plugin.raised import let_pass
from seatrial.rows import Row
from seatrial.runs.engines.at_work import at_work
from seatrial.runs.events import Artifact
from seatrial.runs.run_folder import RunFolder

__all__ = ["At", "Foresees", "Progress", "StageWork", "Steps", "blame", "in_steps"]

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
    """One node of one run: a stage with its instance. A frozen dataclass, whose fields are its recipe (`runs.keys`)."""

    @property
    def name(self) -> str:
        """Unique in a run: the stage, and its instance in brackets."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """The nodes whose artifacts it reads."""
        ...

    @property
    def reads(self) -> frozenset[str] | None:
        """The names of the files that it reads of those, and it is given no others; None for all, with their facts."""
        ...

    @property
    def reusable(self) -> bool:
        """Whether the result of an earlier run with an equal key may be taken."""
        ...

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Do the work."""
        ...


@runtime_checkable
class Foresees(Protocol):
    """A node that can tell from the data alone that it will fail, before hours are spent on training."""

    @property
    def foresight(self) -> str:
        """Equal for nodes that would be told the same."""
        ...

    def foresee(self, given: Artifact) -> None:
        """Raise a `StageError` if it will; `given` is what those of its inputs left that are done."""
        ...


@dataclass(slots=True)
class At:
    """What a component is at, for the error that may come of it."""

    row: Row | None = None


@contextmanager
def blame(stage: str, component: str, plugin: str) -> Iterator[At]:
    """Turn whatever a component raises into a `StageError` that names it, and the row that it was at, where one is told.

    In a worker process it is also noted as what the process is at: one that dies raises nothing.
    """
    at = At()
    try:
        with at_work(f"{stage}: {component} (plugin {plugin})"):
            yield at
    except SeatrialError:
        raise
    except ModelFault as fault:
        raise StageError(f"{stage}: {fault}") from fault
    except BaseException as error:  # a component may not end the process, least of all with code 0
        let_pass(error)
        where = f", at row {at.row.id} ({at.row.file}:{at.row.line})" if at.row else ""
        raise StageError(
            f"{stage}: {component} (plugin {plugin}) raised {type(error).__name__}: {error}{where}"
        ) from error
