"""Evidence: findings of the ledger as reports quote them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seatrial.data.findings import EXCERPT
from seatrial.runs.result import Result
from seatrial_reports.places import find_places

__all__ = ["Example", "in_a_row", "quote", "quote_all"]

LONGEST = 400
"""Characters of a finding's detail, and of the text that it matched."""


@dataclass(frozen=True, slots=True)
class Example:
    """One finding with its evidence."""

    row: str
    place: str
    """`file:line`."""
    split: str
    """Where the row was when it was found; "" before the split."""
    rule: str
    excerpt: str
    """The row's beginning: its turns, each on a line of its own; it ends in `…` where the row goes on."""
    detail: str
    matched_row: str
    matched_place: str
    """`file:line`; "" where it is not known."""
    matched_text: str
    score: str
    """In the rule's own unit: a probability, a similarity, a count; "" where there is none."""


def quote(result: Result, indices: Sequence[int]) -> list[Example]:
    """The findings at those places of the ledger, in that order."""
    return quote_all(result, {"": indices})[""]


def quote_all(result: Result, named: Mapping[str, Sequence[int]]) -> dict[str, list[Example]]:
    """Several lists of findings by name; places are looked up once for all of them."""
    import pyarrow as pa

    records = {name: result.ledger.take(pa.array(indices, pa.int64())).to_pylist() for name, indices in named.items()}
    matched = {record["matched_row"] for listed in records.values() for record in listed if record["matched_row"]}
    places = find_places(result, matched) if matched else {}
    return {name: [_example(record, places) for record in listed] for name, listed in records.items()}


def in_a_row(text: str) -> str:
    """Lines in a row, with a sign between them: a question and its answer are two things, not one sentence."""
    return " ⏎ ".join(line.strip() for line in text.strip().splitlines() if line.strip())


def _example(record: Mapping[str, object], places: Mapping[str, str]) -> Example:
    def said(name: str) -> str:
        return str(record[name] or "")

    score, matched = record["score"], said("matched_row")
    return Example(
        row=said("row"),
        place=f"{said('file')}:{record['line']}" if record["file"] else "",
        split=said("split"),
        rule=said("rule"),
        excerpt=_cut(said("excerpt")),
        detail=_short(said("detail")),
        matched_row=matched,
        matched_place=places.get(matched, ""),
        matched_text=_short(said("matched_text").strip()),
        score=_number(score) if isinstance(score, float) and math.isfinite(score) else "",
    )


def _cut(excerpt: str) -> str:
    """The row's beginning, with a mark where the ledger keeps no more of it."""
    return excerpt.strip() + ("…" if len(excerpt) >= EXCERPT else "")


def _short(quoted: str) -> str:
    """What a finding says or quotes, as far as it can be read at a glance; all of it stands in the ledger."""
    return quoted if len(quoted) <= LONGEST else f"{quoted[:LONGEST]}…"


def _number(score: float) -> str:
    """In a rule's own unit: counts in full, shares and similarities with three digits."""
    return f"{score:,.0f}" if score.is_integer() and abs(score) < 1e15 else f"{score:.3g}"
