"""Raised: what a component raises is its own, whatever its class, but for the user's interrupt and the end of a generator."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["let_pass", "telling_interrupts"]

_asked: bool | None = None
"""Whether the user interrupted the process; None where nobody listens for it."""


@contextmanager
def telling_interrupts() -> Iterator[None]:
    """Within the block, a `KeyboardInterrupt` that comes of a signal is told from one that a component raises."""
    global _asked  # noqa: PLW0603 - a process has one
    before = signal.getsignal(signal.SIGINT)
    if _asked is not None or before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    if not callable(before):  # ignored, as of a job in the background: no signal raises anything
        _asked = False
        try:
            yield
        finally:
            _asked = None
        return

    def heed(number: int, frame: FrameType | None) -> None:
        global _asked  # noqa: PLW0603 - a process has one
        _asked = True
        before(number, frame)

    _asked = False
    signal.signal(signal.SIGINT, heed)
    try:
        yield
    finally:
        _asked = None
        if signal.getsignal(signal.SIGINT) is heed:
            signal.signal(signal.SIGINT, before)


def let_pass(error: BaseException) -> None:
    """Raise what is not a component's own: the user's interrupt, and the end of a generator that is no longer wanted."""
    if isinstance(error, GeneratorExit) or (isinstance(error, KeyboardInterrupt) and _asked is not False):
        raise error
