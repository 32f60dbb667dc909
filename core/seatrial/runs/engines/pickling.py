"""Carried: what goes from one process to another, a job on its way there, an error on its way back."""

from __future__ import annotations

import io
import pickle
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seatrial import errors
from seatrial.errors import SeatrialError, StageError
from seatrial.plugin.raised import let_pass

__all__ = ["carriable_errors", "packed"]


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


@contextmanager
def carriable_errors() -> Iterator[None]:
    """What is raised in the block can be opened in another process: where it couldn't be, the same words as our own error.

    An exception whose class wants more than a message, or that holds a lock, a socket or a model, breaks the pool that
    brings it back, and nobody hears what it said.
    """
    try:
        yield
    except BaseException as error:
        let_pass(error)
        if isinstance(error, Exception) and _comes_back(error):
            raise
        raise _plain(error) from error


def _comes_back(error: Exception) -> bool:
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - packed a moment ago
    except Exception:  # noqa: BLE001 - whatever its class does
        return False
    return type(again) is type(error) and str(again) == str(error)


def _plain(error: BaseException) -> SeatrialError:
    """Of the nearest class of `seatrial.errors` that a message alone makes, so that the exit code stays."""
    if isinstance(error, SeatrialError):
        for kind in type(error).__mro__:
            if kind.__module__ == errors.__name__ and _comes_back(plain := kind(str(error))):
                assert isinstance(plain, SeatrialError)
                return plain
    return StageError(f"{type(error).__name__}: {error}")
