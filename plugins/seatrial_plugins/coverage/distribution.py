"""A distribution: how the rows of each split fall into parts, and the parts that one split has and another lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.distance import jensenshannon

__all__ = ["SPLITS", "Distribution", "Gap", "Part", "count_parts"]

SPLITS = ("train", "validation", "test")

_LISTED = 200
"""Parts that are told one by one; a set may have as many labels as rows."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a part is a gap."""

    split: Literal["train", "test"]
    """Where it lacks rows."""
    kind: Literal["absent", "thin"]
    expected: float
    """The rows that the split would have of all that both have of the part, if both were alike."""


@dataclass(frozen=True, slots=True)
class Part:
    """One label, topic, language or band."""

    name: str
    rows: Mapping[str, int]
    """Split → rows."""
    gap: Gap | None
    example: str = ""

    def facts(self) -> dict[str, object]:
        """As JSON values."""
        told: dict[str, object] = {"name": self.name, "rows": dict(self.rows)}
        if self.gap:
            told |= {self.gap.kind: self.gap.split, "expected": round(self.gap.expected, 1)}
        return told | ({"example": self.example} if self.example else {})


@dataclass(frozen=True, slots=True)
class Distribution:
    """The rows of each split by part."""

    name: str
    parts: tuple[Part, ...]
    """In their own order where they have one (bands), else the largest first."""
    divergence: float | None
    """Jensen-Shannon divergence of train and test in bits, from 0 to 1 (Lin 1991); None where one of them has no row."""
    chance: float | None
    """What it would be on average if both were drawn from one source: (parts - 1)(1/train + 1/test) / (8 ln 2).

    The first term of its expansion, as of every such divergence, is a χ² statistic of that mean.
    """
    rows: Mapping[str, int]
    """Split → rows that are in any part."""
    says: str = ""
    """How parts were made, for reviewers."""

    def gaps(self, split: str) -> list[Part]:
        """The parts that lack rows in a split."""
        return [part for part in self.parts if part.gap and part.gap.split == split]

    def measures(self) -> dict[str, float]:
        """What gates can hold; nothing where train and test cannot be compared."""
        if self.divergence is None:
            return {}
        return {
            f"{self.name}_gaps_in_train": len(self.gaps("train")),
            f"{self.name}_gaps_in_test": len(self.gaps("test")),
            f"{self.name}_divergence": self.divergence,
        }

    def facts(self) -> dict[str, object]:
        """As JSON values; at most 200 parts, first those that are gaps, then the largest."""
        weight = sorted(range(len(self.parts)), key=lambda at: (self.parts[at].gap is None, -_total(self.parts[at])))
        told = sorted(weight[:_LISTED])
        return {
            "name": self.name,
            "says": self.says,
            "rows": dict(self.rows),
            "parts": [self.parts[at].facts() for at in told],
            "others": len(self.parts) - len(told),
            "divergence": _rounded(self.divergence),
            "chance": _rounded(self.chance),
        }


def count_parts(
    name: str,
    parts: Sequence[str],
    of: np.ndarray,
    split: np.ndarray,
    *,
    thin: float,
    expected: float,
    always: bool = False,
    ordered: bool = False,
    says: str = "",
    examples: Mapping[int, str] | None = None,
) -> Distribution:
    """Count rows by part and split.

    Args:
        name: of the dimension.
        parts: their names.
        of: the part of each row by its place in `parts`, -1 for none; shape [rows].
        split: the split of each row by its place in `SPLITS`, shape [rows].
        thin: a part is thin in a split where its share is below this share of its share in the other.
        expected: the fewest rows that would be expected, for a gap to count.
        always: whether a part that is absent counts however few would be expected.
        ordered: whether parts have an order of their own.
        says: how the parts were made.
        examples: place of a part → a text that stands for it.
    """
    inside = of >= 0
    counts = np.bincount(split[inside] * len(parts) + of[inside], minlength=len(SPLITS) * len(parts))
    table = counts.reshape(len(SPLITS), len(parts))
    train, test = table[SPLITS.index("train")], table[SPLITS.index("test")]
    compared = bool(train.sum() and test.sum())
    filled = [place for place in range(len(parts)) if table[:, place].any()]
    if ordered and filled:
        filled = list(range(filled[0], filled[-1] + 1))
    else:
        filled.sort(key=lambda place: (-int(table[:, place].sum()), parts[place]))
    made = tuple(
        Part(
            parts[place],
            {name: int(table[at, place]) for at, name in enumerate(SPLITS) if table[at].any()},
            next(_gap(train, test, place, thin, expected, always=always), None) if compared else None,
            (examples or {}).get(place, ""),
        )
        for place in filled
    )
    both = int(np.count_nonzero(train + test))
    return Distribution(
        name=name,
        parts=made,
        divergence=float(jensenshannon(train, test, base=2) ** 2) if compared else None,
        chance=(both - 1) * (1 / train.sum() + 1 / test.sum()) / (8 * np.log(2)) if compared else None,
        rows={name: int(table[at].sum()) for at, name in enumerate(SPLITS) if table[at].any()},
        says=says,
    )


def _gap(
    train: np.ndarray, test: np.ndarray, place: int, thin: float, expected: float, *, always: bool
) -> Iterator[Gap]:
    sides: tuple[tuple[Literal["train", "test"], np.ndarray, np.ndarray], ...] = (
        ("train", train, test),
        ("test", test, train),
    )
    for split, here, there in sides:
        if not there[place]:
            continue
        share = there[place] / there.sum()
        # Of the rows that both have of the part, as many as of all rows.
        wanted = float((here[place] + there[place]) * here.sum() / (here.sum() + there.sum()))
        if not here[place] and (always or wanted >= expected):
            yield Gap(split, "absent", wanted)
        elif here[place] / here.sum() < thin * share and wanted >= expected:
            yield Gap(split, "thin", wanted)


def _total(part: Part) -> int:
    return sum(part.rows.values())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
