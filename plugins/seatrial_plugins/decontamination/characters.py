"""Characters: letters, marks and digits; spaces and symbols are taken out, as GPT-4's rule does."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np

from seatrial_plugins.decontamination.codes import SEPARATOR, Codes

__all__ = ["Characters"]


class Characters:
    """Characters as they are written (`Units`): GPT-4's report says nothing of lower case, so case counts."""

    name = "character"

    def learn(self, texts: Sequence[str]) -> Codes:
        """The same as `read`: a character is its own code."""
        return self.read(texts)

    def read(self, texts: Sequence[str]) -> Codes:
        """Code points."""
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        points = _points("".join(texts))
        kept = np.flatnonzero(_meaningful()[points])
        ends = np.searchsorted(kept, np.cumsum(lengths))
        return Codes(
            np.insert(points[kept].astype(np.int32), ends, SEPARATOR),
            np.concatenate(([0], ends + np.arange(1, len(texts) + 1))),
        )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """One character each."""
        return [(place, place + 1) for place in np.flatnonzero(_meaningful()[_points(text)]).tolist()]


def _points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


@cache
def _meaningful() -> np.ndarray:
    """Which code points are letters, marks or numbers: bool, shape [0x110000]."""
    return np.fromiter(
        (unicodedata.category(chr(point))[0] in "LMN" for point in range(sys.maxunicode + 1)),
        dtype=bool,
        count=sys.maxunicode + 1,
    )
