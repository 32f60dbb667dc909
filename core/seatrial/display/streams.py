"""Output that survives its reader and its encoding: `seatrial run … | head` reaches its verdict and its exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import IO, Any

__all__ = ["forgiving", "lasting_streams"]


def forgiving(stream: IO[str]) -> IO[str]:
    """The stream; one that cannot write every character replaces those that it can't."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
    if encoding != "utf8" and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return stream


@contextlib.contextmanager
def lasting_streams() -> Iterator[None]:
    """Within the block, what is written to a pipe that nobody reads any more, or to a closed stream, is lost in silence."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Lasting(before[0]), _Lasting(before[1])
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


class _Lasting:
    """A text stream until its pipe breaks, nothing from then on."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream if stream is None else forgiving(stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if somebody reads."""
        if self._stream is not None:
            try:
                self._stream.write(text)
            except BrokenPipeError:
                self._leave()
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush, if somebody reads."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except BrokenPipeError:
                self._leave()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def _leave(self) -> None:
        """Point the descriptor at nothing, so that what is buffered goes there when the process ends."""
        assert self._stream is not None
        with contextlib.suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._stream.fileno())
            os.close(nothing)
        self._stream = None
