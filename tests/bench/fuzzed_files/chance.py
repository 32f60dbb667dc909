"""Chance: draws, and what was drawn into a file that is out of the ordinary."""

from __future__ import annotations

import random

__all__ = ["Chance"]


class Chance(random.Random):
    """A seeded draw that keeps note of what it drew."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.kinds: set[str] = set()
        """What was done to the file."""

    def happens(self, probability: float) -> bool:
        """True that often."""
        return self.random() < probability
