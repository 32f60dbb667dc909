"""Answers that are settled: kept while rows are asked again for somebody else's error, and through a kill, so that nobody is
asked twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from seatrial import Generation, SeatrialError

__all__ = ["Outcome", "Settled"]

Outcome = Generation | SeatrialError


class Settled:
    """What became of the last batch that failed, and what an earlier process was answered before it was killed.

    A probe that gets an error for a batch asks its rows one by one, to learn whose it is. Those get here what they were
    answered before: the others' requests are not sent, waited for and paid again, and the failed one's is not tried again.
    """

    def __init__(self) -> None:
        self.by: set[str] = set()
        """The names under which was answered, by this process and by those whose answers were taken."""
        self._outcomes: dict[str, Outcome] = {}
        self._written: dict[str, tuple[Generation, str | None]] = {}
        self._file: Path | None = None

    def keep(self, file: Path) -> None:
        """Note answers in `file` from now on, a line each as they come; those that stand there need not be asked for."""
        self._file = file
        self._written = dict(_answers(file))
        if file.is_file() and not file.read_bytes().endswith(b"\n"):
            with file.open("a", encoding="utf-8") as stream:
                stream.write("\n")  # what follows the line that a kill cut off is a line of its own

    def note(self, request: str, answer: Generation, by: str | None = None) -> None:
        """Write down what a request was answered, and under which name, where one was given."""
        if by is not None:
            self.by.add(by)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as stream:  # closed each time: a kill loses nothing
                stream.write(json.dumps({"request": _digest(request), "by": by, **asdict(answer)}) + "\n")

    def of(self, requests: Sequence[str], ask: Callable[[Sequence[str]], Iterable[Outcome]]) -> list[Generation]:
        """One generation a request; equal ones within a batch are asked once.

        Raises:
            SeatrialError: of the first request that failed.
        """
        kept = all(request in self._outcomes for request in requests)
        if not kept:
            asked = list(dict.fromkeys(requests))
            found = {one: self._written[of] for one in asked if (of := _digest(one)) in self._written}
            self.by |= {by for _, by in found.values() if by is not None}
            self._outcomes = {one: answer for one, (answer, _) in found.items()}
            unknown = [one for one in asked if one not in self._outcomes]
            self._outcomes |= zip(unknown, ask(unknown), strict=True)
        outcomes = [self._outcomes[request] for request in requests]
        if len(requests) == 1:
            del self._outcomes[requests[0]]
        for outcome in outcomes:
            if isinstance(outcome, SeatrialError):
                raise outcome.with_traceback(None)
        if not kept:
            self._outcomes = {}
        return [outcome for outcome in outcomes if isinstance(outcome, Generation)]


def _digest(request: str) -> str:
    return hashlib.blake2b(request.encode(), digest_size=16).hexdigest()


def _answers(file: Path) -> Iterator[tuple[str, tuple[Generation, str | None]]]:
    """What stands in the file; the line that a kill cut off, or that is no answer, is left aside."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            said = json.loads(line)
            request, by = said.pop("request"), said.pop("by")
            yield request, (Generation(**said), by)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
