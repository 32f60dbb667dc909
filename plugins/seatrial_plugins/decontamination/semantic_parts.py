"""Parts: a passage, the question that is asked about it, and the choices, told apart by how a text is laid out.

Of a passage of a hundred words and a question of ten, an encoder's vector says what the passage is about; a row that asks
the question alone, reworded, is far from it. So questions are also compared with questions (`semantic`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from seatrial.data.normalise import word_count
from seatrial_plugins.decontamination.semantic_structure import is_code

__all__ = ["Parts", "parts_of"]

PASSAGE = 25
"""Words of the shortest passage; and it is longer than its question, by this factor: …"""

LONGER = 1.5

IN_ONE_BLOCK = 60
"""… Words before the last sentence of a text without line breaks, from which on that is a question about a passage: a story of
GSM8K, which its question does not stand without, has 45 words."""

_LABEL = re.compile(
    r"^[^\w\n]{0,4}(?:question|query|problem|q|frage|pregunta|domanda|вопрос|问题|問題|問)[ \t]?\d{0,3}[^\w\n]{0,2}[:：][^\w\n]{0,3}",
    re.IGNORECASE | re.MULTILINE,
)
_CHOICES = re.compile(
    r"(?:\n[ \t]*(?:(?:options|choices|answers?)\b[^\n]{0,20}|[(\[]?(?:[A-J]|[1-9])[)\].:][ \t]+[^\n]+|[-*•][ \t]+[^\n]+))+\s*\Z",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?…][\"'”)\s])\s*(?=\S)|(?<=[。！？])")
_ASKS = re.compile(r"[?？؟;:][\"'”)\s]*\Z")


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the question of a text stands, and the rest without the choices."""

    start: int
    end: int
    """One past its last character."""
    question: str
    passage: str


def parts_of(text: str) -> Parts | None:
    """The parts of a text; None where it has no passage, or is a program."""
    choices = _CHOICES.search(text)
    body = text[: choices.start()] if choices else text
    span = _labelled(body) or _of_lines(body) or _last_sentence(body)
    if span is None or is_code(text):
        return None
    start, end = span
    question, passage = body[start:end], f"{body[:start]}\n{body[end:]}".strip()
    asked, said = word_count(question), word_count(passage)
    if not asked or said < max(PASSAGE, LONGER * asked):
        return None
    return Parts(start, end, question, passage)


def _labelled(text: str) -> tuple[int, int] | None:
    """What stands behind the last `Question:`, to the end of its block."""
    labels = list(_LABEL.finditer(text))
    if not labels:
        return None
    start = labels[-1].end()
    end = text.find("\n", start)
    return _trimmed(text, start, len(text) if end < 0 else end)


def _of_lines(text: str) -> tuple[int, int] | None:
    """The last line, or the first, where it asks something; otherwise the last."""
    first, last = text.find("\n", len(text) - len(text.lstrip())), text.rstrip().rfind("\n")
    if last < 0:
        return None
    asks = [bool(_ASKS.search(part)) for part in (text[:first], text[last:])]
    return _trimmed(text, 0, first) if asks == [True, False] else _trimmed(text, last + 1, len(text))


def _last_sentence(text: str) -> tuple[int, int] | None:
    starts = [match.end() for match in _SENTENCE.finditer(text) if match.end() < len(text)]
    if not starts or not _ASKS.search(text) or word_count(text[: starts[-1]]) < IN_ONE_BLOCK:
        return None
    return _trimmed(text, starts[-1], len(text))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
