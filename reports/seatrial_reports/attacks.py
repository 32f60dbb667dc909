"""Attacked texts with their changes marked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from seatrial.runs.result import Result
from seatrial_reports.asked import asked, in_words
from seatrial_reports.facts import loaded, mapping, number, text
from seatrial_reports.headline import subject
from seatrial_reports.numbers import count, share

__all__ = ["Attack", "AttackBlock", "Piece", "build_attacks", "compare"]

SHOWN = 12
"""Attacked texts shown, those that flipped the answer first."""
LONGEST = 2_000
"""Characters of a text that are compared."""

_MEANINGS = {
    "succeeded": "the answer flipped",
    "budget exhausted": "all queries spent, not flipped",
    "failed": "withstood the attack",
    "skipped": "wrong already, not attacked",
}
_ORDER = tuple(_MEANINGS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that stayed, went or came."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Attack:
    """One attacked item."""

    row: str
    outcome: str
    pieces: tuple[Piece, ...]
    target: str
    before: str
    """The answer to the original, with its probability where it is known."""
    after: str
    queries: str


@dataclass(frozen=True, slots=True)
class AttackBlock:
    """What one attacking scorer did to the system on trial."""

    scorer: str
    asked: str
    """The options that the suite gave it."""
    outcomes: tuple[tuple[str, str, int], ...]
    """(outcome, what it means, rows)."""
    n: int
    attacks: tuple[Attack, ...]


def build_attacks(result: Result) -> tuple[AttackBlock, ...]:
    """One block for each scorer whose samples hold an original and an attacked text."""
    import pyarrow.compute as pc

    options = {one.alias: in_words(one) for one in asked(result, "score")}
    blocks = []
    for alias, table in result.samples.items():
        mine = table.filter(pc.equal(table["system"], subject(result)))
        tried = [(record, loaded(record["detail"])) for record in mine.to_pylist()]
        tried = [(record, detail) for record, detail in tried if "original" in detail and "attacked" in detail]
        if tried:
            outcomes = [text(detail, "outcome") for _, detail in tried]
            ranked = sorted(zip(outcomes, range(len(tried)), strict=True), key=lambda pair: (_rank(pair[0]), pair[1]))
            counted = tuple(
                (name, _MEANINGS.get(name.replace("_", " "), ""), outcomes.count(name))
                for name in sorted(set(outcomes), key=_rank)
                if name
            )
            shown = [tried[place] for name, place in ranked if name != "skipped"][:SHOWN]
            blocks.append(
                AttackBlock(alias, options.get(alias, ""), counted, len(tried), tuple(_attack(r, d) for r, d in shown))
            )
    return tuple(blocks)


def _rank(outcome: str) -> tuple[int, str]:
    plain = outcome.replace("_", " ")
    return (_ORDER.index(plain) if plain in _ORDER else len(_ORDER), outcome)


def _attack(record: Mapping[str, object], detail: Mapping[str, object]) -> Attack:
    before = text(detail, "clean_prediction") or text(record, "target")
    after = text(record, "prediction")
    queries = number(record, "value:queries")
    if queries is None:
        queries = number(detail, "queries")
    return Attack(
        row=text(record, "row"),
        outcome=text(detail, "outcome"),
        pieces=tuple(compare(text(detail, "original"), text(detail, "attacked"))),
        target=text(record, "target"),
        before=_with_probability(before, mapping(detail, "clean_probabilities")),
        after=_with_probability(after, mapping(detail, "attacked_probabilities")),
        queries=count(queries) if queries is not None else "",
    )


def _with_probability(label: str, probabilities: Mapping[str, object]) -> str:
    p = number(probabilities, label)
    return label if p is None else f"{label} ({share(p)})"


def compare(original: str, attacked: str) -> list[Piece]:
    """Both texts as one run of pieces: `same` and `gone` spell the original, `same` and `new` the attacked text."""
    before, after = _words(original[:LONGEST]), _words(attacked[:LONGEST])
    pieces: list[Piece] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(before[i:j])))
            continue
        if i < j:
            pieces.append(Piece("gone", "".join(before[i:j])))
        if k < m:
            pieces.append(Piece("new", "".join(after[k:m])))
    return pieces


def _words(string: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", string)
