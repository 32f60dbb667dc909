"""A classifier's head in float32: scores of bfloat16 lie so far apart that two labels often tie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from seatrial_plugins.huggingface.tensor_files import weight_files

__all__ = ["HEAD", "hold_head_wide", "widen"]

HEAD = "score"
"""What transformers calls the head behind a decoder."""


def widen(network: Any) -> None:
    """Have the head behind a decoder compute in float32, whatever it reads."""
    head = network.get_submodule(HEAD)
    head.float().register_forward_pre_hook(_as_wide)


def hold_head_wide(network: Any, folder: Path) -> None:
    """The same of a network that was loaded from a folder in another dtype, with the weights as the files hold them; another kind
    of head is left as it is.
    """
    from safetensors import safe_open

    head = getattr(network, HEAD, None)
    if not isinstance(head, torch.nn.Linear) or head.weight.dtype == torch.float32:
        return
    widen(network)
    with torch.no_grad():
        for file in weight_files(folder):
            with safe_open(str(file), framework="pt") as tensors:
                for name, parameter in head.named_parameters():
                    if f"{HEAD}.{name}" in tensors.keys():  # noqa: SIM118  # no mapping
                        parameter.copy_(tensors.get_tensor(f"{HEAD}.{name}"))


def _as_wide(head: Any, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """What the head reads, in the head's own precision."""
    return (given[0].to(head.weight.dtype), *given[1:])
