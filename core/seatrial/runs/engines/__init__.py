"""Where batches of rows are worked on: in this process, in one for each core, or on Ray. The results are the same.

local      this process, and one for each core where that pays
workers    those processes; `pieces`, what each is given at a time
processes  how processes are started, and what is known of one that died: `at_work`, the component that it was at
carried    what goes from one process to another: a job there, an error back
on_ray     Ray Data (extra `distributed`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Batchwise", "Engine", "Job", "Work"]

Work = Callable[["pa.Table"], tuple["pa.Table", ...]]
"""What is done with a batch: a table in, always the same number of tables of the same schemas out."""


class Job(Protocol):
    """Work that can be carried into another process (it can be pickled) and begun there."""

    def begin(self) -> Work:
        """The work itself; called once in each process that takes part, where heavy parts are built."""
        ...


class Batchwise(Protocol):
    """An engine at work."""

    def map(self, job: Job, path: Path) -> Iterator[tuple[pa.Table, ...]]:
        """What the job makes of each batch of a table that `seatrial.rows.table.TableWriter` wrote, in order.

        Batches are the table's row groups, or parts of them: what a job makes of a row depends on that row alone.

        Raises:
            SeatrialError: what the job raised, wherever it ran.
        """
        ...


class Engine(Protocol):
    """Where the work is done."""

    def open(self) -> AbstractContextManager[Batchwise]:
        """Ready for the jobs of one stage; what was started for them ends with the block."""
        ...
