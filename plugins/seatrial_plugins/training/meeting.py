"""Where the processes of a launcher meet: torch's store, which torchrun's agent holds, or the process of rank 0."""

from __future__ import annotations

from datetime import timedelta

from torch import distributed

from seatrial.training import Launch

__all__ = ["StoreMeeting"]

_FOUND = timedelta(minutes=10)
"""In which the process of rank 0 has to be there."""


class StoreMeeting:
    """Messages in a store (`seatrial.training.Meeting`)."""

    def __init__(self, launch: Launch) -> None:
        mine = launch.rank == 0 and not launch.hosted
        try:
            store = distributed.TCPStore(  # type: ignore[attr-defined]
                launch.address, launch.port, launch.world, is_master=mine, timeout=_FOUND, wait_for_workers=False
            )
        except RuntimeError as error:
            raise ConnectionError(f"{launch.address}:{launch.port}: {error}") from error
        # A launcher that starts its processes again does so beside what the first ones left.
        self._store = distributed.PrefixStore(f"seatrial/{launch.attempt}", store)  # type: ignore[attr-defined]

    def put(self, name: str, message: bytes) -> None:
        """Leave a message."""
        try:
            self._store.set(name, message)  # type: ignore[arg-type]  # its stub knows text alone
        except RuntimeError as error:
            raise ConnectionError(str(error)) from error

    def get(self, name: str) -> bytes | None:
        """The message of that name, or None while there is none."""
        try:
            return bytes(self._store.get(name)) if self._store.check([name]) else None
        except RuntimeError as error:
            raise ConnectionError(str(error)) from error
