"""What reports show of an attack: what became of the rows, and the texts with their changes marked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from seatrial.blocks import Block, Diff, DiffItem, Table
from seatrial.evaluation.scorer import Scored
from seatrial.terminal.figures import count, share

__all__ = ["attack_blocks"]

_KEPT = 100
"""Attacked texts that are handed over, those that flipped the answer first."""

_MEANINGS = {
    "succeeded": "the answer flipped",
    "budget exhausted": "all queries spent, not flipped",
    "failed": "withstood the attack",
    "skipped": "wrong already, not attacked",
    "nothing tried": "ranking the words spent the budget before a changed text was tried: says nothing of robustness",
    "nothing to change": "no word could be changed: says nothing of robustness",
}
"""What an attack ends with, as TextAttack calls it, in the order in which a reviewer reads it."""

_NOT_ATTACKED = {"skipped", "nothing tried", "nothing to change"}


def attack_blocks(scored: Scored) -> Iterator[Block]:
    """The outcomes and the attacked texts of the system on trial."""
    tried = [
        (record, detail)
        for record in scored.samples.to_pylist()
        if record["system"] == scored.subject
        and {"original", "attacked", "outcome"} <= (detail := json.loads(record["detail"] or "{}")).keys()
    ]
    if not tried:
        return
    seeds = len({record.get("seed") for record, _ in tried})
    worst: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for one in sorted(tried, key=lambda one: _rank(_outcome(one[1]))):  # stable: rows stay in their order
        worst.setdefault(str(one[0]["row"]), one)
    tried = [worst[row] for row in dict.fromkeys(str(record["row"]) for record, _ in tried)]
    outcomes = Counter(_outcome(detail) for _, detail in tried)
    yield Table(
        "What became of the rows",
        ("Outcome", "What it means", "Rows"),
        [(name, _MEANINGS.get(name, ""), count(outcomes[name])) for name in sorted(outcomes, key=_rank)],
        "Texts were changed on purpose until the answer flipped or the budget of queries was spent. What a stronger attack "
        "would find is not known: the accuracy under attack is an upper bound."
        + (f" Of a row's outcomes with {seeds} seeds of training, the worst counts." if seeds > 1 else ""),
    )
    attacked = sorted(
        ((record, detail) for record, detail in tried if _outcome(detail) not in _NOT_ATTACKED),
        key=lambda one: _rank(_outcome(one[1])),
    )
    if attacked:
        yield Diff(
            "The attacked texts",
            [_item(record, detail) for record, detail in attacked[:_KEPT]],
            "Flipped answers first.",
            of=len(attacked),
        )


def _outcome(detail: Mapping[str, Any]) -> str:
    return str(detail["outcome"]).replace("_", " ")


def _rank(outcome: str) -> tuple[int, str]:
    known = tuple(_MEANINGS)
    return (known.index(outcome) if outcome in known else len(known), outcome)


def _item(record: Mapping[str, Any], detail: Mapping[str, Any]) -> DiffItem:
    queries, target = record.get("value:queries"), str(record["target"])
    return DiffItem(
        str(record["row"]),
        str(detail["original"]),
        str(detail["attacked"]),
        fields=(
            ("outcome", _outcome(detail) + (f" after {count(queries)} queries" if queries is not None else "")),
            ("before", _likely(str(detail.get("clean_prediction", target)), detail.get("clean_probabilities"))),
            ("after", _likely(str(record["prediction"] or ""), detail.get("attacked_probabilities"))),
            ("right is", target),
        ),
    )


def _likely(label: str, probabilities: object) -> str:
    p = probabilities.get(label) if isinstance(probabilities, Mapping) else None
    return f"{label} ({share(p)})" if isinstance(p, int | float) else label
