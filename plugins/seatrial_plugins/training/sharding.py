"""Frozen weights laid over processes (FSDP2): each holds a share of a layer's, and gathers the rest when the layer runs.

What is trained stays whole in each: adapters are a hundredth of the weights, their gradients are added up in one message, and
optimizer, clipping, checkpoints and product are those of one process. Embeddings and head stay whole too: the loss reads the
head outside of the network's own pass. Of an 8B shape that leaves 2.1 of 16 GB.
"""

from __future__ import annotations

from typing import Any

import torch

from seatrial_plugins.training.compiled_layers import decoder_layers
from seatrial_plugins.training.forms import bare

__all__ = ["shard_frozen"]


def shard_frozen(network: Any, world: int) -> int:
    """Lay the decoder layers' frozen weights over the processes of the group; how many layers."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    layers = decoder_layers(network)
    mesh = init_device_mesh(next(network.parameters()).device.type, (world,))
    mine = {weight for layer in layers for weight in layer.parameters() if not weight.requires_grad}
    whole = {weight for weight in network.parameters() if weight not in mine}
    for layer in layers:
        fully_shard(layer, mesh=mesh, reshard_after_forward=True, ignored_params=whole)
    # What holds the layers knows their order, so that one's weights are gathered while the one before it computes.
    fully_shard(_holder(network, layers), mesh=mesh, ignored_params={*network.parameters()})
    return len(layers)


def _holder(network: Any, layers: list[torch.nn.Module]) -> torch.nn.Module:
    """The module that is called with rows and calls the layers; what is around it may be passed by."""
    model: torch.nn.Module = bare(network).base_model
    assert layers[0] in list(model.modules())
    return model
