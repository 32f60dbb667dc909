"""The options of a loader."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LoadOptions"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The options of a loader, as the suite gives them."""

    dtype: str = "auto"
    device: str = "auto"
    attention: str = "auto"
    chat: bool = True
    system: str | None = None
    batch_tokens: int = 4096
