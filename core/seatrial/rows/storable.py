"""Text that files can hold: Python's strings may carry half a character (a lone surrogate), which UTF-8 has none of."""

from __future__ import annotations

__all__ = ["storable"]


def storable(text: str) -> str:
    """The text with a question mark for every lone surrogate."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
