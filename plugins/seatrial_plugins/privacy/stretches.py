"""Long texts, taken a stretch at a time: what bounds patterns and models whose cost grows faster than the text."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["stretches"]


def stretches(text: str, size: int, overlap: int = 0) -> Iterator[tuple[int, int, int]]:
    """Where to search: `(start, end, reach)`, the stretches end to end, each with up to `overlap` characters beyond it.

    A match that begins in a stretch counts for it, however far into the overlap it goes; one that begins in the overlap
    is the next stretch's. Stretches of more than half of `size` are cut at white space where there is some.
    """
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text):
            end = max(text.rfind(" ", start + size // 2, end), text.rfind("\n", start + size // 2, end)) + 1 or end
        yield start, end, min(end + overlap, len(text))
        start = end
