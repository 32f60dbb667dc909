"""Names out of data, such as labels, topics and slices: as much of them as is read at a glance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial.terminal.legible import one_line

__all__ = ["LONGEST", "listed", "name_of", "tallied"]

LONGEST = 120
"""Characters of a name."""

NAMED = 20
"""Names in a row."""


def name_of(name: object) -> str:
    """The name on one line; a very long one is cut, with `…`."""
    return one_line(str(name), LONGEST)


def listed(names: Sequence[object], most: int = NAMED) -> str:
    """Names in a row: the first ones where there are more, and how many more there are."""
    return _in_a_row([name_of(name) for name in names[:most]], len(names))


def tallied(counts: Mapping[str, int]) -> str:
    """Names with how many rows have them: `pin 39, card 2`."""
    return _in_a_row([f"{name_of(name)} {n}" for name, n in list(counts.items())[:NAMED]], len(counts))


def _in_a_row(shown: Sequence[str], every: int) -> str:
    more = f" and {every - len(shown):,} more" if every > len(shown) else ""
    return f"{', '.join(shown)}{more}"
