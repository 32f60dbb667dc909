"""Compiled layers: a large network's decoder layers, each compiled as the same few kernels.

What stands between the matrix products (norms, rotations, activations, sums) is bound by memory: written as torch writes
it, each operation reads and writes all of it. One compilation serves all layers and all sizes of batches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch

from seatrial_plugins.training.forms import bare, compiles

__all__ = ["compile_layers", "decoder_layers", "worth_compiling"]

_LOG = logging.getLogger("seatrial.training")

_LEAST_SECONDS = 150.0
"""Of training, at 400 TFLOP/s: compiling an 8B shape takes some 55 seconds, 6 where torch has it in its cache, and gains more
than a quarter."""

_VARIANTS = 32
"""So many variants of a layer are compiled before torch goes on without: of its first one, whose input needs no gradient, of
batches with a prefix and without, and of layers that differ (a sliding window in every other one)."""


def worth_compiling(network: Any, tokens: int) -> bool:
    """Whether a training of so many tokens gains more by compiled layers than they cost."""
    config = bare(network).config.get_text_config()
    routes = any(getattr(config, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts"))
    parameters = sum(weight.numel() for weight in network.parameters())
    small = getattr(bare(network), "is_quantized", False)
    return not (routes or small) and 4.0 * parameters * tokens / 4e14 > _LEAST_SECONDS


def compile_layers(
    network: Any, trial: Callable[[], object], backend: Any = "inductor", *, around_hooks: bool = True
) -> int:
    """Compile, and try it with a pass; how many layers are compiled. After a failure the network is as it was.

    Args:
        network: of which.
        trial: the pass.
        backend: of `torch.compile`.
        around_hooks: whether a module's hooks are compiled with it; those that gather sharded weights stay outside.
    """
    layers = decoder_layers(network)
    torch._dynamo.config.recompile_limit = max(_VARIANTS, torch._dynamo.config.recompile_limit)  # noqa: SLF001
    parts = [*layers, *_norms_behind(bare(network), layers)]
    compiles(network, now=backend == "inductor")
    for part in parts:
        if around_hooks:
            part.compile(dynamic=True, backend=backend)
        else:
            part.forward = torch.compile(part.forward, dynamic=True, backend=backend)
    try:
        trial()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # compilers fail in any way; the network itself runs without
        for part in parts:
            part._compiled_call_impl = None  # noqa: SLF001  # what Module.compile sets; there is no way back otherwise
            part.__dict__.pop("forward", None)
        compiles(network, now=False)
        said = " ".join(str(error).split())[:300]
        _LOG.warning("training goes on without compiled layers: %s: %s", type(error).__name__, said)
        return 0
    return len(layers)


def decoder_layers(network: Any) -> list[torch.nn.Module]:
    """The blocks that a transformers model repeats."""
    network = bare(network)
    named = set(network._no_split_modules or ())  # noqa: SLF001  # transformers' own name for what one device holds whole
    lists = [module for module in network.modules() if isinstance(module, torch.nn.ModuleList)]
    return [layer for each in lists for layer in each if named & {kind.__name__ for kind in type(layer).__mro__}]


def _norms_behind(network: Any, layers: Sequence[torch.nn.Module]) -> list[torch.nn.Module]:
    """Of what holds the layers, the norm that reads the last one."""
    first = next(iter(layers), None)
    lists = [
        module for module in network.modules() if isinstance(module, torch.nn.ModuleList) and first in list(module)
    ]
    owners = [module for module in network.modules() if any(child in lists for child in module.children())]
    return [child for owner in owners for child in owner.children() if type(child).__name__.endswith("Norm")]
