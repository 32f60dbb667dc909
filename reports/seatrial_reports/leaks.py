"""Leaks: train rows beside the held-out rows and benchmark items that they give away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.runs.result import Result
from seatrial_reports.columns import chosen, grouped, truths
from seatrial_reports.coverage import coverage_filters, leak_filters
from seatrial_reports.evidence import Example, quote
from seatrial_reports.facts import mapping, number, text, whole
from seatrial_reports.numbers import count, with_share
from seatrial_reports.places import knows_rows

if TYPE_CHECKING:
    import numpy as np

__all__ = ["GroupLine", "LeakPair", "Leaks", "build_leaks"]

LISTED = 200
"""Pairs are listed up to here."""


@dataclass(frozen=True, slots=True)
class LeakPair:
    """A train row, and what it gives away."""

    train_text: str
    train_place: str
    train_row: str
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
class GroupLine:
    """One group of texts that must not stand in train: the held-out rows, or a benchmark."""

    filter: str
    """Who looked."""
    name: str
    items: str
    given_away: str
    """`394 (71.4%)`, by any rule."""
    by_rule: tuple[tuple[str, str], ...]
    partly: bool
    """Whether some rule did not look for all of them."""


@dataclass(frozen=True, slots=True)
class Leaks:
    """What leakage filters found."""

    filters: tuple[str, ...]
    """Those that looked; empty where none did."""
    unknown: tuple[str, ...]
    """What could not be looked for, and why: `leakage: no held-out row has text enough …`."""
    findings: int
    rows: int
    """Rows that findings are about."""
    dropped: int
    pairs: tuple[LeakPair, ...]
    pairs_total: int
    groups: tuple[GroupLine, ...]
    nameless: bool
    """Whether partners are named by their ids alone because the run's rows are not beside it."""


def build_leaks(result: Result) -> Leaks:
    """From the ledger's entries of the leakage stage, and what its filters counted."""
    import pyarrow as pa

    filters = leak_filters(result)
    gaps = {text(one, "filter") for one in coverage_filters(result)}
    places = chosen(
        result.ledger, ("stage", "filter"), lambda stage, name: stage == "decontaminate" and name not in gaps
    )
    found = result.ledger.take(pa.array(places))
    keys, group = grouped(found, ("row", "matched_row"))
    pairs = _pairs(result, places, group)
    return Leaks(
        filters=tuple(
            text(one, "filter") for one in filters if mapping(one, "measures") or not mapping(one, "missing")
        ),
        unknown=tuple(
            f"{text(one, 'filter')}: {why}"
            for one in filters
            for why in dict.fromkeys(map(str, mapping(one, "missing").values()))
        ),
        findings=len(places),
        rows=len(grouped(found, ("row",))[0]),
        dropped=int(truths(found["decisive"]).sum()),
        pairs=pairs,
        pairs_total=len(keys),
        groups=tuple(line for one in filters for line in _groups(one)),
        nameless=bool(pairs) and not knows_rows(result) and not any(pair.other_place for pair in pairs),
    )


def _pairs(result: Result, places: np.ndarray, group: np.ndarray) -> tuple[LeakPair, ...]:
    """The first pairs; several rules may have found the same two."""
    entries_of: dict[int, list[int]] = {}
    first = group < LISTED
    for place, pair in zip(places[first].tolist(), group[first].tolist(), strict=True):
        entries_of.setdefault(pair, []).append(place)
    examples = quote(result, [places[0] for places in entries_of.values()])
    rules = result.ledger["rule"]
    return tuple(
        _pair(example, tuple(dict.fromkeys(rules[place].as_py() or "" for place in places)))
        for example, places in zip(examples, entries_of.values(), strict=True)
    )


def _pair(found: Example, rules: tuple[str, ...]) -> LeakPair:
    about, matched = (
        (found.excerpt, found.place, found.row),
        (found.matched_text, found.matched_place, found.matched_row),
    )
    # A finding is about the train row, unless the suite asked for the held-out one.
    train, other = (about, matched) if found.split in {"", "train"} else (matched, about)
    return LeakPair(*train, *other, rules, found.score, found.detail)


def _groups(facts: Mapping[str, object]) -> list[GroupLine]:
    measures, missing, lines = mapping(facts, "measures"), mapping(facts, "missing"), []
    for name, group in mapping(mapping(facts, "facts"), "groups").items():
        if not isinstance(group, Mapping):
            continue
        items = whole(group, "items")
        if items is None:
            continue
        any_rule = number(measures, f"{name}_contaminated")
        by_rule, looked_for = mapping(group, "contaminated"), mapping(group, "looked_for")
        lines.append(
            GroupLine(
                filter=text(facts, "filter"),
                name=name.replace("_", "-") if name == "held_out" else name,
                items=count(items),
                given_away=_share_of(any_rule, items) if f"{name}_contaminated" not in missing else "not known",
                by_rule=tuple(
                    (rule, _share_of(number(by_rule, rule), items) + _short(whole(looked_for, rule), items))
                    for rule in by_rule
                ),
                partly=any((whole(looked_for, rule) or 0) < items for rule in looked_for),
            )
        )
    return lines


def _short(looked_for: int | None, items: int) -> str:
    """What a rule did not look for."""
    return f" ({count(items - looked_for)} not looked for)" if looked_for is not None and looked_for < items else ""


def _share_of(n: float | None, items: int) -> str:
    return "" if n is None else with_share(n, items)
