"""The judge of pairs: which of two systems' answers is better, asked in both orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal

from seatrial import Block, Row, Sample, Scored, Table, Task, Text, Transcript, UsageError
from seatrial.rows import Preference
from seatrial.stats import agreement
from seatrial_plugins.judging.asking import Asking, Said
from seatrial_plugins.judging.material import conversation, marked, not_shown, words_of
from seatrial_plugins.judging.measured import agreement_table

__all__ = ["PairScorer"]

_BATCH = 256
"""Pairs that are judged at a time."""

_WINNER = re.compile(r"^[ \t>*#_`]*winner[ \t*_`]*:[ \t*_`]*(A|B|tie)[ \t*_`.]*$", re.IGNORECASE | re.MULTILINE)

Winner = Literal["first", "second", "tie"]


@dataclass(frozen=True, slots=True)
class _Pair:
    """What a judge said of two answers."""

    winner: Winner = "tie"
    inconsistent: bool | None = None
    """None where it was not asked, for the answers are the same."""
    asked: tuple[dict[str, str], ...] = ()
    error: str | None = None
    silent: bool = False


class PairScorer:
    """Holds each answer against the other system's answer to the same row (`seatrial.evaluation.scorer.Compares`)."""

    def __init__(self, asking: Asking, criterion: str, against: str, humans: Sequence[Row]) -> None:
        self._asking = asking
        self._criterion = criterion
        self.against = against
        self.unanswered = 0
        self._humans = [_preferred(row) for row in humans]

    def keep_answers(self, file: Path) -> None:
        """As `seatrial.evaluation.scorer.AsksModel` has it."""
        self._asking.keep(file)
        self.unanswered = 0

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """The other system is not held against itself."""
        for transcript, row in zip(transcripts, task.rows, strict=True):
            yield Sample(
                transcript.row,
                {} if transcript.error else {"won": None, "inconsistent": None},
                prediction=transcript.responses[0].text if transcript.responses else None,
                target=row.target,
                prompt_hash=transcript.prompt_hash,
                error=transcript.error,
            )

    def compare(self, transcripts: Iterable[Transcript], others: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order."""
        triples = zip(transcripts, others, task.rows, strict=True)
        while batch := list(islice(triples, _BATCH)):
            problems = [_problem(own, other, self.against) or not_shown(row.turns) for own, other, row in batch]
            able = [
                (row, own.responses[0].text, other.responses[0].text)
                for (own, other, row), problem in zip(batch, problems, strict=True)
                if not problem
            ]
            judged = iter(self._judged([(conversation(row.prompt, row.tools), one, two) for row, one, two in able]))
            for (own, other, row), problem in zip(batch, problems, strict=True):
                yield self._sample(own, other, row, _Pair(error=problem) if problem else next(judged))

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """How the judge agrees with people, and that nothing corrects its win rate."""
        del scored
        judge = self._asking.address
        if self._people is None:
            said = f"Which answer {judge} prefers is its opinion, uncorrected: name pairs that people have judged under `humans`."
            yield Text("An unmeasured judge", [said], alarming=True)
            return
        table, unread, inconsistent = self._people
        rows = []
        if sum(map(sum, table)):
            rows = agreement_table(agreement(table))
        rows += [
            ("ties of the judge", str(sum(row[2] for row in table))),
            ("other winner in the other order", str(inconsistent)),
            ("pairs of which it said nothing that could be read", str(unread)),
        ]
        says = f"What {judge} says of pairs of which people preferred one; a tie agrees with nobody. Win rates are uncorrected."
        yield Table("The judge against people", ["", "measured"], rows, says)

    # ---- one pair -------------------------------------------------------------------------------------------------

    def _judged(self, pairs: Sequence[tuple[str, str, str]]) -> list[_Pair]:
        """Of conversations with two answers."""
        questions = [
            question
            for asked, first, second in pairs
            if first.strip() != second.strip()
            for question in (self._question(asked, first, second), self._question(asked, second, first))
        ]
        said = iter(zip(questions, self._asking.answers(questions), strict=True))
        return [
            _Pair() if first.strip() == second.strip() else _pair([next(said), next(said)])
            for _, first, second in pairs
        ]

    def _question(self, asked: str, first: str, second: str) -> str:
        material = marked({"conversation": asked, "reply A": first, "reply B": second})
        return (
            "Compare two replies that end the same conversation. Their order, and how long they are, mean nothing.\n\n"
            f"{self._criterion}\n\n{material}\n\n"
            "Say why in at most three sentences. Then write, as the last line and nothing behind it, `Winner: A`, `Winner: B` or "
            "`Winner: tie`."
        )

    def _sample(self, own: Transcript, other: Transcript, row: Row, pair: _Pair) -> Sample:
        values: dict[str, float | None] = {}
        if pair.error is None:
            values = {
                "won": {"first": 1.0, "second": 0.0, "tie": 0.5}[pair.winner],
                "inconsistent": None if pair.inconsistent is None else float(pair.inconsistent),
            }
        self.unanswered += pair.silent
        detail: dict[str, object] = {"judge": self._asking.address, "against": self.against, "judged": list(pair.asked)}
        if other.responses:
            detail["other"] = other.responses[0].text
        return Sample(
            own.row,
            values,
            prediction=own.responses[0].text if own.responses else None,
            target=row.target,
            prompt_hash=own.prompt_hash,
            slice=row.label or row.slice,
            detail=detail,
            error=pair.error,
        )

    # ---- the judge itself -----------------------------------------------------------------------------------------

    @cached_property
    def _people(self) -> tuple[list[list[int]], int, int] | None:
        """What people prefer (A, B) against what the judge does (A, B, tie), unread ones, and inconsistent ones.

        The preferred answer stands first in every second pair, as it would where people do not know which is which.
        """
        if not self._humans:
            return None
        shown = [
            (asked, *((chosen, rejected) if place % 2 == 0 else (rejected, chosen)))
            for place, (asked, chosen, rejected) in enumerate(self._humans)
        ]
        judged = self._judged(shown)
        table = [[0, 0, 0] for _ in range(3)]
        for place, pair in enumerate(judged):
            if pair.error is None:
                table[place % 2][("first", "second", "tie").index(pair.winner)] += 1
        self.unanswered += sum(pair.silent for pair in judged)
        return table, sum(pair.error is not None for pair in judged), sum(bool(pair.inconsistent) for pair in judged)


def _pair(told: Sequence[tuple[str, Said]]) -> _Pair:
    """One verdict of two: a win where both orders name the same answer, else a tie."""
    asked = tuple({"question": question, "answer": said.text} for question, said in told)
    winners = [_winner(said) for _, said in told]
    silent = any(said.error for _, said in told)
    if problem := next((said for said in winners if said not in {"A", "B", "TIE"}), None):
        return _Pair(asked=asked, error=problem, silent=silent)
    in_order, reversed_order = winners
    turned = {"A": "B", "B": "A"}.get(reversed_order, "TIE")
    if in_order != turned:
        return _Pair("tie", True, asked)
    return _Pair({"A": "first", "B": "second"}.get(in_order, "tie"), False, asked)  # type: ignore[arg-type]


def _winner(said: Said) -> str:
    """`A`, `B` or `TIE`, or why the judge names none."""
    if said.error is not None:
        return f"the judge did not answer: {said.error}"
    lines = [line for line in said.text.strip().splitlines() if line.strip()]
    found = _WINNER.findall(said.text)
    if not lines or len(found) != 1 or not _WINNER.match(lines[-1]):
        return f"no winner can be read from what the judge said ({said.text.strip()[-80:]!r})"
    return str(found[0]).upper()


def _problem(own: Transcript, other: Transcript, against: str) -> str | None:
    if own.error is not None:
        return own.error
    if other.error is not None:
        return f"{against} did not answer: {other.error}"
    if len(own.responses) != 1 or len(other.responses) != 1:
        return "a transcript has not one answer, where one is judged"
    return None


def _preferred(row: Row) -> tuple[str, str, str]:
    """What was asked, the answer that people preferred, and the other one."""
    said = row.expected
    where = f"judge_pairs: {row.file}:{row.line} of `humans`"
    if not isinstance(said, Preference) or len(said.chosen) != 1 or len(said.rejected) != 1:
        raise UsageError(f"{where} is no pair of which one was preferred: give `prompt`, `chosen` and `rejected`")
    if why := not_shown((*row.turns, *said.rejected)):
        raise UsageError(f"{where}: {why}")
    return conversation(row.turns[:-1], row.tools), words_of(said.chosen[0]), words_of(said.rejected[0])
