"""What reports show of decontamination: what must not stand in train, and how much of it does, by rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seatrial.blocks import Block, Table, Text
from seatrial.terminal.figures import count, with_share
from seatrial.terminal.names import listed, name_of
from seatrial_plugins.decontamination.held_out import HELD_OUT

__all__ = ["GivenAway", "given_away_blocks", "unread_blocks"]

_MANY = 0.01
"""The share of a side's rows from which on those that were compared with nothing are a warning."""


@dataclass(frozen=True, slots=True)
class GivenAway:
    """One group of texts that must not stand in train: the held-out rows, or a benchmark."""

    name: str
    items: int
    looked_for: Mapping[str, int]
    """Rule → how many of the items it could look for."""
    found: Mapping[str, int]
    """Rule → how many of them train gives away."""
    by_any: int | None
    """How many of them any rule found; None where no rule could look for one."""


def given_away_blocks(groups: Sequence[GivenAway], rules: Sequence[str], learned: str = "train") -> Iterator[Block]:
    """One table: what train, or validation, must not give away."""
    held_out = "held-out" if learned == "train" else "test"
    partly = any(looked < group.items for group in groups for looked in group.looked_for.values())
    says = f"Looked for by {listed(rules)}: a text that these rules do not see is not found."
    if partly:
        says += " Not looked for: texts too short for a rule, or without enough words besides those that many of them share."
    yield Table(
        f"What must not stand in {learned}, and what of it does",
        ("Texts", "Items", "Given away", "By rule"),
        [
            (
                held_out if group.name == HELD_OUT else name_of(group.name),
                count(group.items),
                "not known" if group.by_any is None else with_share(group.by_any, group.items),
                ", ".join(
                    f"{rule} {with_share(n, group.items)}{_short(group, rule)}" for rule, n in group.found.items()
                ),
            )
            for group in groups
        ],
        says,
    )


def unread_blocks(unread: Sequence[str], train: int, held_out: Sequence[str]) -> Iterator[Block]:
    """A sentence, where an encoder knew nothing of some rows."""
    if not unread:
        return
    theirs = len(set(unread) & set(held_out))
    sides = (("train", len(unread) - theirs, train), ("held-out", theirs, len(held_out)))
    said = " and ".join(f"{with_share(rows, of)} {side} rows" for side, rows, of in sides if rows)
    yield Text(
        "What the encoder could not read",
        [
            f"Of {said} the encoder knows nothing: rules that embed compare them with nothing, so none of them counts as clean."
        ],
        alarming=any(rows >= _MANY * of for _, rows, of in sides if rows),
    )


def _short(group: GivenAway, rule: str) -> str:
    """What a rule did not look for."""
    rest = group.items - group.looked_for.get(rule, group.items)
    return f" ({count(rest)} not looked for)" if rest > 0 else ""
