"""A distribution: how the rows of each split fall into parts, and the parts that one split has and another lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom

from seatrial import Measured

__all__ = ["CALLED", "SPLITS", "Distribution", "Gap", "Part", "count_parts", "uncounted"]

SPLITS = ("train", "validation", "test")

CALLED = {"tokens": "length in tokens"}
"""What reasons call a dimension where its name is no word for it."""

_METRICS = ("gaps_in_train", "gaps_in_test", "divergence")

_LISTED = 200
"""Parts that are told one by one; a set may have as many labels as rows."""

_BY_CHANCE = 0.01
"""How often chance alone may make any part of a dimension thin. Without this, the two test rows that one of a hundred labels
happens to have make it thin in train."""

_REDIVIDED = 20
"""How often rows are divided anew, to see what divergence chance alone gives: its mean is then known to a few percent."""


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
    """What it would be on average if rows were in train or test by chance, as many in each as there are."""
    rows: Mapping[str, int]
    """Split → rows that are in any part."""
    lacks: str = ""
    """Why parts that train or test lacks cannot be told; "" where they can."""
    says: str = ""
    """How parts were made, for reviewers."""

    def gaps(self, split: str) -> list[Part]:
        """The parts that lack rows in a split."""
        return [part for part in self.parts if part.gap and part.gap.split == split]

    def measured(self) -> Measured:
        """What gates can hold."""
        measures: dict[str, float] = {} if self.divergence is None else {f"{self.name}_divergence": self.divergence}
        if not self.lacks:
            measures |= {f"{self.name}_gaps_in_{split}": len(self.gaps(split)) for split in ("train", "test")}
        missing = uncounted(self.name, self.lacks).missing
        return Measured(measures, {name: why for name, why in missing.items() if name not in measures})

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
            "lacks": self.lacks,
        }


def uncounted(name: str, why: str) -> Measured:
    """What gates can hold of a dimension that rows were not counted by: nothing, and why."""
    return Measured(missing={f"{name}_{metric}": why for metric in _METRICS})


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
    lacks = _lacking(name, train, test, 0 if always else expected)
    compared = bool(train.any() and test.any())
    found = {} if lacks else _gaps(train, test, thin, expected, always=always)
    filled = np.flatnonzero(table.any(axis=0)).tolist()
    if ordered and filled:
        filled = list(range(filled[0], filled[-1] + 1))
    else:
        filled.sort(key=lambda place: (-int(table[:, place].sum()), parts[place]))
    splits = [(at, split) for at, split in enumerate(SPLITS) if table[at].any()]
    made = tuple(
        Part(
            parts[place],
            {split: int(table[at, place]) for at, split in splits},
            found.get(place),
            (examples or {}).get(place, ""),
        )
        for place in filled
    )
    return Distribution(
        name=name,
        parts=made,
        divergence=_divergence(train, test) if compared else None,
        chance=_divergence_by_chance(train, test) if compared else None,
        rows={split: int(table[at].sum()) for at, split in splits},
        lacks=lacks,
        says=says,
    )


def _lacking(name: str, train: np.ndarray, test: np.ndarray, expected: float) -> str:
    """Why it cannot be told which parts train or test lacks."""
    of_train, of_test = int(train.sum()), int(test.sum())
    called = CALLED.get(name, name)
    for split, rows in (("train", of_train), ("test", of_test)):
        if not rows:
            return f"no {split} row has a {called}"
    # Were all rows of one split in one part, the other split would be expected to have so many of them.
    if of_train * of_test / (of_train + of_test) < expected:
        fewer, rows = min(("train", of_train), ("test", of_test), key=lambda one: one[1])
        return (
            f"{fewer} has {rows:,} row{'' if rows == 1 else 's'} with a {called}: too few to tell what is lacking from chance, "
            f"by `expected: {expected:g}`"
        )
    return ""


def _gaps(train: np.ndarray, test: np.ndarray, thin: float, expected: float, *, always: bool) -> dict[int, Gap]:
    """Part → why it is a gap. A part is a gap in one split at most: the other one has rows of it."""
    both = train + test
    of_train, of_test = int(train.sum()), int(test.sum())
    sides: tuple[tuple[Literal["train", "test"], np.ndarray, np.ndarray, int, int], ...] = (
        ("train", train, test, of_train, of_test),
        ("test", test, train, of_test, of_train),
    )
    found: dict[int, Gap] = {}
    for split, here, there, of_here, of_there in sides:
        # Of the rows that both have of the part, as many as of all rows.
        wanted = both * (of_here / (of_here + of_there))
        counts = wanted >= expected
        absent = (here == 0) & (there > 0) & (counts | always)
        few = counts & (here > 0) & (here / of_here < thin * (there / of_there))
        places = np.flatnonzero(few)
        chance = binom.cdf(here[places], both[places], of_here / (of_here + of_there))
        thinned = places[chance * np.count_nonzero(both) <= _BY_CHANCE]
        found |= {place: Gap(split, "absent", float(wanted[place])) for place in np.flatnonzero(absent).tolist()}
        found |= {place: Gap(split, "thin", float(wanted[place])) for place in thinned.tolist()}
    return found


def _divergence(train: np.ndarray, test: np.ndarray) -> float:
    # The square root that scipy takes is of a difference that rounding can make negative.
    return float(np.nan_to_num(jensenshannon(train, test, base=2)) ** 2)


def _divergence_by_chance(train: np.ndarray, test: np.ndarray) -> float:
    """The mean divergence of the same rows, divided anew into as many for train and for test.

    The first term of its expansion, (parts - 1)(1/train + 1/test) / (8 ln 2), is a χ² statistic of that mean; it is far off
    where there are more parts than rows, up to more bits than there can be.
    """
    random = np.random.default_rng(0)
    both = (train + test)[(train + test) > 0]
    drawn = random.multivariate_hypergeometric(both, int(test.sum()), size=_REDIVIDED, method="marginals")
    return float(np.mean([_divergence(both - one, one) for one in drawn]))


def _total(part: Part) -> int:
    return sum(part.rows.values())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
