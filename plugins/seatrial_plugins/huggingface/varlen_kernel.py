"""torch's fused varlen attention and what the installed version of it takes; its import, 0.1 s, is for machines with a card."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["ASKS_FOR_GROUPS", "IS_WHOLE", "KERNEL"]

KERNEL: Any
try:
    from torch.nn.attention import varlen
except ImportError:  # torch below 2.10
    KERNEL = None
else:
    KERNEL = varlen.varlen_attn

_taken = frozenset(inspect.signature(KERNEL).parameters) if KERNEL else frozenset()

IS_WHOLE = {"scale", "window_size"} <= _taken
"""Whether it takes what is asked of it; from torch 2.11 on."""

ASKS_FOR_GROUPS = "enable_gqa" in _taken
