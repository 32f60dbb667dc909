"""Processes beside this one: started anew, known one by one, and asked after their death what they were at.

They are not forked: a fork of a process whose libraries hold threads (torch, Arrow, tokenizers) may hang.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import _ExecutorManagerThread
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from seatrial.runs.engines.at_work import keep_note, noted

__all__ = ["THREADS", "Death", "Pool", "end_one", "kill_all", "start_one"]

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
"""What tells libraries how many threads to use."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended that was not to end."""

    who: str
    """The component that it was at; empty where it was at none."""
    code: int | None
    """Its exit code, or the negative number of the signal that killed it; None where nobody knows."""

    @property
    def killed(self) -> bool:
        """Whether it was killed from outside, as the system does where memory runs out."""
        return self._signal == "SIGKILL"

    def said(self, otherwise: str) -> str:
        """A sentence about it; `otherwise` names the process where it was at no component."""
        subject = f"{self.who}: the process that it worked in" if self.who else otherwise
        if self.code is None:
            return f"{subject} died"
        if self.code >= 0:
            return f"{subject} ended with exit code {self.code}"
        return f"{subject} was killed by {self._signal}{' (was it out of memory?)' if self.killed else ''}"

    @property
    def _signal(self) -> str:
        if self.code is None or self.code >= 0:
            return ""
        try:
            return signal.Signals(-self.code).name
        except ValueError:
            return f"signal {-self.code}"


class Pool:
    """Some processes, started as calls come."""

    def __init__(self, executor: ProcessPoolExecutor, context: _Context, folder: Path) -> None:
        self.executor = executor
        self.folder = folder
        """For files of the processes; goes with them."""
        self._context = context

    @classmethod
    @contextmanager
    def open(cls, count: int, *, threads: int, environment: Mapping[str, str]) -> Iterator[Pool]:
        """Up to `count` processes that finish what they are at, and end with the block, or with this process.

        Where the block is left by an error or an interrupt they are ended at once: nobody wants what they are at any more,
        and a second interrupt would end the wait for them and leave them there.

        Args:
            count: the most of them.
            threads: how many threads libraries use in each.
            environment: variables that have another value there.
        """
        with TemporaryDirectory(prefix="seatrial-") as folder:
            context, path = _Context(), Path(folder)
            threaded = dict.fromkeys(THREADS, str(threads))
            executor = ProcessPoolExecutor(
                count, mp_context=context, initializer=_settle, initargs=(path, {**threaded, **environment})
            )
            pool, whole = cls(executor, context, path), False
            _pools.append(pool)
            try:
                yield pool
                whole = True
            finally:
                # Another interrupt may cut this off anywhere: what is still there then, `kill_all` ends.
                if not whole:
                    pool.kill()
                executor.shutdown(wait=True, cancel_futures=True)
                _pools.remove(pool)

    def kill(self) -> None:
        """End them now, whatever they are at, be it that they still start."""
        _let_managers_go()
        for process in self._context.started:
            if process.pid is not None:  # else its start was interrupted
                process.kill()

    def death(self) -> Death:
        """What broke the pool: the process that ended by itself; the others were told to end for it."""
        self.executor.shutdown(wait=True, cancel_futures=True)  # from then on it is known how each ended
        ends = [Death(noted(_note(self.folder, process.pid)), process.exitcode) for process in self._context.started]
        by_themselves = [end for end in ends if end.code not in {None, -signal.SIGTERM}]
        return next(iter(by_themselves), ends[0] if len(ends) == 1 else Death("", None))


_pools: list[Pool] = []
"""Those that are open, or whose end was interrupted."""


_alone: list[_Process] = []
"""Those that are in no pool, likewise."""


def kill_all() -> None:
    """End every process now, of a pool or in none: for whoever was interrupted, once no other interrupt can come."""
    for pool in _pools:
        pool.kill()
    for process in _alone:
        end_one(process)


_heard = threading.excepthook


def _let_managers_go() -> None:
    """Say nothing of a pool's own thread that stumbles over the end of its processes: that they end is meant."""
    global _heard  # noqa: PLW0603 - a process has one
    if threading.excepthook is not _but_managers:
        _heard = threading.excepthook
        threading.excepthook = _but_managers


def _but_managers(failed: threading.ExceptHookArgs) -> None:
    if not isinstance(failed.thread, _ExecutorManagerThread):
        _heard(failed)


def _note(folder: Path, process: int | None) -> Path:
    return folder / f"at-{process}"


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
    """Starts such processes, and knows them: a pool says nothing of a process that has not answered yet."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[_Process] = []

    def Process(self, *given: Any, **named: Any) -> _Process:  # type: ignore[override]  # noqa: N802 - multiprocessing's name, a class there
        process = _Process(*given, **named)
        self.started.append(process)
        return process


def start_one(target: Callable[[Connection, bytes], None], given: bytes) -> tuple[_Process, Connection]:
    """A process in no pool, which is given one end of a connection; and the other end. `end_one` has to follow."""
    ours, theirs = multiprocessing.Pipe()
    process = _Process(target=target, args=(theirs, given))
    _alone.append(process)
    with theirs:
        process.start()
    return process, ours


_REAPED = 5.0
"""Seconds until a killed process is given up, which waits in the kernel, such as for a file system that is gone."""


def end_one(process: _Process) -> None:
    """End such a process now, and those that it started where it leads a session of its own."""
    if process in _alone:
        _alone.remove(process)
    if process.pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join(_REAPED)


# ---- in such a process -----------------------------------------------------------------------------------------------


def _settle(folder: Path, environment: Mapping[str, str]) -> None:
    """Leave interrupts to the process that started this one, end with it, and keep a note for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(environment)
    keep_note(_note(folder, os.getpid()))
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """Wait for the parent's end, however it comes: a killed parent cannot tell its workers to stop."""
    wait([sentinel])
    os._exit(1)
