"""Codes: texts as numbers, one after the other, so that numpy can compare many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["SEPARATOR", "Codes"]

SEPARATOR = -1
"""Stands behind each text, and for units that no held-out text has; it is equal to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """The units (words, tokens, characters) of some texts: equal units have equal codes."""

    codes: np.ndarray
    """int32, shape [units + texts]: text after text, a `SEPARATOR` behind each."""
    starts: np.ndarray
    """int64, shape [texts + 1]: where each text begins, and the end of all."""

    @classmethod
    def of(cls, texts: Sequence[Sequence[int] | np.ndarray]) -> Codes:
        """From each text's own codes."""
        starts = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(text) + 1 for text in texts], out=starts[1:])
        codes = np.full(starts[-1], SEPARATOR, dtype=np.int32)
        for text, start in zip(texts, starts[:-1].tolist(), strict=True):
            codes[start : start + len(text)] = text
        return cls(codes, starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, text: int) -> np.ndarray:
        """The codes of one text."""
        return self.codes[self.starts[text] : self.starts[text + 1] - 1]

    @property
    def lengths(self) -> np.ndarray:
        """How many units each text has."""
        return np.diff(self.starts) - 1

    def text_at(self, places: np.ndarray) -> np.ndarray:
        """The texts that stand at some places of `codes`."""
        return np.searchsorted(self.starts, places, side="right") - 1
