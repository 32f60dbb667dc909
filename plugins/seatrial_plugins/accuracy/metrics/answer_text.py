"""How an answer is read before it is compared: as SQuAD's evaluation does (Rajpurkar et al., 2016)."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["normalise_answer"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def normalise_answer(text: str) -> str:
    """Lower case, without punctuation (every script's), English articles and extra white space."""
    bare = "".join(character for character in text.lower() if not unicodedata.category(character).startswith("P"))
    return " ".join(_ARTICLES.sub(" ", bare).split())
