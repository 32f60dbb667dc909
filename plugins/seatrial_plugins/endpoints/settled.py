"""What became of the requests of a batch in which some failed, so that nobody is asked twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from seatrial import Generation, SeatrialError

__all__ = ["Outcome", "Settled"]

Outcome = Generation | SeatrialError


class Settled:
    """Keeps the outcomes of the last batch that failed.

    A probe that gets an error for a batch asks its rows one by one, to learn whose it is. Those get here what they were
    answered before: the others' requests are not sent, waited for and paid again, and the failed one's is not tried again.
    """

    def __init__(self) -> None:
        self._outcomes: dict[str, Outcome] = {}

    def of(self, requests: Sequence[str], ask: Callable[[Sequence[str]], Iterable[Outcome]]) -> list[Generation]:
        """One generation a request; equal ones within a batch are asked once.

        Raises:
            SeatrialError: of the first request that failed.
        """
        kept = all(request in self._outcomes for request in requests)
        if not kept:
            asked = list(dict.fromkeys(requests))
            self._outcomes = dict(zip(asked, ask(asked), strict=True))
        outcomes = [self._outcomes[request] for request in requests]
        if len(requests) == 1:
            del self._outcomes[requests[0]]
        for outcome in outcomes:
            if isinstance(outcome, SeatrialError):
                raise outcome.with_traceback(None)
        if not kept:
            self._outcomes = {}
        return [outcome for outcome in outcomes if isinstance(outcome, Generation)]
