"""Workers: processes that do a job's work batch by batch, and read the batches from the file themselves; or one for calls."""

from __future__ import annotations

import os
import pickle
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import count as count_up
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import StageError
from seatrial.runs.engines import Job, Work
from seatrial.runs.engines.pickling import carriable_errors
from seatrial.runs.engines.pieces import Piece
from seatrial.runs.engines.processes import Pool

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["UnopenedError", "Workers", "cores", "on_gpu", "one_beside"]

_AHEAD = 2
"""Batches for each worker that are under way: one is worked on while the next is ready."""

_NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
"""Set in a process before anything there asks for a GPU: to what CUDA is loaded into, there is none."""


def cores(limit: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """The cores that this process may use, and no more than its container is given.

    Args:
        limit: where Linux tells a control group's share: microseconds of so many, such as `200000 100000` for two cores.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        share, of = map(int, limit.read_text(encoding="ascii").split())
    except (OSError, ValueError):  # no control group, or one without a limit (`max`)
        return count
    return max(1, min(count, round(share / of)))


def on_gpu() -> bool:
    """Whether this process computes on a GPU: several would each hold a copy of the model there, and wait for each other."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())


class UnopenedError(StageError):
    """A job that could be carried to the workers, but not opened there."""


class Workers:
    """Some processes, and the work that is under way in them."""

    def __init__(self, pool: Pool, count: int) -> None:
        self._pool = pool
        self._count = count
        self._numbers = count_up()

    @classmethod
    @contextmanager
    def started(cls, count: int) -> Iterator[Workers]:
        """Up to `count` processes, started as work comes; they end with the block, or with this process."""
        with Pool.open(count, threads=max(1, cores() // count), environment={}) as pool:
            yield cls(pool, count)

    def map(self, job: bytes, path: Path, pieces: Sequence[Piece]) -> Iterator[tuple[pa.Table, ...]]:
        """What the packed job makes of those pieces of a Parquet file, in order.

        Raises:
            UnopenedError: before the first of them, where the workers lack what the job is made of.
            StageError: a process died, as one does that runs out of memory.
        """
        file = self._pool.folder / f"job-{next(self._numbers)}"
        file.write_bytes(job)  # once: it may hold megabytes, and each worker reads it when its first batch comes
        left = deque(pieces)
        under_way: deque[Future[tuple[pa.Table, ...]]] = deque()
        try:
            while left or under_way:
                while left and len(under_way) < _AHEAD * self._count:
                    under_way.append(self._pool.executor.submit(_work, str(file), str(path), left.popleft()))
                yield under_way.popleft().result()
        except BrokenProcessPool as error:
            death = self._pool.death()
            said = death.said(f"one of {self._count} worker processes")
            fewer = "; fewer need less: `data: {engine: {local: {workers: 1}}}`" if death.killed else ""
            raise StageError(said + fewer) from error
        finally:
            for future in under_way:
                future.cancel()


@contextmanager
def one_beside(*, threads: int) -> Iterator[Pool]:
    """One process for a few long calls, without a GPU; it ends with the block, whatever it is at, or with this process.

    Args:
        threads: how many threads libraries use there.
    """
    with Pool.open(1, threads=threads, environment=_NO_GPU) as pool:
        try:
            yield pool
        finally:
            pool.kill()


# ---- in a worker -----------------------------------------------------------------------------------------------------

_begun: tuple[str, Work] | None = None
"""The file of the job that this process has begun, and its work. One is held at a time: its parts may be heavy."""


def _work(job: str, path: str, piece: Piece) -> tuple[pa.Table, ...]:
    import pyarrow.parquet as pq

    global _begun  # noqa: PLW0603 - what a process holds between its tasks
    with carriable_errors():
        if _begun is None or _begun[0] != job:
            _begun = None
            _begun = job, _opened(Path(job).read_bytes()).begin()
        with pq.ParquetFile(path) as file:
            table = file.read_row_group(piece.group, use_threads=False)
        return _begun[1](table.slice(piece.start, piece.rows))


def _opened(job: bytes) -> Job:
    try:
        opened: Job = pickle.loads(job)  # noqa: S301 - the process that started this one wrote it
    except (AttributeError, ImportError) as error:  # what is imported there is not to be found here
        raise UnopenedError(str(error)) from error
    return opened
