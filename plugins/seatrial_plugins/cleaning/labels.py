"""Labels: which of them are known, and how many rows of each stay."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import Finding, Grouping, Row
from seatrial.errors import UsageError, did_you_mean
from seatrial.rows.storable import storable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Labels"]

_HELD_OUT = frozenset({"validation", "test"})

_COMPARED = 100
"""Characters of a label that are compared with the known ones; the comparison is quadratic."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Counts rows by label; under the cap those stay whose hash is smallest.

    What the suite holds out is held against the known labels alone: how many rows a label takes to be learnt says nothing
    about how many it takes to be tested, and thinning them out would change what is measured.
    """

    minimum: int
    maximum: int | None
    seed: int
    known: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.known is not None and not self.known:
            raise UsageError("labels: known is empty, so no label could stay; leave it out to accept every label")
        if self.maximum is not None and self.maximum < max(self.minimum, 1):
            raise UsageError(
                f"labels: maximum ({self.maximum}) is below minimum ({self.minimum}), so no label could stay"
            )

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """`id`, `label` (null where the row has none), `draw` (the hash that decides under a cap), `held_out`."""
        import pyarrow as pa

        return pa.table(
            {
                "id": pa.array([row.id for row in rows], pa.string()),
                "label": pa.array([_storable(row.label) for row in rows], pa.string()),
                "draw": pa.array([self._draw(row.id) for row in rows], pa.binary(8)),
                "held_out": pa.array([row.split in _HELD_OUT for row in rows], pa.bool_()),
            }
        )

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """The rows of labels that nobody knows, of those that have too few, and those over the cap."""
        del lookup
        by_label: defaultdict[str, list[tuple[bytes, str]]] = defaultdict(list)
        held_out: defaultdict[str, list[str]] = defaultdict(list)
        columns = (signatures[name].to_pylist() for name in ("draw", "id", "label", "held_out"))
        for draw, name, label, held in zip(*columns, strict=True):
            if label is not None and held:
                held_out[label].append(name)
            elif label is not None:
                by_label[label].append((draw, name))
        findings: list[Finding] = []
        for label in sorted({*by_label, *held_out}):
            members = by_label[label]
            count = len(members)
            if self.known is not None and label not in self.known:
                names = [*(name for _, name in members), *held_out[label]]
                findings += [Finding(name, "unknown", self._unknown(label), score=len(names)) for name in names]
            if count < self.minimum:
                detail = f"label {label!r} has {count} row{'s' if count != 1 else ''}, at least {self.minimum} wanted"
                findings += [Finding(name, "rare", detail, score=count) for _, name in members]
            elif self.maximum is not None:
                detail = f"label {label!r} has {count} rows, {self.maximum} of them stay"
                findings += [Finding(name, "over-cap", detail, count) for _, name in sorted(members)[self.maximum :]]
        return Grouping(findings)

    def _unknown(self, label: str) -> str:
        near = did_you_mean(label[:_COMPARED], self.known or ())
        return f"label {label!r} is none of the {len(self.known or ())} known ones{near}"

    def _draw(self, name: str) -> bytes:
        return hashlib.blake2b(f"{self.seed}\0{name}".encode(), digest_size=8).digest()


def _storable(label: str | None) -> str | None:
    return None if label is None else storable(label)
