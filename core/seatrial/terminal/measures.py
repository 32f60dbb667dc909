"""Time and memory as people read them."""

from __future__ import annotations

import math

__all__ = ["duration", "memory"]


def duration(seconds: float) -> str:
    """A length of time in the two largest units that matter: `0.4 s`, `1 min 46 s`, `2 h 5 min`."""
    if not math.isfinite(seconds):
        return str(seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def memory(size: float) -> str:
    """Bytes in binary units: `2.1 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
