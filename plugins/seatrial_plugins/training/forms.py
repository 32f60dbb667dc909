"""Forms: in which of the fast ways passes of a network may be computed, each with the result of the plain one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch

from seatrial_plugins.huggingface.runtime import has_varlen_kernel, head_is_plain, varlen_is_exact

__all__ = ["Forms", "assume_forms", "bare", "compiles", "forms_of"]


_SCALES = ("final_logit_softcapping", "logit_scale", "logits_scaling")
"""What architectures call that which stands between a head and its logits."""


@dataclass(frozen=True, slots=True)
class Forms:
    """What holds for packed passes of a network."""

    varlen: bool
    """Rows are laid end to end for a kernel that is told where they end; else they are gathered into a rectangle."""
    plain_head: bool
    """Logits are a frozen linear head of the last states, and nothing else: the loss needs the states alone."""
    compiled: bool = False
    """What surrounds the products may be compiled."""


_TRIED: WeakKeyDictionary[Any, Forms] = WeakKeyDictionary()
"""What was found out, by running a few tokens through it, of each network that is still there."""


def forms_of(network: Any) -> Forms:
    """What holds for a network that packs, with what is trained in place."""
    network = bare(network)
    if network not in _TRIED:
        device, training = next(network.parameters()).device, network.training
        network.eval()
        head = network.get_output_embeddings()
        vocabulary = network.config.get_text_config().vocab_size
        varlen = varlen_is_exact(network, vocabulary, device)
        frozen = type(head) is torch.nn.Linear and not any(weight.requires_grad for weight in head.parameters())
        _TRIED[network] = Forms(varlen, frozen and head_is_plain(network, device))
        network.train(training)
    return _TRIED[network]


def assume_forms(network: Any) -> None:
    """Take what numbers would show of a network that has none as shown: what its architecture says holds."""
    network = bare(network)
    head, config = network.get_output_embeddings(), network.config.get_text_config()
    frozen = type(head) is torch.nn.Linear and not any(weight.requires_grad for weight in head.parameters())
    scaled = any(getattr(config, name, None) not in {None, 1} for name in _SCALES)
    _TRIED[network] = Forms(has_varlen_kernel(network), frozen and not scaled)


def compiles(network: Any, *, now: bool) -> None:
    """Say whether what surrounds a network's products may be compiled from now on."""
    _TRIED[bare(network)] = replace(forms_of(network), compiled=now)


def bare(network: Any) -> Any:
    """The transformers model in what processes and adapters wrap around it."""
    network = getattr(network, "module", network)
    return network.get_base_model() if hasattr(network, "get_base_model") else network
