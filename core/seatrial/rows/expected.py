"""Expected answers: what a row says that the answer should be.

Where a row has an answer, it is the conversation's last turn; what is expected follows that turn (`settled`), so that
an answer that is repaired or redacted is so in both places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seatrial.rows.turn import Turn

__all__ = ["Check", "Choice", "Expected", "Label", "Preference", "References", "settled"]


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a class."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the options that a question offers."""

    options: tuple[str, ...]
    right: int | None = None
    """Which is right, from 0; None where the answer is none of them."""


@dataclass(frozen=True, slots=True)
class References:
    """Answers any of which is right; the first is the conversation's last turn."""

    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preference:
    """An answer that somebody preferred, and one that they rejected; one of them alone where answers were judged singly."""

    chosen: tuple[Turn, ...] = ()
    """The conversation's last turns."""
    rejected: tuple[Turn, ...] = ()
    """What might have stood in their place. Where nothing was preferred, the conversation's last turns: they are not
    trained."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is run to tell whether the answer is right, such as unit tests of the code that it holds."""

    kind: str
    """`python`: a program of `prefix`, the answer and `code`, one after the other, ends without an exception. `calls`: the answer
    makes the calls of tools that `code` says, a JSON list of {function: {argument: [each value that is right]}}, "" among the
    values where the argument may be left out; an empty list where no tool should be called."""
    code: str
    """The tests, or the calls. Where there is an `entry_point`, they define a function `check`, which is called with it at the end."""
    entry_point: str = ""
    """The name of the function that is tested, or ""."""
    prefix: str = ""
    """What stands before the answer: imports, or the code that it goes on with."""


Expected = Label | Choice | References | Preference | Check
"""What is expected of an answer."""


def settled(expected: Expected | None, turns: Sequence[Turn]) -> Expected | None:
    """What is expected of an answer, in agreement with the turns that a row has."""
    last = turns[-1] if turns and turns[-1].role == "assistant" else None
    if expected is None:
        return References((last.content,)) if last is not None and last.trained else None
    if isinstance(expected, References):
        if last is None or not last.trained:
            return None
        content = last.content
        return expected if expected.answers[:1] == (content,) else References((content, *expected.answers[1:]))
    if isinstance(expected, Choice) and last is not None:
        right = expected.options.index(last.content) if last.content in expected.options else None
        return expected if right == expected.right else replace(expected, right=right)
    if isinstance(expected, Preference):
        shown = len(expected.chosen or expected.rejected)
        said = tuple(turns[-shown:]) if shown else ()
        if not said:
            return None
        return replace(expected, chosen=said) if expected.chosen else replace(expected, rejected=said)
    return expected
