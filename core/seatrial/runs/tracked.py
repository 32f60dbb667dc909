"""A tracker in a process of its own: what it is told goes there without waiting, and what goes wrong there comes back.

A library that tracks patches loggers and exits, draws random numbers, starts threads, asks for a login, and waits for the
network when a process ends. None of that reaches the run from there.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue

from seatrial.errors import SeatrialError
from seatrial.runs.engines.pickling import packed
from seatrial.runs.engines.processes import THREADS, Death, end_one, start_one
from seatrial.runs.recipe import Recipe
from seatrial.runs.tracker import Tracker, TrackingOutcome
from seatrial.terminal.legible import one_line

__all__ = ["TrackedProcess"]

_WAITING = 10_000
"""Calls that may wait for a tracker that is slow; those beyond are left out, and counted."""

_LONGEST = 300
"""Characters of an error that are kept."""

_NICENESS = 10
"""Where cores are few, the run has them."""

_LAST = 60.0
"""Seconds that a tracker has to finish where the process of the run was killed, and nobody ends it."""

_END = b"."
"""No call is as short."""

_WELL = "."
"""What is said of a call that went well."""

_ALONE = TrackingOutcome(
    "failed", "the process of the run was killed; the same command goes on from its last whole stage"
)


class TrackedProcess:
    """One tracker: its process, what waits to be told to it, and what it failed at."""

    def __init__(self, recipe: Recipe, *, failed: Callable[[str], None], last: float = _LAST) -> None:
        """Start it.

        Args:
            recipe: how the tracker is built; there, and not here.
            failed: told the first time that something goes wrong, in a clause.
            last: seconds that it may go on when this process was killed.
        """
        self.told = 0
        """Calls that the tracker took."""
        self.problem = ""
        """The first thing that went wrong, …"""
        self.problems = 0
        """… and how much did in all."""
        self._failed = failed
        self._waiting: SimpleQueue[bytes] = SimpleQueue()
        self._lock = threading.Lock()
        self._process = None
        carried = packed(recipe)
        if carried is None:
            self._note("a part of it cannot be carried into a process of its own: it stands in no module")
            return
        try:
            self._process, self._ours = start_one(_track, pickle.dumps((carried, last)))
        except OSError as error:  # no memory, or too many files that are open
            self._note(f"its process could not be started: {error}")
            return
        self._threads = [
            threading.Thread(target=work, name="seatrial-tracker", daemon=True) for work in (self._send, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    def tell(self, call: str, told: object) -> None:
        """Have the tracker called; returns at once."""
        if call == "log" and self._waiting.qsize() >= _WAITING:
            self._note(f"it is too slow: {_WAITING:,} calls wait for it, and what training logs is left out")
        elif self._process is not None:
            self._waiting.put(pickle.dumps((call, told)))

    def let_end(self) -> None:
        """Nothing more will be told: it ends when it was told the rest."""
        self._waiting.put(_END)

    def close(self, deadline: float) -> None:
        """Wait for its end; at the deadline (of `time.monotonic`) it is ended."""
        if self._process is None:
            return
        try:
            self._process.join(max(0.0, deadline - time.monotonic()))
            if self._process.is_alive():
                self._note("it had not ended in time behind the run, and was ended")
            elif self._process.exitcode:
                self._note(Death("", self._process.exitcode).said("its process"))
        finally:
            end_one(self._process)
        for thread in self._threads:  # both end with the connection
            thread.join(1.0)

    def _note(self, said: str) -> None:
        with self._lock:
            self.problems += 1
            if self.problem:
                return
            self.problem = said
        self._failed(said)

    def _send(self) -> None:
        """Hand on what waits: a thread may block where the process reads nothing."""
        with suppress(OSError, ValueError):  # a process that ended is told of by its exit code
            while True:
                message = self._waiting.get()
                self._ours.send_bytes(message)
                if message == _END:
                    return

    def _listen(self) -> None:
        """Hear how each call went."""
        with suppress(OSError, ValueError, EOFError):
            while True:
                said = self._ours.recv_bytes().decode(errors="replace")
                if said != _WELL:
                    self._note(said)
                else:
                    self.told += 1


# ---- in the process --------------------------------------------------------------------------------------------------


def _track(run: Connection, given: bytes) -> None:
    """Build the tracker and call it, until the run has ended or its process has."""
    carried, last = pickle.loads(given)  # noqa: S301 - the process that started this one wrote it
    _settle()
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel, last), daemon=True).start()
    tracker: Tracker | None = None
    try:
        recipe: Recipe = pickle.loads(carried)  # noqa: S301 - likewise
        tracker = recipe.make({})
    except BaseException as error:  # noqa: BLE001 - whatever its libraries raise
        _say(run, _told("it could not be built", error))
    while True:
        try:
            message = run.recv_bytes()
        except (EOFError, OSError):
            _call(tracker, "finish", _ALONE, run)
            return
        if message == _END:
            return
        call, told = pickle.loads(message)  # noqa: S301 - likewise
        if not _call(tracker, call, told, run) and call == "start":
            tracker = None


def _end_after(sentinel: int, last: float) -> None:
    """Wait for the run's process, however it ends: one that was killed cannot end a tracker that hangs in a call."""
    wait([sentinel])
    time.sleep(last)
    os._exit(1)


def _call(tracker: Tracker | None, call: str, told: object, run: Connection) -> bool:
    """Call it, and say how that went; whether it went well."""
    if tracker is None:
        return False
    try:
        getattr(tracker, call)(told)
    except BaseException as error:  # noqa: BLE001 - whatever its libraries raise, be it an exit
        _say(run, _told(f"its `{call}`", error))
        return False
    _say(run, _WELL)
    return True


def _told(what: str, error: BaseException) -> str:
    said = str(error) if isinstance(error, SeatrialError) else f"{type(error).__name__}: {error}"
    return one_line(f"{what} failed: {said}", _LONGEST)


def _say(run: Connection, said: str) -> None:
    with suppress(OSError):  # nobody is there to hear it
        run.send_bytes(said.encode(errors="replace"))


def _settle() -> None:
    """Leave the terminal, its interrupts and the GPU to the run, and the cores to whoever wants them."""
    os.setsid()  # no terminal: a library that asks for a login finds nobody to ask
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.environ.update({"CUDA_VISIBLE_DEVICES": "", **dict.fromkeys(THREADS, "1")})
    os.nice(_NICENESS)
