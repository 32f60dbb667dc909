"""The scorer `merging`: how far a merged model is from what was scored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from seatrial import Sample, Task, Transcript

__all__ = ["MergingScorer"]

_COLUMNS = {"logprob_difference": "logprob", "kl": "kl", "agreement": "agreement"}
"""A sample's column → what the probe calls it."""


@dataclass(frozen=True, slots=True)
class MergingScorer:
    """Reads the differences of each answer."""

    merge_in: tuple[Literal["float32", "own"], ...]

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a row, in order; a difference that is no number is an error."""
        for row, said in zip(task.rows, transcripts, strict=True):
            values, error = {}, said.error
            if error is None:
                values = self._values(said.detail)
                broken = [name for name, value in values.items() if not math.isfinite(value)]
                error = f"its {broken[0]} is {values[broken[0]]}, not a finite number" if broken else None
            yield Sample(
                said.row,
                {} if error else values,
                target=row.target,
                prompt_hash=said.prompt_hash,
                error=error,
                detail={} if error else said.detail,
            )

    def _values(self, detail: Any) -> dict[str, float]:
        return {
            name if dtype == "float32" else f"{name}@{dtype}": float(detail[dtype][of])
            for dtype in self.merge_in
            for name, of in _COLUMNS.items()
        }
