"""A rubric: criteria with a scale, the question that each makes, and the grade that an answer names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seatrial import Turn, UsageError
from seatrial_plugins.judging.material import conversation, marked

__all__ = ["Rubric", "passing_grade"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_GRADE = re.compile(
    r"^[ \t>*#_`]*(?:final )?(?:grade|score)[ \t*_`]*:[ \t*_`]*(-?\d+)[ \t*_`.]*$", re.IGNORECASE | re.MULTILINE
)


def passing_grade(criteria: Mapping[str, str], scale: Sequence[int], passing: int | None) -> int:
    """The grade from which on an answer passes.

    Raises:
        UsageError: a criterion's name or text is none, or scale and passing leave nothing that could pass, or fail.
    """
    for name, asks in criteria.items():
        if not _NAME.fullmatch(name) or name == "passed":
            raise UsageError(
                f"criteria: {name!r} is no name of a criterion; take lower-case letters, digits and _, and not `passed`"
            )
        if not asks.strip():
            raise UsageError(f"criteria: {name} says nothing of what it asks for")
    low, high = scale
    if not low < high:
        raise UsageError(f"scale: {low} to {high} is none; write the worst grade first and the best behind it")
    least = high if passing is None else passing
    if not low < least <= high:
        raise UsageError(f"passing: {least}; it lies above {low}, the worst grade, and is at most {high}, the best")
    return least


class Rubric:
    """What a judge is asked of one answer."""

    def __init__(self, criteria: Mapping[str, str], low: int, high: int, *, reference: bool) -> None:
        self.criteria = dict(criteria)
        self.low, self.high = low, high
        self.reference = reference

    def question(
        self,
        criterion: str,
        turns: Sequence[Turn],
        answer: str,
        expected: str | None,
        tools: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """What the judge is asked of an answer by one criterion."""
        material = {"conversation": conversation(turns, tools), "answer": answer}
        if self.reference and expected is not None:
            material["expected answer"] = expected
        return (
            f"Grade the answer that an assistant gave at the end of a conversation, by one criterion and nothing else.\n\n"
            f"Criterion: {self.criteria[criterion]}\n"
            f"Grades: whole numbers from {self.low} (not met at all) to {self.high} (fully met).\n\n"
            f"{marked(material)}\n\n"
            "Say why in at most three sentences. Then write, as the last line and nothing behind it, `Grade: ` and the number."
        )

    def grade(self, said: str) -> int | str:
        """The grade that an answer of the judge names in its last line, or why it names none.

        Nothing is guessed: two grades, a fraction, or a number beyond the scale are none.
        """
        lines = [line for line in said.strip().splitlines() if line.strip()]
        found = _GRADE.findall(said)
        if not lines or len(found) != 1 or not _GRADE.match(lines[-1]):
            why = "it names several" if len(found) > 1 else "its last line is not `Grade: N`"
            return f"no grade can be read from what the judge said: {why} ({said.strip()[-80:]!r})"
        grade = int(found[0])
        if not self.low <= grade <= self.high:
            return f"the judge gave the grade {grade}, on a scale from {self.low} to {self.high}"
        return grade
