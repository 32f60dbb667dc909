"""Offered tools: what a model is told that it may call."""

from __future__ import annotations

from typing import Any

from seatrial.model.capabilities import Tools

__all__ = ["offered"]


def offered(tools: Tools) -> dict[str, Any]:
    """The argument `tools` of a model's capability, left out where no row has any: not every model knows it."""
    return {"tools": tools} if any(tools) else {}
