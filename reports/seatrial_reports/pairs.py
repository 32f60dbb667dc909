"""Pairs: rows beside the ones that a filter matched them with, such as a train row and the test row that it gives away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.runs.result import Result
from seatrial_reports.columns import chosen, grouped
from seatrial_reports.evidence import Example, quote
from seatrial_reports.places import knows_rows

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Pair", "Pairs", "build_pairs"]

LISTED = 200
"""Pairs are listed up to here."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The row that a finding is about, and the one that it was matched with."""

    text: str
    place: str
    row: str
    split: str
    other_text: str
    """The text that both share, or the other's text."""
    other_place: str
    """`file:line`; "" where it is not known, as for a benchmark's item."""
    other_row: str
    rules: tuple[str, ...]
    score: str
    """By the first of the rules."""
    detail: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of one filter."""

    pairs: tuple[Pair, ...]
    total: int
    nameless: bool
    """Whether partners are named by their ids alone because the run's rows are not beside it."""


def build_pairs(result: Result, stage: str, name: str) -> Pairs | None:
    """The first pairs that a filter found; None where it matched no rows. Several rules may have found the same two."""
    import pyarrow as pa
    import pyarrow.compute as pc

    own = chosen(result.ledger, ("stage", "filter"), lambda *key: key == (stage, name))
    matched = pc.is_valid(result.ledger["matched_row"].take(pa.array(own)))
    places = own[matched.combine_chunks().to_numpy(zero_copy_only=False)]
    if not len(places):
        return None
    keys, group = grouped(result.ledger.take(pa.array(places)), ("row", "matched_row"))
    pairs = _first(result, places, group)
    nameless = not knows_rows(result) and not any(pair.other_place for pair in pairs)
    return Pairs(pairs, len(keys), nameless)


def _first(result: Result, places: np.ndarray, group: np.ndarray) -> tuple[Pair, ...]:
    entries_of: dict[int, list[int]] = {}
    first = group < LISTED
    for place, pair in zip(places[first].tolist(), group[first].tolist(), strict=True):
        entries_of.setdefault(pair, []).append(place)
    examples = quote(result, [found[0] for found in entries_of.values()])
    rules = result.ledger["rule"]
    return tuple(
        _pair(example, tuple(dict.fromkeys(rules[place].as_py() or "" for place in found)))
        for example, found in zip(examples, entries_of.values(), strict=True)
    )


def _pair(found: Example, rules: tuple[str, ...]) -> Pair:
    return Pair(
        found.excerpt,
        found.place,
        found.row,
        found.split,
        found.matched_text,
        found.matched_place,
        found.matched_row,
        rules,
        found.score,
        found.detail,
    )
