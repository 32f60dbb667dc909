"""Invisible characters: which of them a script or an emoji needs, and which only hide something.

Needed: a zero-width joiner or non-joiner right after a letter of a script that joins (Arabic, the Indic scripts, …); a
non-joiner right before one, where something stands before it that is no space (a Persian suffix after a Latin word, a digit
or »); a joiner between two emoji; the tag characters of a flag such as Scotland's; a zero-width space in Thai, Lao, Khmer and
Myanmar, where it separates words; one variation selector after a character that is not plain ASCII text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["invisible_stretches"]

_CANDIDATES = re.compile(
    "[\u00ad\u200b-\u200d\u2060-\u2064\u3164\ufeff\uffa0\ufe00-\ufe0f\U000e0000-\U000e007f\U000e0100-\U000e01ef]+"
)
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_JOINING = (
    (0x0600, 0x0E00),  # Arabic to Malayalam and Sinhala
    (0x0F00, 0x1100),  # Tibetan, Myanmar
    (0x1780, 0x1AB0),  # Khmer, Mongolian, Tai scripts
    (0x1B00, 0x1CD0),
    (0xA800, 0xAC00),
    (0xFB50, 0xFE00),  # Arabic presentation forms
    (0xFE70, 0xFEFF),
    (0x10A00, 0x12000),
)
_UNSPACED = ((0x0E00, 0x0F00), (0x1000, 0x10A0), (0x1780, 0x1800))  # Thai and Lao, Myanmar, Khmer
_HAN = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x40000))
_EMOJI_TOO = frozenset("\ufe0f\u203c\u2049\u2194\u25fd\u25fe\u3030")
# Emoji that Unicode counts as signs of mathematics or as punctuation. Those of its supplementary planes count by their place:
# this Python's Unicode may not know the newest.
_KEYCAPS = frozenset("#*0123456789")


def invisible_stretches(text: str) -> Iterator[tuple[int, int, str]]:
    """The stretches of characters that nobody sees and nothing needs, each to be replaced by nothing."""
    if not _CANDIDATES.search(text):
        return
    flags = [match.span() for match in _FLAG.finditer(text)]
    for match in _CANDIDATES.finditer(text):
        start = match.start()
        before = text[
            start - 1 : start
        ]  # what stays before the place: a removed character is no reason to keep another
        for place in range(match.start(), match.end()):
            if any(first < place < last for first, last in flags) or _is_needed(before, text, place):
                if start < place:
                    yield start, place, ""
                start = place + 1
                before = text[place]
        if start < match.end():
            yield start, match.end(), ""


def _is_needed(before: str, text: str, place: int) -> bool:
    character, after = text[place], text[place + 1 : place + 2]
    if not before:
        return False
    if character == "\u200b":
        return _within(before, _UNSPACED) and _within(after, _UNSPACED)
    if character == "\u200c":
        return _within(before, _JOINING) or (_within(after, _JOINING) and before.isprintable() and before != " ")
    if character == "\u200d":
        return _within(before, _JOINING) or (_is_emoji(before) and _is_emoji(after) and after != "\ufe0f")
    if "\ufe00" <= character <= "\ufe0f":
        return before in _KEYCAPS or (not before.isascii() and unicodedata.category(before)[0] in "LNPS")
    if "\U000e0100" <= character <= "\U000e01ef":
        return _within(before, _HAN)
    return False


def _within(character: str, blocks: tuple[tuple[int, int], ...]) -> bool:
    return bool(character) and any(first <= ord(character) < last for first, last in blocks)


def _is_emoji(character: str) -> bool:
    """A pictograph, a skin tone, or the variation selector that ends one."""
    return bool(character) and (
        unicodedata.category(character) in {"So", "Sk"}
        or character in _EMOJI_TOO
        or "\U0001f000" <= character <= "\U0001faff"
    )
