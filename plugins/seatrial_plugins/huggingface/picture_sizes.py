"""Picture sizes: which of them a processor writes the same text for, told by its own counting where that holds.

To see what it writes, it is given a blank picture, which takes up to a second for each size at 12 megapixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from seatrial.errors import StageError

__all__ = ["PictureSizes"]

_COMPARED = ((64, 64), (1024, 512), (512, 1024))
"""Sizes on which the counting is held against what is written: small, and large enough to be cut in tiles."""

_THINNEST = 8
"""Pixels: some processors refuse thinner pictures and count them nevertheless, so that they are tried."""

_KEPT = 1 << 16
"""Sizes of which it is kept which other one has the same text."""


class PictureSizes:
    """The sizes of one processor's pictures.

    Args:
        processor: Of pictures and text.
        written: The tokens that it writes of a picture of some width and height.
        token: Which of them stands for a part of a picture.
    """

    def __init__(self, processor: Any, written: Callable[[int, int], Sequence[int]], token: int) -> None:
        self._processor = processor
        self._written = written
        self._token = token
        self._first_of: dict[tuple[int, int], tuple[int, int]] = {}
        self.like = lru_cache(maxsize=_KEPT)(self._like)
        """The first size of those with the same text."""

    def _like(self, width: int, height: int) -> tuple[int, int]:
        counts = min(width, height) >= _THINNEST and self._counts_truly
        counted = self._counted(width, height) if counts else None
        return (width, height) if counted is None else self._first_of.setdefault(counted, (width, height))

    @cached_property
    def _counts_truly(self) -> bool:
        """Whether the counting is of what is written, and tells a wide picture from a high one."""
        seen: dict[tuple[int, int], Sequence[int]] = {}
        for size in _COMPARED:
            counted = self._counted(*size)
            if counted is None:
                return False
            try:
                ids = self._written(*size)
            except StageError:
                return False
            if counted[0] not in {len(ids), ids.count(self._token)} or seen.setdefault(counted, ids) != ids:
                return False
        self._first_of = {counted: size for size in reversed(_COMPARED) if (counted := self._counted(*size))}
        return True

    def _counted(self, width: int, height: int) -> tuple[int, int] | None:
        """How many tokens and patches the processor says a picture has; None where it says nothing."""
        try:
            given = self._processor._get_num_multimodal_tokens(image_sizes=[(height, width)])  # noqa: SLF001 - no other tells
            return int(given.num_image_tokens[0]), int(given.num_image_patches[0])
        except Exception:  # noqa: BLE001 - each processor has its own, or none, and what it writes is seen without
            return None
