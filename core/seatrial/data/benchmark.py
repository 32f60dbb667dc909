"""A benchmark: named items that nothing may be trained on, read from a source that a component's option names."""

from __future__ import annotations

from dataclasses import dataclass

from seatrial.rows import Row

__all__ = ["Benchmark"]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a component gets for each entry of an option that is declared as `Use("benchmarks")`."""

    name: str
    """As the suite calls it."""
    items: tuple[Row, ...]
    """Every item as a row: what a model is asked and, where the suite names it, the answer. An item's id is
    `benchmark/name of the item`, unlike any row's of the run."""
