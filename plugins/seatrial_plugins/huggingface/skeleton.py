"""Skeletons: a network as its loader would load it, on a device that need not be there, without any numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.config_file import read_config
from seatrial_plugins.huggingface.device import choose_dtype
from seatrial_plugins.huggingface.exactness import caps_scores, is_plain_softmax
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.packed_attention import ATTENTION
from seatrial_plugins.huggingface.packing import pack, run_packed
from seatrial_plugins.huggingface.token_tree import TokenTree

__all__ = ["skeleton"]


def skeleton(folder: Path, options: LoadOptions, device: torch.device) -> tuple[Any, bool]:
    """What `load_network` gives, of weights without numbers (inside of torch's `FakeTensorMode`, or on the meta device).

    Whether packing is exact can only be seen by numbers: an architecture whose attention is a plain softmax, and that
    takes packed rows, is taken to be.

    Raises:
        SourceError: transformers knows no such config, or no language model of it.
    """
    config = read_config(folder)
    dtype = _dtype(options.dtype, device)
    if options.attention != "auto":
        return _made(config, folder, dtype, options.attention, device), False
    network = _made(config, folder, dtype, ATTENTION, device)
    if network is not None and is_plain_softmax(network) and _takes_packed(network, device):
        return network, True
    capped = network is not None and caps_scores(config)
    return _made(config, folder, dtype, "eager" if capped else None, device), False


def _dtype(name: str, device: torch.device) -> torch.dtype:
    """As `choose_dtype`, of a card that need not be there: every one since Ampere (2020) computes in bfloat16."""
    return torch.bfloat16 if name == "auto" and device.type != "cpu" else choose_dtype(name, device)


def _made(config: Any, folder: Path, dtype: torch.dtype, attention: str | None, device: torch.device) -> Any:
    """The network; None where it knows only attentions of its own."""
    from transformers import AutoModelForCausalLM

    named = {} if attention is None else {"attn_implementation": attention}
    try:
        with device:
            return AutoModelForCausalLM.from_config(config, dtype=dtype, **named).eval()
    except Exception as error:  # an architecture's code holds its config against nothing of its own
        if attention == ATTENTION and ("attn_implementation" in str(error) or ATTENTION in str(error)):
            return None
        raise SourceError(
            f"{folder / 'config.json'}: transformers can make no language model of this shape "
            f"({type(error).__name__}: {one_line(str(error), 200)})"
        ) from error


@torch.no_grad()
def _takes_packed(network: Any, device: torch.device) -> bool:
    packed = pack([TokenTree.line([1, 2, 3, 4, 5, row]) for row in range(2)]).to(device)
    try:
        run_packed(network, packed, torch.tensor([4, 5], device=device))
    except (TypeError, RuntimeError, ValueError, IndexError):
        return False
    return True
