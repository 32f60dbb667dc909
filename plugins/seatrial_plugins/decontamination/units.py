"""Units: what a rule counts, and how texts are cut into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from seatrial_plugins.decontamination.codes import Codes

__all__ = ["Units"]


class Units(Protocol):
    """Words, tokens or characters."""

    @property
    def name(self) -> str:
        """What one is called in a finding: `word`, `token`, `character`."""
        ...

    def learn(self, texts: Sequence[str]) -> Codes:
        """The held-out texts' units. What is learnt here is known to `read` from then on."""
        ...

    def read(self, texts: Sequence[str]) -> Codes:
        """The units of train rows; one that no held-out text has may be coded as a separator."""
        ...

    def in_words(self, codes: np.ndarray) -> np.ndarray:
        """How many words of a script with spaces each of some held-out units stands for; 1 where that is not the question."""
        ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each unit of a text stands in it: first character, one past the last."""
        ...
