"""Ending: signals that ask a process to end are taken as interrupts, so that what it holds is let go and said."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["as_interrupts", "no_more_interrupts"]


@contextmanager
def as_interrupts(*signals: signal.Signals) -> Iterator[list[signal.Signals]]:
    """Within the block, these signals do what Ctrl-C does; gives those that came.

    One that is ignored stays so: `nohup` asks for it. In another thread than the main one nothing is changed.
    """
    came: list[signal.Signals] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        came.append(signal.Signals(number))
        if not callable(signal.getsignal(signal.SIGINT)):  # a job in the background ignores it
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = {one: signal.getsignal(one) for one in signals}
    taken = [one for one, handler in before.items() if handler is not signal.SIG_IGN]
    for one in taken:
        signal.signal(one, interrupt)
    try:
        yield came
    finally:
        for one in taken:
            signal.signal(one, before[one])


def no_more_interrupts() -> None:
    """Take no Ctrl-C any more: the process ends, and a second one would only cut off how it says so."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
