"""Left behind: what a test changed in the process that all tests share, and what it left running."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

WAIT = 20.0
"""Seconds that a process which has been told to end may need for it."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)

_FORKSERVER = "multiprocessing.forkserver"
LASTING = ("multiprocessing.resource_tracker", _FORKSERVER, "tests/warm.py")
"""Processes that Python, or the tests, keep once they have started them."""


@dataclass(frozen=True)
class State:
    """What tests share."""

    streams: tuple[tuple[int, int] | None, ...]
    """Device and file behind the descriptors 0, 1 and 2; None for one that is closed."""
    handlers: tuple[object, ...]
    """What is done on each of `SIGNALS`."""
    children: frozenset[int]

    @classmethod
    def now(cls) -> Self:
        return cls(tuple(map(_behind, range(3))), tuple(map(signal.getsignal, SIGNALS)), frozenset(_children()))

    def changes(self) -> list[str]:
        """What is otherwise by now, each in a sentence. Children get the time to end."""
        until = time.monotonic() + WAIT
        while (left := self._left()) and time.monotonic() < until:
            time.sleep(0.05)
        now = type(self).now()
        return [
            *(f"descriptor {n} is another file" for n in range(3) if self.streams[n] != now.streams[n]),
            *(
                f"{number.name} is handled by {handler!r}"
                for number, handler, before in zip(SIGNALS, now.handlers, self.handlers, strict=True)
                if handler is not before
            ),
            *(f"process {child} still runs: {what}" for child, what in left.items()),
        ]

    def _left(self) -> dict[int, str]:
        own = _children_of("self")
        told = {child: _command(child) for child in _children() if child not in self.children}
        return {
            child: what
            for child, what in told.items()
            if what and not (child in own and any(name in what for name in LASTING))
        }


def _behind(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _children() -> list[int]:
    """Of this process, and of the server that forks processes for it (`tests.warm_processes`)."""
    own = _children_of("self")
    forked = [child for one in own if _FORKSERVER in _command(one) for child in _children_of(str(one))]
    return [*own, *forked]


def _children_of(process: str) -> list[int]:
    """Of all its threads; none where the system does not tell."""
    found = []
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += map(int, thread.read_text().split())
        except OSError:  # the thread has ended
            continue
    return found


def _command(process: int) -> str:
    """What it was started with; empty for one that has ended, even if nobody has asked yet how."""
    try:
        if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
            return ""
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return ""
    return command.replace(b"\0", b" ").decode(errors="replace").strip() or "(just begun)"
