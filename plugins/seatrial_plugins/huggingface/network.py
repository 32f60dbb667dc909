"""Networks: a folder's weights on their device, with an attention that packs rows where that gives the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.architecture import architecture_of, reads_images
from seatrial_plugins.huggingface.config_file import read_config
from seatrial_plugins.huggingface.device import choose_device, choose_dtype
from seatrial_plugins.huggingface.exactness import caps_scores, packing_is_exact
from seatrial_plugins.huggingface.four_bits import in_four_bits, stay_differentiable
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.packed_attention import ATTENTION
from seatrial_plugins.huggingface.weights import check_shape
from seatrial_plugins.huggingface.whole_load import load_whole

__all__ = ["load_network", "load_plain", "outline"]


def load_network(folder: Path, options: LoadOptions, *, four_bits: bool = False) -> tuple[Any, bool]:
    """The transformers model on its device, and whether batches can be packed for it.

    With `four_bits`, its linear layers hold their weights in 4 bits, for adapters to be trained beside them.

    Nothing is fetched, no code of the folder is run, no pickle is opened.

    Raises:
        SourceError: the folder's files are damaged, lack weights, or belong to an architecture that is no language model.
    """
    check_shape(folder, architecture_of(folder))
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    more = in_four_bits(dtype, device) if four_bits else {}
    if options.attention != "auto" or reads_images(folder):  # what stands around a picture's tokens is not packed
        attention = None if options.attention == "auto" else options.attention
        return _read_network(folder, dtype, attention, more).to(device).eval(), False
    try:
        network = _read_network(folder, dtype, ATTENTION, more).to(device).eval()
    except _NotReplaceableError:
        network = None
    if network is not None and packing_is_exact(network, network.config.get_text_config().vocab_size, device):
        return network, True
    # Read again rather than told to change its attention: some architectures settle it, and their masks, when they are built.
    attention = "eager" if network is not None and caps_scores(network.config) else None
    del network
    return _read_network(folder, dtype, attention, more).to(device).eval(), False


def load_plain(folder: Path, dtype: torch.dtype) -> Any:
    """The transformers model on the CPU, with the attention that transformers prefers for it.

    Raises:
        SourceError: as for `load_network`.
    """
    check_shape(folder, architecture_of(folder))
    return _read_network(folder, dtype, None, {}).eval()


def outline(folder: Path) -> Any:
    """The transformers model of a folder's config without any numbers: its modules, and the shapes of their weights.

    Raises:
        SourceError: transformers knows no such config, or no language model of it.
    """
    config = read_config(folder)
    try:
        with torch.device("meta"):
            return architecture_of(folder).from_config(config)
    except Exception as error:  # an architecture's code holds its config against nothing of its own
        raise SourceError(
            f"{folder / 'config.json'}: transformers can make no language model of this shape "
            f"({type(error).__name__}: {one_line(str(error), 200)})"
        ) from error


class _NotReplaceableError(Exception):
    """The architecture knows only attentions of its own."""


def _read_network(folder: Path, dtype: torch.dtype, attention: str | None, more: Mapping[str, Any]) -> Any:
    """The transformers model, with the attention that is named or else with the one that transformers prefers for it."""
    named = {} if attention is None else {"attn_implementation": attention}
    try:
        network = load_whole(
            architecture_of(folder),
            str(folder),
            pretrained_model_name_or_path=str(folder),
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            **named,
            **more,
        )
    except SourceError as error:
        reason = str(error.__cause__)
        if attention == ATTENTION and ("attn_implementation" in reason or ATTENTION in reason):
            raise _NotReplaceableError from error
        raise
    if more:
        stay_differentiable(network)
    return network
