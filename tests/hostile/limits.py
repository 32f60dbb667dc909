"""A limit of seconds for what may hang."""

from __future__ import annotations

import signal
from contextlib import contextmanager

SECONDS = 60


@contextmanager
def in_time(seconds=SECONDS):
    """Raise a TimeoutError in what takes longer."""

    def too_long(number, frame):
        raise TimeoutError(f"it takes more than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
