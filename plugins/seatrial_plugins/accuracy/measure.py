"""A metric of generated text as a suite names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seatrial import Metric

__all__ = ["Measure"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What becomes of it in scores, which `evaluate` module computes it, and under which options."""

    metric: Metric
    module: str
    """A class of `seatrial_plugins.accuracy.metrics`, or the address of a module of the user's."""
    key: str = ""
    """Which value of what `compute` returns; "" for the only one, or the one that is called like the metric."""
    columns: tuple[str, ...] = ()
    """Of a metric of a corpus: what `compute` counts of each answer; none for the metric's own value."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What `compute` gets beside predictions and references."""
