"""Nearness: how near test rows stand to train rows, and which kinds of them nothing in train is like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seatrial_reports.facts import flat, mapping, number, text, whole
from seatrial_reports.names import name_of, tallied
from seatrial_reports.numbers import out_of, share

__all__ = ["Kind", "Nearness", "build_kind", "build_nearness"]


@dataclass(frozen=True, slots=True)
class Nearness:
    """How the nearest train row was looked for, and found."""

    lonely: str
    """`30 of 3,080 (1.0%)` test rows have no near train row; `30 of 300 (10.0%), drawn from 3,000,000` where not all were
    compared; "" where nobody looked."""
    measure: str
    """What counts as not near: `cosine of weighted words below 0.25`."""
    nearest: str
    """How near the nearest is: `minimum 0.231, 5% 0.45, median 0.72, 95% 0.93`; "" where nobody looked."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A group of test rows that are like each other and like nothing, or little, in train."""

    name: str
    """The words that set it apart; "" where it has none."""
    size: str
    """`39 rows`."""
    labels: str
    """Its labels with their counts."""
    example: str
    similarity: str
    """Of any of its rows to the nearest train row; "" where that is not known."""


def build_nearness(facts: Mapping[str, object], test: int | None = None) -> Nearness:
    """From what a stage or a filter counted.

    Args:
        facts: `compared` test rows (else all of them), drawn from so many where there are more, and how many of them are
            `without_neighbour`, by a `measure` below a `threshold`; `similarity_quantiles`.
        test: how many test rows there are, where the facts do not tell.
    """
    lonely, threshold, measure = whole(facts, "without_neighbour"), number(facts, "threshold"), text(facts, "measure")
    every = whole(facts, "of") or test
    compared = whole(facts, "compared") or every
    return Nearness(
        lonely=out_of(lonely, compared, every) if lonely is not None and compared else "",
        measure=f"{measure} below {threshold:g}" if measure and threshold is not None else measure,
        nearest=", ".join(f"{name} {written}" for name, written in flat(mapping(facts, "similarity_quantiles"))),
    )


def build_kind(facts: Mapping[str, object]) -> Kind:
    """From a group's `name`, `size`, `labels`, `example` (or `excerpt`) and `similarity`."""
    size, similarity = whole(facts, "size") or 1, number(facts, "similarity")
    return Kind(
        name=name_of(text(facts, "name")),
        size=f"{size:,} row{'' if size == 1 else 's'}",
        labels=tallied(mapping(facts, "labels")),
        example=(text(facts, "example") or text(facts, "excerpt")).strip(),
        similarity=share(similarity) if similarity is not None else "",
    )
