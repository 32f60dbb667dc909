"""Pace: when the next request may be sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

__all__ = ["Pace"]


class Pace:
    """Spaces requests out evenly, and stops all of them while a server has asked to be left alone."""

    def __init__(
        self,
        per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._clock, self._sleep = clock, sleep
        self._next = clock()

    async def turn(self) -> None:
        """Wait until a request may be sent."""
        while (wait := self._next - self._clock()) > 0:  # again and again, for `hold` may have moved it
            await self._sleep(wait)
        self._next = max(self._next, self._clock()) + self._gap

    def hold(self, seconds: float) -> None:
        """Let nobody send anything for so long."""
        self._next = max(self._next, self._clock() + seconds)
