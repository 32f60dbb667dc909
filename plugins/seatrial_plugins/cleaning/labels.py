"""Labels: how many rows of each label stay."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import Finding, Grouping, Row
from seatrial.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Labels"]


@dataclass(frozen=True, slots=True)
class Labels:
    """Counts rows by label; under the cap those stay whose hash is smallest."""

    minimum: int
    maximum: int | None
    seed: int

    def __post_init__(self) -> None:
        if self.maximum is not None and self.maximum < max(self.minimum, 1):
            raise UsageError(
                f"labels: maximum ({self.maximum}) is below minimum ({self.minimum}), so no label could stay"
            )

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """`id`, `label` (null where the row has none), `draw` (the hash that decides under a cap)."""
        import pyarrow as pa

        return pa.table(
            {
                "id": pa.array([row.id for row in rows], pa.string()),
                "label": pa.array([row.label for row in rows], pa.string()),
                "draw": pa.array([self._draw(row.id) for row in rows], pa.binary(8)),
            }
        )

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """The rows of labels that have too few, and those over the cap."""
        del lookup
        by_label: defaultdict[str, list[tuple[bytes, str]]] = defaultdict(list)
        columns = (signatures[name].to_pylist() for name in ("draw", "id", "label"))
        for draw, name, label in zip(*columns, strict=True):
            if label is not None:
                by_label[label].append((draw, name))
        findings: list[Finding] = []
        for label, members in sorted(by_label.items()):
            count = len(members)
            if count < self.minimum:
                detail = f"label {label!r} has {count} rows, at least {self.minimum} wanted"
                findings += [Finding(name, "rare", detail, score=count) for _, name in members]
            elif self.maximum is not None:
                detail = f"label {label!r} has {count} rows, {self.maximum} of them stay"
                findings += [Finding(name, "over-cap", detail, count) for _, name in sorted(members)[self.maximum :]]
        return Grouping(findings)

    def _draw(self, name: str) -> bytes:
        return hashlib.blake2b(f"{self.seed}\0{name}".encode(), digest_size=8).digest()
