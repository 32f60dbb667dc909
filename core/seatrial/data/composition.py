"""Composition: how many rows of each label and slice the splits hold, and what train or the held-out sets lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from seatrial.rows import Rows

__all__ = ["LEARNED", "Composition"]

LEARNED = ("train", "validation")
"""Splits that a product hangs on, by their loss or by the choice of a checkpoint; on every other one it is scored."""

Counts = Mapping[str, int]
"""Split → rows."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What the splits are made of."""

    rows: Mapping[str, int]
    """Split → rows."""
    labels: Mapping[str, Counts]
    """Label → split → rows."""
    slices: Mapping[str, Counts]
    """Slice → split → rows."""

    @classmethod
    def of(cls, splits: Mapping[str, Rows]) -> Composition:
        """Count the rows of `train`, and of any other split, each read once."""
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
                name: [one for one, counts in of.items() if there(counts) and not here(counts)]
                for name, of, there, here in self._lacks()
            },
            "unknown": {
                name: f"no {'train' if there is _trained else 'test'} row has a {name.partition('s_')[0]}"
                for name, of, there, _ in self._lacks()
                if not any(map(there, of.values()))
            },
        }

    def _lacks(self) -> Iterator[tuple[str, Mapping[str, Counts], Callable[[Counts], int], Callable[[Counts], int]]]:
        """What is counted, where it must be for something to be lacking, and where it is lacking then."""
        for plural, of in (("labels", self.labels), ("slices", self.slices)):
            yield f"{plural}_not_in_train", of, _scored, _trained
            yield f"{plural}_not_in_test", of, _trained, _scored


def _trained(counts: Counts) -> int:
    return counts["train"]


def _scored(counts: Counts) -> int:
    """Of `test` and of every set below `data.tests`."""
    return sum(rows for split, rows in counts.items() if split not in LEARNED)


def _by_name(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    names = sorted({name for counter in counts.values() for name in counter})
    return {name: {split: counter[name] for split, counter in counts.items()} for name in names}
