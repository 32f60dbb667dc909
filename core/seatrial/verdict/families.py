"""Families of gates: one drop among many tasks may be chance, so failures are held to Holm's step-down.

A verdict that asks every gate to pass needs no correction for that (intersection-union), but one that any significant drop
fails does: of five tasks whose drop stands on the margin, one in five verdicts would fail by chance alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from seatrial.verdict.verdict import Decision

__all__ = ["LEVEL", "by_holm"]

LEVEL = 0.05
"""The chance that any gate of a family fails where none should."""


def by_holm(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions, in their order; those that failed in a family say what Holm (1979, Scandinavian Journal of Statistics 6:65) leaves.

    A failure whose adjusted p-value is no less than 0.05 becomes inconclusive. Passes stay: each was shown by itself.
    """
    found = list(decisions)
    families: defaultdict[str, list[int]] = defaultdict(list)
    for place, decision in enumerate(decisions):
        if decision.family:
            families[decision.family].append(place)
    for name, places in families.items():
        failed = [place for place in places if found[place].outcome == "fail" and found[place].p is not None]
        adjusted = 0.0
        for rank, place in enumerate(sorted(failed, key=lambda place: (found[place].p, place))):
            one = found[place]
            assert one.p is not None
            adjusted = min(1.0, max(adjusted, (len(places) - rank) * one.p))
            told = f"Holm over the {len(places)} gates of {name}: p = {one.p:.2g}, adjusted {adjusted:.2g}"
            outcome = one.outcome if adjusted < LEVEL else "inconclusive"
            kept = "" if outcome == "fail" else ", which may be chance among so many"
            found[place] = replace(one, outcome=outcome, reason=f"{one.reason}; {told}{kept}")
    return found
