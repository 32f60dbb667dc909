"""Merging: an adapter folded into the weights that it changes, and taken out again without a trace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

import torch

__all__ = ["is_merged", "merged"]

_MERGED: WeakSet[Any] = WeakSet()


@contextlib.contextmanager
def merged(network: Any) -> Iterator[None]:
    """While the block runs, the PEFT model's adapted layers are plain ones with the adapter added to their weights.

    Afterwards the weights are what they were, bit for bit: subtracting the adapter again would leave its rounding
    behind, so the weights are kept beside, in the CPU's memory.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    adapted = [(name, module) for name, module in network.named_modules() if isinstance(module, BaseTunerLayer)]
    if not adapted:  # merged already
        yield
        return
    kept = {name: _copies(module.get_base_layer()) for name, module in adapted}
    _MERGED.add(network)
    try:
        for name, module in adapted:
            module.merge(safe_merge=True)
            _place(network, name, module.get_base_layer())
        yield
    finally:
        for name, module in adapted:
            _place(network, name, module)
            with torch.no_grad():
                for parameter, copy in zip(module.get_base_layer().parameters(), kept[name], strict=True):
                    parameter.copy_(copy)
            module.merged_adapters.clear()
        _MERGED.discard(network)


def is_merged(network: Any) -> bool:
    """Whether a PEFT model stands within `merged`, so that its adapter cannot be switched off."""
    return network in _MERGED


def _copies(layer: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().to("cpu", copy=True) for parameter in layer.parameters()]


def _place(network: torch.nn.Module, name: str, module: torch.nn.Module) -> None:
    parent, _, attribute = name.rpartition(".")
    setattr(network.get_submodule(parent), attribute, module)
