"""SQuAD's way of reading an answer: what its exact match and its F1 are computed on (Rajpurkar et al., 2016)."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Hashable, Sequence

__all__ = ["overlap", "squad_text"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad_text(text: str) -> str:
    """Lower case, without ASCII punctuation, English articles and extra white space.

    A step that would leave nothing is left out, so that the answer "A" is not the same as "The" or "...". Otherwise as
    published, whatever it means: -5 becomes 5, and C# becomes C.
    """
    lowered = " ".join(text.lower().split())
    bare = " ".join(lowered.translate(_PUNCTUATION).split()) or lowered
    return " ".join(_ARTICLES.sub(" ", bare).split()) or bare


def overlap(said: Sequence[Hashable], expected: Sequence[Hashable]) -> float:
    """F1 of tokens as bags: 2·shared / (tokens said + tokens expected); 0 where either has none."""
    if not said or not expected:
        return 0.0
    shared = sum((Counter(said) & Counter(expected)).values())
    return 2 * shared / (len(said) + len(expected))
