"""Tokens of an answer in any script: words, and the characters of scripts that put no space between words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import regex

from seatrial.data.normalise import normalise

__all__ = ["UNSPACED", "answer_tokens", "tokens"]

_ARTICLES = frozenset({"a", "an", "the"})

# The scripts of East Asia, and those whose lines Unicode breaks by dictionary (UAX #14, class SA).
_SCRIPTS = (
    r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    r"\p{New_Tai_Lue}\p{Tai_Le}\p{Tai_Tham}\p{Tai_Viet}\p{Javanese}\p{Balinese}"
)
UNSPACED = regex.compile(f"[{_SCRIPTS}]")
"""A character of a script that is written without spaces between words."""

_TOKEN = regex.compile(rf"[{_SCRIPTS}]\p{{M}}*|[^\s{_SCRIPTS}]+")


def tokens(text: str) -> list[str]:
    """Words as `seatrial.data.normalise` leaves them, so that 3.14, -5, 50% and C# stay what they are.

    A character of an unspaced script is a token, with the marks that stand on it: a segmenter that knows words would
    make the score hang on its dictionary.
    """
    return [token for piece in text.split() for token in _of_piece(piece)]


def answer_tokens(text: str) -> list[str]:
    """The tokens less English articles, of which SQuAD's F1 takes no account either.

    An article stands before something, so the last token is none, and neither is a capital A inside a text: "hepatitis A".
    Of a text of punctuation alone, the punctuation is what it says.
    """
    found = [
        (token, token in _ARTICLES and not (place and piece == "A"))
        for place, piece in enumerate(text.split())
        for token in _of_piece(piece)
    ]
    if not found:
        return normalise(text).split()
    return [token for token, is_article in found[:-1] if not is_article] + [found[-1][0]]


def _of_piece(piece: str) -> tuple[str, ...]:
    return _cached(piece) if len(piece) <= 40 else tuple(_split(piece))


@lru_cache(maxsize=1 << 16)
def _cached(piece: str) -> tuple[str, ...]:
    return tuple(_split(piece))


def _split(piece: str) -> Iterator[str]:
    for token in _TOKEN.findall(normalise(piece)):
        if any(unicodedata.category(character)[0] in "LNSM" for character in token):
            yield token
