"""Workers: processes that do a job's work batch by batch, and read the batches from the file themselves; or one for calls.

They are started anew, not forked: a fork of a process whose libraries hold threads (torch, Arrow, tokenizers) may hang.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import types
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import count as count_up
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from seatrial.engines import Work
from seatrial.engines.pieces import Piece
from seatrial.errors import StageError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Workers", "cores", "on_gpu", "one_beside", "packed"]

_AHEAD = 2
"""Batches for each worker that are under way: one is worked on while the next is ready."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
"""What tells libraries how many threads to use."""


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


class Workers:
    """Some processes, and the work that is under way in them."""

    def __init__(self, pool: ProcessPoolExecutor, count: int, jobs: Path) -> None:
        self._pool = pool
        self._count = count
        self._jobs = jobs
        self._numbers = count_up()

    @classmethod
    @contextmanager
    def started(cls, count: int) -> Iterator[Workers]:
        """Up to `count` processes, started as work comes; they end with the block, or with this process."""
        threads = max(1, cores() // count)
        pool = ProcessPoolExecutor(count, mp_context=_Context(), initializer=_settle, initargs=(threads,))
        with TemporaryDirectory(prefix="seatrial-") as jobs:
            try:
                yield cls(pool, count, Path(jobs))
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def map(self, job: bytes, path: Path, pieces: Sequence[Piece]) -> Iterator[tuple[pa.Table, ...]]:
        """What the packed job makes of those pieces of a Parquet file, in order.

        Raises:
            StageError: a process died, as one does that runs out of memory.
        """
        file = self._jobs / str(next(self._numbers))
        file.write_bytes(job)  # once: it may hold megabytes, and each worker reads it when its first batch comes
        left = deque(pieces)
        under_way: deque[Future[tuple[pa.Table, ...]]] = deque()
        try:
            while left or under_way:
                while left and len(under_way) < _AHEAD * self._count:
                    under_way.append(self._pool.submit(_work, str(file), str(path), left.popleft()))
                yield under_way.popleft().result()
        except BrokenProcessPool as error:
            raise StageError(
                f"one of {self._count} worker processes died (was it out of memory?); fewer need less: "
                "`data: {engine: {local: {workers: 1}}}`"
            ) from error
        finally:
            for future in under_way:
                future.cancel()


@contextmanager
def one_beside() -> Iterator[ProcessPoolExecutor]:
    """One process for a few long calls; it ends with the block, whatever it is at, or with this process."""
    pool = ProcessPoolExecutor(1, mp_context=_Context(), initializer=_settle, initargs=(max(1, cores() - 1),))
    started = pool.submit(os.getpid)
    try:
        yield pool
    finally:
        if started.done() and started.exception() is None:
            with suppress(OSError):  # it has died
                os.kill(started.result(), signal.SIGTERM)
        pool.shutdown(wait=True, cancel_futures=True)


def packed(job: object) -> bytes | None:
    """The job as bytes that another process can begin; None where a part of it cannot be carried there."""
    stream = io.BytesIO()
    try:
        _Packer(stream, pickle.HIGHEST_PROTOCOL).dump(job)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
    return stream.getvalue()


class _Packer(pickle.Pickler):
    """Refuses what stands in the script that was started: other processes do not run it."""

    def reducer_override(self, value: Any) -> Any:
        if getattr(value, "__module__", None) == "__main__" and isinstance(value, type | types.FunctionType):
            raise pickle.PicklingError(f"{value!r} stands in the script itself")
        return NotImplemented


# ---- starting --------------------------------------------------------------------------------------------------------


class _Process(SpawnProcess):
    """A process that does not run the script again that started this one: it may do so without asking for its name."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's name
        script = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)  # noqa: SLF001 - what a context overrides
        finally:
            sys.modules["__main__"] = script


class _Context(SpawnContext):
    Process = _Process


# ---- in a worker -----------------------------------------------------------------------------------------------------

_begun: tuple[str, Work] | None = None
"""The file of the job that this process has begun, and its work. One is held at a time: its parts may be heavy."""


def _settle(threads: int) -> None:
    """Leave interrupts to the process that started this one, share the cores with the others, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _THREADS:
        os.environ[name] = str(threads)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Wait for the parent's end, however it comes: a killed parent cannot tell its workers to stop."""
    wait([sentinel])
    os._exit(1)


def _work(job: str, path: str, piece: Piece) -> tuple[pa.Table, ...]:
    import pyarrow.parquet as pq

    global _begun  # noqa: PLW0603 - what a process holds between its tasks
    if _begun is None or _begun[0] != job:
        _begun = None
        _begun = job, pickle.loads(Path(job).read_bytes()).begin()  # noqa: S301 - the process that started this one wrote it
    with pq.ParquetFile(path) as file:
        table = file.read_row_group(piece.group, use_threads=False)
    return _begun[1](table.slice(piece.start, piece.rows))
