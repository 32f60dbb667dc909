"""The local engine: work starts in this process, and goes on in one process for each core where that is worth it."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.runs.engines import Batchwise, Job
from seatrial.runs.engines.pickling import packed
from seatrial.runs.engines.pieces import cut, pieces_of
from seatrial.runs.engines.workers import UnopenedError, Workers, cores, on_gpu

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["WORTH", "LocalEngine"]

WORTH = 6.0
"""Seconds of work left that are worth starting processes for; starting one takes about a second, more where a filter
loads a model. Below it nobody waits for processes: the quickstart never starts one."""

_PACES = 3
"""Pieces whose pace is looked at. The best of them counts: one may wait for a library, for weights, or for others' work."""

_log = logging.getLogger("seatrial.runs.engines")


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """This machine."""

    workers: int | None = None
    """The most processes; None for as many as there are cores. With 1 everything stays in this process, and so does work
    that uses a GPU."""
    worth: float = WORTH

    @contextmanager
    def open(self) -> Iterator[Batchwise]:
        """Processes are started when they are first worth it, and end with the block."""
        with ExitStack() as stack:
            yield _Local(self.workers or cores(), self.worth, stack)


class _Local:
    def __init__(self, workers: int, worth: float, stack: ExitStack) -> None:
        self._count = workers
        self._worth = worth
        self._stack = stack
        self._workers: Workers | None = None

    def map(self, job: Job, path: Path) -> Iterator[tuple[pa.Table, ...]]:
        """Piece by piece here, until what is left would take longer than processes need to start."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            left = pieces_of(file.metadata)
            work = job.begin() if left else None
            group, table = -1, None
            paces: deque[float] = deque([math.inf], maxlen=_PACES)
            for done in range(len(left)):
                pace = min(paces)
                if done > 1 and self._worthwhile(pace * sum(piece.rows for piece in left[done:])):
                    carried = packed(job)
                    try:
                        if carried is not None:
                            yield from self._shared().map(carried, path, cut(left[done:], pace))
                            return
                        _log.warning("a part of this stage cannot be carried into other processes, so one does it all")
                    except UnopenedError as error:
                        _log.warning(
                            "a part of this stage is lacking in other processes, so one does it all: %s", error
                        )
                    self._count = 1
                piece = left[done]
                if piece.group != group:
                    group, table = piece.group, file.read_row_group(piece.group, use_threads=False)
                assert work is not None
                assert table is not None
                started = time.perf_counter()
                result = work(table.slice(piece.start, piece.rows))
                paces.append((time.perf_counter() - started) / piece.rows)
                yield result

    def _worthwhile(self, seconds: float) -> bool:
        return seconds > self._worth and self._count > 1 and not on_gpu()

    def _shared(self) -> Workers:
        if self._workers is None:
            self._workers = self._stack.enter_context(Workers.started(self._count))
        return self._workers
