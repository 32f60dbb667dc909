"""Text that files can hold: Python's strings may carry half a character (a lone surrogate), which UTF-8 has none of."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["storable", "whole_characters"]


def storable(text: str) -> str:
    """The text with a question mark for every lone surrogate."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


_HALF = re.compile("[\ud800-\udfff]")


def whole_characters(value: Any) -> Any:
    """A decoded record with U+FFFD for every lone surrogate in its texts."""
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [whole_characters(inner) for inner in value]
    if isinstance(value, dict):
        return {key: whole_characters(inner) for key, inner in value.items()}
    return value
