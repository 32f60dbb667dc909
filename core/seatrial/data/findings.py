"""What a filter says about a row. A filter tags; the suite decides; the ledger remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ACTIONS", "EXCERPT", "Action", "Finding", "Rule", "Span"]

Action = Literal["drop", "redact", "repair", "flag"]
"""What is done about a finding. `redact` and `repair` apply the finding's replacements; `flag` only records it."""

ACTIONS: tuple[Action, ...] = ("drop", "redact", "repair", "flag")

EXCERPT = 200
"""Characters of a row that the ledger keeps beside each finding about it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a filter looks for."""

    name: str
    """Unique in its filter, such as `email`; the ledger shows `privacy/email`."""
    summary: str
    """One sentence for reviewers: what is found, by which definition or threshold."""
    action: Action = "drop"
    """What happens where the suite says nothing else."""
    version: str = "1"
    """Raised by whoever changes the rule so that, under the same options, it finds other rows, or the same ones with other
    scores, spans, replacements or matches; not for another wording of `detail`, nor for another default of an option.

    So a rule of one version means the same in two ledgers, and no run goes on from what another version found."""
    fixed: bool = False
    """Whether a suite can set no other action: what is found is a reason for no other, as in a row that others went for."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one turn, and what may stand there instead."""

    turn: int
    """Index into `row.all_turns`: those of the conversation, and behind them those of other answers."""
    start: int
    """First character, 0-based."""
    end: int
    """One past the last character."""
    replacement: str | None = None
    """The repaired or redacted text; None where the finding offers none."""
    part: int | None = None
    """Which of the turn's parts the characters are counted in: those of a text, of a tool's result, or of a call's
    arguments as JSON (`seatrial.rows.text_in`). None: in `turn.content`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's statement about one row, with its evidence."""

    row: str
    """The row's id."""
    rule: str
    """The name of one of the filter's rules."""
    detail: str = ""
    """One sentence: what was found. Never holds a personal datum's raw value."""
    score: float | None = None
    """How strongly, in the rule's own unit (a probability, a similarity, a count); None where it has none."""
    spans: tuple[Span, ...] = ()
    matched_row: str | None = None
    """The id of the row that this one was matched with (a duplicate's survivor, a leaked test row)."""
    matched_text: str | None = None
    """The stretch of text that both share, or the text that was matched."""
