"""The Ray engine: batches go through Ray Data, on this machine or on a cluster; in order, so that results are the same.

The cluster's machines must see the run folder under the same path, and have seatrial, the suite's plugins and the files
that these load installed as this one has.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import SeatrialError, StageError, UsageError
from seatrial.runs.engines import Batchwise, Job, Work
from seatrial.runs.engines.pickling import carriable_errors

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["RayEngine"]


_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_LOG_LEVEL": "ERROR", "RAY_ENABLE_AUTO_CONNECT": "0"}
"""What Ray is told where the user says nothing else: to report nothing to anybody, no progress on the terminal, and not to
start again by itself. Threads of Ray Data outlive a map that ends early, and what they ask for after `ray.shutdown()`
would start another Ray beside the one that goes; 60 s later its lost server ends this process with exit code 1."""


_FETCHING = "iter_threaded"
"""The name of Ray Data's threads that fetch batches. They are waited for as well: where Ray was imported before it was told
anything, the setting comes too late."""

_PATIENCE = 30.0
"""Seconds for each of them; they end once they have what they are fetching."""


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Ray Data.

    Raises:
        UsageError: Ray is not installed.
    """

    workers: int | None = None
    """How many processes work at once; None for as many as Ray has CPUs."""
    address: str | None = None
    """A running cluster; None starts Ray on this machine, for as long as a stage works."""

    def __post_init__(self) -> None:
        if importlib.util.find_spec("ray") is None:
            raise UsageError("data.engine: ray is not installed; pip install 'seatrial[distributed]', or use `local`")

    @contextmanager
    def open(self) -> Iterator[Batchwise]:
        """Ray is connected to, or started; one that this process uses already is used, and left alone."""
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        import ray

        with _started(self.address, self.workers) if not ray.is_initialized() else nullcontext():
            yield _OnRay(self.workers or max(1, int(ray.cluster_resources().get("CPU", 1))))


@contextmanager
def _started(address: str | None, workers: int | None) -> Iterator[None]:
    """Ray within the block; what this process does on SIGTERM, which Ray changes, is as before when it is left."""
    import ray

    on_termination = signal.getsignal(signal.SIGTERM)
    try:
        _start(address, workers)
        yield
    finally:
        ray.shutdown()
        if on_termination is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_termination)


def _start(address: str | None, workers: int | None) -> None:
    import ray

    alone: dict[str, Any] = {}
    if address is None:
        # What this process can import, its workers can, too.
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        alone = {"num_cpus": workers, "include_dashboard": False, "runtime_env": {"env_vars": paths}}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **alone)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        where = f"the cluster at {address}" if address else "Ray on this machine"
        raise StageError(f"data.engine: {where} cannot be used: {error}") from error


class _OnRay:
    def __init__(self, workers: int) -> None:
        self._workers = workers

    def map(self, job: Job, path: Path) -> Iterator[tuple[pa.Table, ...]]:
        """Each batch's results come back as one record of packed tables."""
        import pyarrow.parquet as pq
        import ray

        groups = pq.read_metadata(path).num_row_groups
        if not groups:
            return
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        carried = ray.cloudpickle.dumps(job)
        work = {"job": ray.put(carried), "key": hashlib.sha256(carried).hexdigest()}
        how: dict[str, Any] = {"batch_format": "pyarrow", "compute": ray.data.TaskPoolStrategy(size=self._workers)}
        results = (
            ray.data.range(groups, override_num_blocks=groups)
            .map_batches(_read, fn_kwargs={"path": str(path)}, batch_size=1, **how)
            .map_batches(_done, fn_kwargs=work, batch_size=None, **how)
        )
        before = frozenset(threading.enumerate())
        try:
            for batch in results.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield from map(_opened, batch.to_pylist())
        except ray.exceptions.RayError as error:
            raise _said(error) from error
        finally:
            for thread in frozenset(threading.enumerate()) - before:
                if thread.name == _FETCHING:
                    thread.join(_PATIENCE)


def _said(error: Exception) -> StageError:
    """What Ray says at such length, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return StageError(f"data.engine: Ray failed: {type(error).__name__}: {lines[-1] if lines else ''}")


def _read(groups: pa.Table, *, path: str) -> pa.Table:
    """The row group whose number it is given."""
    import pyarrow.parquet as pq

    (group,) = groups["id"].to_pylist()
    with pq.ParquetFile(path) as file:
        return file.read_row_group(group, use_threads=False)


_begun: tuple[str, Work] | None = None
"""The job that one of Ray's processes has begun, by its key, and its work: Ray uses a process for many batches."""


def _done(table: pa.Table, *, job: Any, key: str) -> pa.Table:
    """The job's results for a batch, in one of Ray's processes."""
    import pyarrow as pa
    import ray

    global _begun  # noqa: PLW0603 - what a process holds between its tasks
    try:
        with carriable_errors():
            if _begun is None or _begun[0] != key:
                _begun = None
                _begun = key, ray.cloudpickle.loads(ray.get(job)).begin()
            packed, error = [_packed(result) for result in _begun[1](table)], None
    except SeatrialError as raised:  # as a value: an exception would come back wrapped in pages of Ray's own
        packed, error = [], pickle.dumps(raised)
    return pa.table(
        {"tables": pa.array([packed], pa.list_(pa.large_binary())), "error": pa.array([error], pa.binary())}
    )


def _opened(result: Mapping[str, Any]) -> tuple[pa.Table, ...]:
    """The tables of a batch, or what the job raised."""
    if result["error"] is not None:
        raise pickle.loads(result["error"])  # noqa: S301 - a process of this run packed it
    return tuple(map(_unpacked, result["tables"]))


def _packed(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(packed: bytes) -> pa.Table:
    import pyarrow as pa

    return pa.ipc.open_stream(packed).read_all()
