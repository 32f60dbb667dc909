"""Composition: how many rows of each label and slice train, validation and test hold, and what one has and another lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from seatrial.rows import Rows

__all__ = ["Composition"]


@dataclass(frozen=True, slots=True)
class Composition:
    """What the splits are made of."""

    rows: Mapping[str, int]
    """Split → rows."""
    labels: Mapping[str, Mapping[str, int]]
    """Label → split → rows."""
    slices: Mapping[str, Mapping[str, int]]
    """Slice → split → rows."""

    @classmethod
    def of(cls, splits: Mapping[str, Rows]) -> Composition:
        """Count the rows of `train` and `test`, and of any other split, each read once."""
        labels: dict[str, Counter[str]] = {split: Counter() for split in splits}
        slices: dict[str, Counter[str]] = {split: Counter() for split in splits}
        for split, rows in splits.items():
            for row in rows:
                if row.label is not None:
                    labels[split][row.label] += 1
                if row.slice:
                    slices[split][row.slice] += 1
        return cls({split: len(rows) for split, rows in splits.items()}, _by_name(labels), _by_name(slices))

    def facts(self) -> dict[str, object]:
        """As JSON values for reports; gates hold the counts, except what is `unknown`."""
        return {
            "rows": dict(self.rows),
            "labels": {name: dict(counts) for name, counts in self.labels.items()},
            "slices": {name: dict(counts) for name, counts in self.slices.items()},
            **{
                f"{plural}_not_in_{split}": [name for name, counts in of.items() if counts[other] and not counts[split]]
                for plural, of, split, other in self._lacks()
            },
            "unknown": {
                f"{plural}_not_in_{split}": f"no {other} row has a {plural[:-1]}"
                for plural, of, split, other in self._lacks()
                if not any(counts[other] for counts in of.values())
            },
        }

    def _lacks(self) -> list[tuple[str, Mapping[str, Mapping[str, int]], str, str]]:
        """What is counted, and the two ways in which a split may lack it."""
        return [
            (plural, of, split, other)
            for plural, of in (("labels", self.labels), ("slices", self.slices))
            for split, other in (("train", "test"), ("test", "train"))
        ]


def _by_name(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    names = sorted({name for counter in counts.values() for name in counter})
    return {name: {split: counter[name] for split, counter in counts.items()} for name in names}
