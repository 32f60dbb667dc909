"""Gradient checkpointing: activations that are computed again in the backward pass instead of kept."""

from __future__ import annotations

from typing import Any

__all__ = ["recompute_activations"]


def recompute_activations(network: Any) -> None:
    """Under the name that this version of transformers has for it (another one from 5.23 on)."""
    if hasattr(network, "activation_checkpointing_enable"):
        network.activation_checkpointing_enable({"use_reentrant": False})
    else:
        network.gradient_checkpointing_enable({"use_reentrant": False})
