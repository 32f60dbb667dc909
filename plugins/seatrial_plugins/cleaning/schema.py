"""Schema: is this row a conversation that a model can learn from?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from seatrial import Finding, Row, Span, Turn
from seatrial.rows import Check, Preference
from seatrial_plugins.cleaning.tool_calls import Fault, calls_of, tool_faults

__all__ = ["Schema"]

ROLES = ("system", "user", "assistant", "tool")

MAY_FOLLOW = {
    "": {"user"},
    "user": {"assistant"},
    "assistant": {"user", "tool"},
    "tool": {"assistant", "tool"},
}
"""Role → roles that may speak next, system turns left out; "" is the start."""

PLACEHOLDERS = frozenset(
    {
        *("<noinput>", "<nooutput>", "<no input>", "<no output>", "no input", "no output", "[no input]", "[no output]"),
        *("n/a", "nan", "null", "none", "undefined", "tbd", "todo"),
    }
)
"""What stands where a text is missing, in lower case: Alpaca's generator wrote the first kinds, pandas and JavaScript the
second, people the last."""

_SHOWN = 10
"""Turns that a finding lists."""

_LONGEST = max(map(len, PLACEHOLDERS)) + len("...")

NAMES_AN_ANSWER = frozenset({"text-label", "choice"})
"""Formats whose answer is a name: `none` and `n/a` may well be one."""


class Schema:
    """Every fault of every row, one finding a rule and row."""

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """The faults of the rows, row by row."""
        for row in rows:
            yield from _faults(row)


def _faults(row: Row) -> Iterator[Finding]:
    if not row.turns:
        yield Finding(row.id, "no-turns", "the row has no turns at all", score=0)
    else:
        yield from _roles(row)
        yield from _contents(row)
        yield from _tools(row)
        if row.format not in NAMES_AN_ANSWER:
            yield from _answers(row)
        if not row.answered and not isinstance(row.expected, Check):
            yield _at(row, "unanswered", [len(row.turns) - 1], f"the last turn is the {_named(row.turns[-1])}'s")
        elif not isinstance(row.expected, Preference):
            yield from _untrained(row)
    if row.format == "choice":
        yield from _choices(row)
    if row.format == "text-label" and (row.label is None or _says_nothing(row.label)):
        yield Finding(row.id, "empty-label", "there is no label" if row.label is None else "the label shows nothing")


def _untrained(row: Row) -> Iterator[Finding]:
    spoken = [index for index, turn in enumerate(row.turns) if turn.role == "assistant"]
    if spoken and not any(row.turns[index].trained for index in spoken):
        yield _at(row, "untrained", spoken, "its source says of every answer that it is only context")


def _roles(row: Row) -> Iterator[Finding]:
    roles = [turn.role for turn in row.turns]
    unknown = [index for index, role in enumerate(roles) if role not in ROLES]
    if unknown:
        names = ", ".join(sorted({repr(roles[index]) for index in unknown}))
        yield _at(row, "unknown-role", unknown, f"{names}; known are {', '.join(ROLES)}")
    misplaced = [index for index, role in enumerate(roles) if role == "system" and index > 0]
    if misplaced:
        yield _at(row, "misplaced-system", misplaced, f"a system turn at place {misplaced[0] + 1}")
    spoken = [(index, role) for index, role in enumerate(roles) if role in MAY_FOLLOW]
    out_of_order = [
        (index, role, before)
        for (_, before), (index, role) in pairwise([(-1, ""), *spoken])
        if role not in MAY_FOLLOW[before]
    ]
    if out_of_order:
        index, role, before = out_of_order[0]
        place = f"after the {before}'s" if before else "first"
        yield _at(row, "role-order", [found[0] for found in out_of_order], f"turn {index}: the {role}'s {place}")


def _contents(row: Row) -> Iterator[Finding]:
    empty = [
        index
        for index, turn in enumerate(row.turns)
        if _says_nothing(turn.content) and not (turn.images or calls_of(turn))
    ]
    if empty:
        yield _at(row, "empty-turn", empty, _listed(row, empty))
    repeated = [index for index, (before, turn) in enumerate(pairwise(row.turns), 1) if _repeats(turn, before)]
    if repeated:
        yield _at(row, "repeated-turn", repeated, _listed(row, repeated))


def _repeats(turn: Turn, before: Turn) -> bool:
    """Whether somebody says it again, white space aside. Of tools, several may well answer the same."""
    return (
        (turn.role, turn.name, turn.calls, turn.images) == (before.role, before.name, before.calls, before.images)
        and turn.role != "tool"
        and turn.content.split() == before.content.split()
    )


def _tools(row: Row) -> Iterator[Finding]:
    by_rule: defaultdict[str, list[Fault]] = defaultdict(list)
    for fault in tool_faults(row):
        by_rule[fault.rule].append(fault)
    for rule, faults in by_rule.items():
        turns = list(dict.fromkeys(fault.turn for fault in faults))
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        yield _at(row, rule, turns, f"turn {faults[0].turn}: {faults[0].detail}{more}")


def _answers(row: Row) -> Iterator[Finding]:
    placeholders = [index for index, turn in enumerate(row.turns) if _is_placeholder(turn, row)]
    if placeholders:
        yield _at(row, "placeholder", placeholders, _listed(row, placeholders))
    if row.format == "alpaca":
        yield from _instruction(row)
    if row.format in {"alpaca", "prompt-completion"} and row.answered and len(row.turns) > 1:
        asked, answer = row.turns[-2].content.strip(), row.turns[-1].content.strip()
        if asked == answer and asked:
            yield _at(row, "echo", [len(row.turns) - 1], "the answer is the question, word for word")


def _instruction(row: Row) -> Iterator[Finding]:
    asked = [index for index, turn in enumerate(row.turns) if turn.role == "user"][:1]
    for index in asked:
        instruction, blank_line, given = row.turns[index].content.partition("\n\n")
        if blank_line and _says_nothing(instruction) and not _says_nothing(given):
            yield _at(row, "empty-instruction", asked, "there is an input, and nothing that says what to do with it")


def _is_placeholder(turn: Turn, row: Row) -> bool:
    if turn.role not in {"user", "assistant"}:
        return False
    # Alpaca's input stands behind its instruction and a blank line.
    said = turn.content.rpartition("\n\n")[2] if row.format == "alpaca" and turn.role == "user" else turn.content
    said = said.strip()
    return len(said) <= _LONGEST and said.rstrip(".").lower() in PLACEHOLDERS


def _choices(row: Row) -> Iterator[Finding]:
    if len(row.choices) < 2:
        yield Finding(row.id, "choice-count", f"{len(row.choices)} choices", score=len(row.choices))
    empty = [place for place, choice in enumerate(row.choices) if _says_nothing(choice)]
    if empty:
        detail = f"{len(empty)} of {len(row.choices)}, the first is choice {empty[0] + 1}"
        yield Finding(row.id, "empty-choice", detail, score=len(empty))
    counts = Counter(choice.strip() for choice in row.choices)
    copies = [choice for choice, count in counts.items() if count > 1]
    if copies:
        yield Finding(
            row.id, "choice-copies", "the same choice more than once", score=counts[copies[0]], matched_text=copies[0]
        )
    if row.target is not None and row.target not in row.choices:
        yield _at(row, "choice-answer", [len(row.turns) - 1], f"the answer is none of the {len(row.choices)} choices")


def _at(row: Row, rule: str, turns: Sequence[int], detail: str) -> Finding:
    """A finding about whole turns, counted. Details number turns as spans do, from 0."""
    spans = tuple(Span(index, 0, len(row.turns[index].content)) for index in turns)
    return Finding(row.id, rule, detail, score=len(turns), spans=spans)


def _listed(row: Row, turns: Sequence[int]) -> str:
    places = ", ".join(f"{index} ({_named(row.turns[index])})" for index in turns[:_SHOWN])
    return f"turn {places}" + (f" and {len(turns) - _SHOWN} more" if len(turns) > _SHOWN else "")


def _named(turn: Turn) -> str:
    return turn.role if turn.role in ROLES else "unknown role"


def _says_nothing(text: str) -> bool:
    """Whether no character of the text can be seen: white space, control, format and unassigned characters only."""
    return not any(character.isprintable() and not character.isspace() for character in text)
