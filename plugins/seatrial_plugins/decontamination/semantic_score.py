"""The score of a pair: how far it stands out from its surroundings.

A pair is seen in two views, similarities of at most 1: the cosine of the encoder's vectors, and a second look, which is
the structure where both texts are code (`semantic_structure`) and the alignment of their words elsewhere
(`semantic_alignment`). What is near differs from set to set: two bank customers' questions are nearer to each other than
a program is to itself, rewritten. So each view v is held against b, what both texts reach with others: the mean of what
the train row reaches with its next-best held-out texts, and of what the held-out text reaches with the held-out texts
nearest to it. The view then counts (v - b) / (1 - b), the share of the way from there to identity, and the score is the
mean of both views. Margins like these find translations in web text (Artetxe and Schwenk 2019, arXiv 1811.01136). A
logistic regression on GSM8K weighs the two 8.7 and 8.0, so they count alike.
"""

from __future__ import annotations

import numpy as np

__all__ = ["NEAREST", "margin", "surroundings"]

NEAREST = 3
"""Surroundings are the mean of this many best neighbours."""

_LEAST = 0.05
# A margin is not stretched over less than this: between near-copies it would be noise.


def surroundings(values: np.ndarray, usual: float) -> float:
    """The mean of the best `NEAREST` similarities; where there are fewer, `usual` stands for the missing ones."""
    best = np.sort(values)[::-1][:NEAREST]
    return (float(best.sum()) + (NEAREST - len(best)) * usual) / NEAREST


def margin(value: float, around: float, around_other: float) -> float:
    """How far a similarity lies above the surroundings of both texts, as a share of the way to 1."""
    middle = (around + around_other) / 2
    return (value - middle) / max(1 - middle, _LEAST)
