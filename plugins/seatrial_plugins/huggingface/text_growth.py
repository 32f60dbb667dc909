"""Text growth: what a tokenizer's own steps may make of a text, told from tokenizer.json before it is loaded.

Forty steps that each replace `a` by `aa` make 10¹² characters of one, and the library that takes them has no limit. (Of
patterns that take exponential time its regular expressions tire by themselves.)
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line

__all__ = ["check_growth"]

_MOST = 1_000
"""Characters that one may become. Published tokenizers replace one by one, or an Arabic ligature by eighteen."""

_OTHER_STEPS = {
    "NFKC": 18,
    "NFKD": 18,
    "Precompiled": 18,
    "NFD": 4,
    "NFC": 3,
    "Lowercase": 3,
    "BertNormalizer": 3,
    "ByteLevel": 4,
}
"""What the steps of Unicode may make of a character; 18 is the longest compatibility decomposition."""


def check_growth(folder: Path) -> None:
    """Refuse a tokenizer.json that may make a text very much longer.

    Raises:
        SourceError: which of its steps.
    """
    file = folder / "tokenizer.json"
    if file.is_file():
        stat = file.stat()
        _checked(file, stat.st_ino, stat.st_size, stat.st_ctime_ns)


@functools.lru_cache(maxsize=16)
def _checked(file: Path, *_stamps: int) -> None:
    try:
        tokenizer = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return  # transformers refuses it
    if not isinstance(tokenizer, dict):
        return
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        _check_steps(_steps(tokenizer.get(part)), f"{file}: its {part}")


def _steps(part: object) -> Iterator[Mapping[str, Any]]:
    """The steps of a part in order; a sequence may hold sequences."""
    if isinstance(part, Mapping):
        inner = next((part[key] for key in ("normalizers", "pretokenizers", "decoders") if key in part), None)
        if isinstance(inner, list):
            for step in inner:
                yield from _steps(step)
        else:
            yield part


def _pattern(step: Mapping[str, Any]) -> str:
    pattern = step.get("pattern")
    found = pattern.get("Regex") if isinstance(pattern, Mapping) else None
    return found if isinstance(found, str) else ""


def _check_steps(steps: Iterable[Mapping[str, Any]], place: str) -> None:
    """Hold the steps' growth together against the bound: of those that see each other's work it is their product."""
    growth, written = 1.0, ""
    for step in steps:
        kind, content = step.get("type"), step.get("content")
        content = content if isinstance(content, str) else ""
        pattern = step.get("pattern")
        literal = pattern.get("String") if isinstance(pattern, Mapping) else None
        if kind == "Replace":
            inserts = literal == "" or (not isinstance(literal, str) and _can_be_empty(_pattern(step)))
            factor = (len(content) + inserts) / max(len(literal or ""), 1)
        else:
            factor = float(_OTHER_STEPS.get(str(kind), 1))
        if factor > 1:
            sees = not isinstance(literal, str) or literal in written
            growth = growth * factor if sees else max(growth, factor)
        written += content * 2
        if growth > _MOST:
            raise SourceError(
                f"{place} may make {_MOST:,} characters and more of one (the step {one_line(json.dumps(step), 80)}); get the "
                "model's own tokenizer.json"
            )


def _can_be_empty(pattern: str) -> bool:
    """Whether a pattern matches between any two characters; one that Python cannot read may."""
    try:
        return re.compile(pattern).match("") is not None
    except (re.error, OverflowError, RecursionError):
        return True
