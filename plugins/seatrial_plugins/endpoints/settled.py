"""Answers that are settled: kept while rows are asked again for somebody else's error, and through a kill, so that nobody is
asked twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from seatrial import Generation, SeatrialError
from seatrial.runs.store import JsonLines

__all__ = ["Outcome", "Settled"]

Outcome = Generation | SeatrialError


_SHARED = {"shared": 1.0}
"""What an answer took that was asked for by an equal request."""


class Settled:
    """What became of the last batch that failed, and what an earlier process was answered before it was killed.

    A probe that gets an error for a batch asks its rows one by one, to learn whose it is. Those get here what they were
    answered before, as often as the batch held them: the others' requests are not sent, waited for and paid again, and the failed
    one's is not tried again.
    """

    def __init__(self) -> None:
        self.by: set[str] = set()
        """The names under which was answered, by this process and by those whose answers were taken."""
        self._outcomes: dict[str, Outcome] = {}
        self._due: Counter[str] = Counter()
        """How often each of them is still to be told."""
        self._told: set[str] = set()
        """Whose `took` was told: who gets the same answer beside took nothing."""
        self._written: dict[str, tuple[Generation, str | None]] = {}
        self._file: JsonLines | None = None

    def keep(self, file: Path) -> None:
        """Note answers in `file` from now on, a line each as they come; those that stand there need not be asked for."""
        self._file = JsonLines(file)
        self._written = dict(_answers(self._file))
        self._told = set()

    def note(self, request: str, answer: Generation, by: str | None = None) -> None:
        """Write down what a request was answered, and under which name, where one was given."""
        if by is not None:
            self.by.add(by)
        if self._file is not None:
            self._file.note({"request": _digest(request), "by": by, **asdict(answer)})

    def of(self, requests: Sequence[str], ask: Callable[[Sequence[str]], Iterable[Outcome]]) -> list[Generation]:
        """One generation a request; equal ones within a batch are asked once.

        Raises:
            SeatrialError: of the first request that failed.
        """
        batch = Counter(requests)
        if not batch <= self._due:
            found = {one: self._written[of] for one in batch if (of := _digest(one)) in self._written}
            self.by |= {by for _, by in found.values() if by is not None}
            unknown = [one for one in batch if one not in found]
            self._due = Counter()  # should the asking be broken off
            self._outcomes = {one: answer for one, (answer, _) in found.items()}
            self._outcomes |= zip(unknown, ask(unknown), strict=True)
            self._due = Counter(batch)
            self._told -= set(unknown)
        outcomes = [self._outcomes[request] for request in requests]
        failed = next((one for one in outcomes if isinstance(one, SeatrialError)), None)
        if failed is None or len(requests) == 1:  # else its rows are asked about next, one by one or in halves
            self._due -= batch
        if failed is not None:
            raise failed.with_traceback(None)
        return [self._first(request) for request in requests]

    def _first(self, request: str) -> Generation:
        """The answer; what it took is told once."""
        answer = self._outcomes[request]
        assert isinstance(answer, Generation)
        if request in self._told and answer.took:
            return replace(answer, took=_SHARED)
        self._told.add(request)
        return answer


def _digest(request: str) -> str:
    return hashlib.blake2b(request.encode(), digest_size=16).hexdigest()


def _answers(noted: Iterable[dict[str, Any]]) -> Iterator[tuple[str, tuple[Generation, str | None]]]:
    """What stands in the file; what is no answer is left aside."""
    for said in noted:
        try:
            request, by = said.pop("request"), said.pop("by")
            yield request, (Generation(**said), by)
        except (TypeError, KeyError):
            continue
