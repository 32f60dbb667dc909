"""Output that survives its reader and its encoding: `seatrial run … | head` reaches its verdict and its exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import IO, Any

__all__ = ["answer_apart", "answer_stream", "forgiving", "is_apart", "lasting_streams"]

_answers: list[IO[str]] = []
"""The stream of the answer, while it is kept apart."""


def forgiving(stream: IO[str]) -> IO[str]:
    """The stream; one that cannot write every character replaces those that it can't."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "")
    if encoding != "utf8" and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return stream


@contextlib.contextmanager
def lasting_streams() -> Iterator[None]:
    """Within the block, what is written to a pipe that nobody reads any more, or where there is no stream, is lost in silence.

    So is what standard error cannot take for any other reason: there is nobody left to tell. Whoever wants to know that
    standard output took everything flushes it within the block.
    """
    before = sys.stdout, sys.stderr
    sys.stdout = _Lasting(before[0], "standard output")
    sys.stderr = _Lasting(before[1], None)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def answer_apart() -> Iterator[None]:
    """Within the block, standard output holds what `answer_stream` is given and nothing else.

    Whatever else is written there, by a plugin, a library's native code or a process that was started, goes to standard
    error: a program that reads the answer as JSON reads nothing but JSON.
    """
    before = sys.stdout
    kept = _own_descriptor(before)
    if kept is None:
        _answers.append(before)
    else:
        _answers.append(_Lasting(open(kept, "w", encoding="utf-8", closefd=False), "standard output"))  # type: ignore[arg-type]  # noqa: SIM115 - a descriptor; closed below
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        answer = _answers.pop()
        sys.stdout = before
        try:
            answer.flush()
        finally:
            if kept is not None:
                os.dup2(kept, 1)
                os.close(kept)


def _own_descriptor(stream: IO[str]) -> int | None:
    """A copy of standard output's descriptor, in whose place standard error's is put; None where the stream has none."""
    try:
        if stream.fileno() != 1:
            return None
        stream.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, ValueError):  # no descriptor at all, or no standard error to write to
        return None
    return kept


def is_apart() -> bool:
    """Whether standard output is kept for the answer."""
    return bool(_answers)


def answer_stream() -> IO[str]:
    """Where a command's answer goes: standard output."""
    return _answers[-1] if _answers else sys.stdout


class _Lasting:
    """A text stream until it fails, nothing from then on."""

    def __init__(self, stream: IO[str] | None, name: str | None) -> None:
        """`name`: what an error says of the stream that could not be written, once; None tells nobody."""
        self._stream = _nothing() if stream is None else forgiving(stream)
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if somebody reads.

        Raises:
            OSError: it cannot be written, though somebody would read it.
        """
        with self._while_it_lasts():
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush, if somebody reads.

        Raises:
            OSError: what was written could not be kept, though somebody would read it.
        """
        with self._while_it_lasts():
            self._stream.flush()

    @contextlib.contextmanager
    def _while_it_lasts(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._leave()
            if self._name is not None and not isinstance(error, BrokenPipeError):
                raise OSError(error.errno, error.strerror, self._name) from error

    def _leave(self) -> None:
        """Point the descriptor at nothing, so that what is buffered goes there when the process ends."""
        left, self._stream = self._stream, _nothing()
        with contextlib.suppress(OSError, ValueError):
            os.dup2(self._stream.fileno(), left.fileno())


def _nothing() -> IO[str]:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - a stream that stays as long as the process
