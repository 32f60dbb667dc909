"""Where the processes of a launcher meet: torch's store, which torchrun's agent holds, or the process of rank 0."""

from __future__ import annotations

import logging
import socket
import time
from datetime import timedelta

from torch import distributed

from seatrial.training import Launch

__all__ = ["StoreMeeting"]

_LOG = logging.getLogger("seatrial.training")

_FOUND, _OWN = timedelta(minutes=10), timedelta(minutes=1)
"""In which the process of rank 0 has to be there, and in which it has to find itself."""

_NAMED = 120.0
"""Seconds in which a name server has to know its address: a cluster's may learn that after the first processes are there."""


class StoreMeeting:
    """Messages in a store (`seatrial.training.Meeting`)."""

    def __init__(self, launch: Launch) -> None:
        mine = launch.rank == 0 and not launch.hosted
        _look_up(launch, patience=0.0 if launch.rank == 0 or launch.hosted else _NAMED)
        found = _OWN if launch.rank == 0 else _FOUND
        try:
            store = distributed.TCPStore(  # type: ignore[attr-defined]
                launch.address, launch.port, launch.world, is_master=mine, timeout=found, wait_for_workers=False
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


def _look_up(launch: Launch, *, patience: float) -> None:
    """Ask for the address before torch does, who would ask again and again for minutes.

    Raises:
        ConnectionError: nobody knows it.
    """
    until, said = time.monotonic() + patience, False
    while True:
        try:
            socket.getaddrinfo(launch.address, launch.port)
        except (OSError, UnicodeError) as error:
            if time.monotonic() >= until:
                raise ConnectionError(
                    f"MASTER_ADDR is {launch.address}, which no name server knows ({error})"
                ) from error
        else:
            return
        if not said:
            _LOG.warning(
                "MASTER_ADDR is %s, which no name server knows yet; waiting for %.0f s", launch.address, patience
            )
        said = True
        time.sleep(1.0)
