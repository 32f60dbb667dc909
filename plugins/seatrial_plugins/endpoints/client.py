"""A client of one endpoint: several requests at a time, each tried again where that may help."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import StageError
from seatrial_plugins.endpoints.attempt import Failure, attempt
from seatrial_plugins.endpoints.pace import Pace

if TYPE_CHECKING:
    import httpx

__all__ = ["Client", "Limits"]

_LONGEST_BACKOFF = 30.0
_LONGEST_WAIT = 600.0
"""Seconds; who is asked to wait longer (a daily limit) is told so instead."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How a server is asked."""

    timeout: float = 120.0
    """Seconds for each attempt."""
    concurrency: int = 8
    """Requests at a time."""
    retries: int = 5
    """Attempts after the first."""
    backoff: float = 0.5
    """Seconds before the second attempt; twice as long before each further one."""
    requests_per_minute: float | None = None


class Client:
    """Asks for completions. Belongs to one event loop."""

    def __init__(self, http: httpx.AsyncClient, url: str, limits: Limits, secret: str | None, pace: Pace) -> None:
        self._http = http
        self.url = f"{url}/chat/completions"
        self._limits = limits
        self._secret = secret
        self._pace = pace
        self._places = asyncio.Semaphore(limits.concurrency)
        self._refused: Failure | None = None
        self._silent = False
        """Whether a request was given up because the server said nothing, and it has said nothing since. Then others are
        tried once only: of a server that was killed, a thousand rows are told in seconds instead of half an hour."""

    async def complete(self, body: bytes) -> tuple[Mapping[str, object], float, int]:
        """The completion that the server answers, the seconds that its attempt took, and how many attempts there were.

        Raises:
            StageError: there is none, after all attempts.
        """
        async with self._places:
            attempts = 0
            while True:
                if self._refused is not None:
                    raise StageError(f"{self.url}: {self._refused.reason}")
                await self._pace.turn()
                attempts += 1
                started = time.perf_counter()
                outcome = await attempt(self._http, self.url, body, self._limits.timeout, self._secret)
                if not isinstance(outcome, Failure):
                    self._silent = False
                    return outcome, time.perf_counter() - started, attempts
                self._learn(outcome, attempts)
                await self._rest(outcome, attempts)

    def _learn(self, failure: Failure, attempts: int) -> None:
        """Give the request up, or remember what the failure says of others."""
        if not failure.silent:
            self._silent = False
        if failure.lasting:
            self._refused = failure
        spent = attempts > self._limits.retries or (failure.silent and self._silent)
        if failure.wait > _LONGEST_WAIT:
            raise StageError(f"{self.url}: {failure.reason}; and asks to be left alone for {failure.wait:.0f} s")
        if spent or not failure.again:
            self._silent = failure.silent
            raise StageError(f"{self.url}: {failure.reason}" + (f"; asked {attempts} times" if attempts > 1 else ""))

    async def _rest(self, failure: Failure, attempts: int) -> None:
        if failure.wait:
            self._pace.hold(failure.wait)
            return
        seconds = min(self._limits.backoff * 2 ** (attempts - 1), _LONGEST_BACKOFF)
        await asyncio.sleep(
            seconds * random.uniform(0.75, 1.25)
        )  # so that those who failed together don't come together
