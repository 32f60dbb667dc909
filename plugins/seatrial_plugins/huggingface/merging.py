"""Merging: an adapter folded into the weights that it changes, and taken out again without a trace."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakSet

import torch

__all__ = ["is_merged", "merge_obstacle", "merged", "place_module"]

_MERGED: WeakSet[Any] = WeakSet()

_ROUNDING = {torch.float64: 1e-3, torch.float32: 1e-3}
"""How far merging may move logits, of their spread; 0.1 in half precision, where the sum of two weights is rounded."""

_WEIGHTS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
"""What is no weight of these kinds is a code that stands for one."""


@contextlib.contextmanager
def merged(network: Any) -> Iterator[str]:
    """While the block runs, the PEFT model's adapted layers are plain ones with the adapter added to their weights.

    Where the merged model would not say what the adapted one says (quantised weights, weights that another layer shares,
    an adapter of a kind that cannot be merged), it stays as it is: the block is given the reason, and "" where it is merged.

    Afterwards the weights are what they were, bit for bit: subtracting the adapter again would leave its rounding
    behind, so the weights are kept beside, in the CPU's memory.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    adapted = {name: module for name, module in network.named_modules() if isinstance(module, BaseTunerLayer)}
    obstacle = _obstacle(network, adapted)
    if obstacle or not adapted:  # without any: merged already
        yield obstacle
        return
    said = _logits(network)
    kept = {name: _copies(module.get_base_layer()) for name, module in adapted.items()}
    _MERGED.add(network)
    try:
        obstacle = _merge(network, adapted) or _difference(said, _logits(network))
        if obstacle:
            _restore(network, adapted, kept)
        yield obstacle
    finally:
        _restore(network, adapted, kept)


def merge_obstacle(network: Any) -> str:
    """Why the adapter of a PEFT model cannot be added to its weights, seen from the layers alone, or ""."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    return _obstacle(network, {name: one for name, one in network.named_modules() if isinstance(one, BaseTunerLayer)})


def is_merged(network: Any) -> bool:
    """Whether a PEFT model stands within `merged`, so that its adapter cannot be switched off."""
    return network in _MERGED


def _obstacle(network: torch.nn.Module, adapted: Mapping[str, Any]) -> str:
    """Why the adapter cannot be added to the weights, seen from the layers alone, or ""."""
    owners = Counter(id(parameter) for module in network.modules() for parameter in module.parameters(recurse=False))
    for name, module in adapted.items():
        layer = module.get_base_layer()
        if module.base_layer is not layer:
            return f"several adapters change {name}"
        if any(not _is_weight(tensor) for tensor in (*layer.parameters(), *layer.buffers())):
            return f"the weights of {name} are quantised"
        if any(owners[id(parameter)] > 1 for parameter in layer.parameters()):
            return f"another layer shares the weights of {name}"
    return ""


def _is_weight(tensor: torch.Tensor) -> bool:
    return type(tensor.data) is torch.Tensor and tensor.dtype in _WEIGHTS


def _merge(network: Any, adapted: Mapping[str, Any]) -> str:
    """Merge layer by layer; why that failed, or ""."""
    for name, module in adapted.items():
        try:
            module.merge(safe_merge=True)
        except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
            return f"{name} cannot be merged: {error or type(error).__name__}"
        place_module(network, name, module.get_base_layer())
    return ""


def _restore(network: Any, adapted: Mapping[str, Any], kept: Mapping[str, Sequence[torch.Tensor]]) -> None:
    for name, module in adapted.items():
        place_module(network, name, module)
        with torch.no_grad():
            for parameter, copy in zip(module.get_base_layer().parameters(), kept[name], strict=True):
                parameter.copy_(copy)
        module.merged_adapters.clear()
    _MERGED.discard(network)


def _copies(layer: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().to("cpu", copy=True) for parameter in layer.parameters()]


def place_module(network: torch.nn.Module, name: str, module: torch.nn.Module) -> None:
    """Put a module where another one stands: `model.layers.0.self_attn.q_proj`."""
    parent, _, attribute = name.rpartition(".")
    setattr(network.get_submodule(parent), attribute, module)


@torch.no_grad()
def _logits(network: Any) -> torch.Tensor:
    """What the model says of a few tokens."""
    bare = network.get_base_model()
    vocabulary = bare.config.get_text_config().vocab_size
    ids = torch.randint(vocabulary, (1, 16), generator=torch.Generator().manual_seed(0))
    return bare(input_ids=ids.to(bare.device), use_cache=False).logits[0]


def _difference(apart: torch.Tensor, together: torch.Tensor) -> str:
    """How the merged model says something else than the adapted one, or ""."""
    moved = float((together.float() - apart.float()).abs().mean() / apart.float().std())
    if moved <= _ROUNDING.get(apart.dtype, 0.1):
        return ""
    return f"merging moves the logits by {moved:.2g} of their spread"
