"""Samples, the metrics computed from them, and scores with their intervals.

A scorer writes one `Sample` for each item it tried: named numbers, plus what a reviewer wants to see.
It never aggregates. `Metric` says how the samples' column becomes one number, and `summarise` computes it, with n and
an interval, the same way in a run, in `seatrial gate` and in every report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

__all__ = ["DIMENSIONS", "Dimension", "Interval", "Kind", "Metric", "Sample", "Score"]

Dimension = Literal["accuracy", "robustness", "safety", "efficiency", "delivery", "data"]
"""What a metric speaks of: the scorer's word, by which reports order what they show and name what was not looked at."""

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

Kind = Literal["proportion", "mean", "percentile", "maximum", "ratio_of_means", "corpus", "exact"]
"""How a column of per-sample values becomes a score.

proportion       share of ones among values of 0 and 1
mean             arithmetic mean
percentile       the `q`-th percentile, with a distribution-free interval from order statistics
maximum          the largest value seen: a census of what was run, with no sampling interval
ratio_of_means   1 - mean(column) / mean(`over`), as in the performance drop rate; undefined at mean(over) = 0
corpus           a number of all samples together, by `statistic`: F1 macro, MCC, ECE, corpus BLEU; a bootstrap's interval
exact            a count or measurement that is not a sample (rows dropped, tokens truncated); over samples, their sum
"""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number that a component produces; known before the run, so that gates can be checked."""

    name: str
    """Unique in its component, such as `accuracy`; a suite says `choice/accuracy`."""
    column: str
    """The samples' value that it is computed from."""
    kind: Kind
    better: Literal["higher", "lower"]
    summary: str
    """One sentence for reviewers, with the formula's source."""
    unit: str = ""
    """`ms`, `bytes`, `queries`, …; "" for a share or a pure number."""
    q: float | None = None
    """The percentile, 0 to 100, of kind `percentile`."""
    over: str | None = None
    """The denominator's column of kind `ratio_of_means`."""
    limits: tuple[float, float] | None = None
    """The smallest and largest value there can be, of kinds `mean`, `corpus` and `exact`: (0, 1) for F1. None: not known.

    Bounds of gates are held against them, and so is what a filter measures. With limits a mean has bounds from any sample;
    without, a sample whose values are all the same has none.

    Of kind `ratio_of_means`, those of a sample's value in both columns: (0, 1) where they say right or wrong. Where the lower
    one is not below 0, the ratio is at most 1.
    """
    unmeasured: str = ""
    """What a sample without an error and without this number is, where it is a gap in what was looked at: `empty answers`.

    A gate then passes only where it would whatever these were, and says how many they are. "": the metric just does not apply
    there.
    """
    gap: str | None = None
    """The column that has no number where `unmeasured` holds, where that is another one of the scorer's columns.

    The success rate of an attack has none for rows that were wrong already either, and those are no gap. None: `column`.
    """
    statistic: str = ""
    """What computes a metric of kind `corpus`: a name of `seatrial.stats.STATISTICS`."""
    also: tuple[str, ...] = ()
    """The columns that it reads beside `column`, of kind `corpus`, in the statistic's order."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one scorer saw of one system on one item."""

    row: str
    """The row's id, or a stable name of the item where it is no row (`request-017`)."""
    values: Mapping[str, float | None]
    """Column → number. None means *not applicable here* (an attack on an item that was wrong already).

    A number that should exist and doesn't is an `error`, never None and never zero.
    """
    prediction: str | None = None
    target: str | None = None
    prompt_hash: str = ""
    """Digest of exactly what the system was given: paired tests refuse samples whose prompts differ."""
    slice: str = ""
    """The class or slice that the item belongs to."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """JSON evidence for reviewers: options and likelihoods, the attacked text and its changes."""
    error: str | None = None
    """Why the item could not be scored. One such sample makes the scores that need it missing."""
    lacks: tuple[str, ...] = ()
    """The columns that the error leaves without a number; none named means all of them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval."""

    low: float
    high: float
    level: float
    """Such as 0.95."""
    method: str
    """Such as `Wilson`, `Student t`, `order statistics`."""


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one system: a number with its n and interval, or the reason why there is none."""

    metric: str
    """Full name: `choice/accuracy`."""
    system: str
    """`tuned`, `base`, `base-4shot`, `majority`, …"""
    value: float | None
    """Over rows; of a system that was trained with several seeds, the mean over these."""
    n: int
    """How many rows (or other items) it is of, each counted once."""
    kind: Kind
    better: Literal["higher", "lower"]
    unit: str = ""
    interval: Interval | None = None
    missing: str | None = None
    """Why `value` or `interval` is None."""
    summary: str = ""
    clusters: int | None = None
    """How many clusters the n rows form; None where none repeats another."""
    seeds: int | None = None
    """How many training seeds it is the mean over; None for a system that has none."""
