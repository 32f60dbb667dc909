"""The runtime: what this plugin shares with others that train, encode or detect with transformers' models.

The one public face of this room: other rooms import these names from here and nothing else of it, as would a plugin of
a third party. Each is imported when it is first asked for, so that naming this module imports no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial_plugins.huggingface.batches import batches_by_length
    from seatrial_plugins.huggingface.chat import ChatTokenizer, Rendered
    from seatrial_plugins.huggingface.classifier_input import beyond_words, classifier_ids, padded
    from seatrial_plugins.huggingface.conversation import is_trained, only_last_trained
    from seatrial_plugins.huggingface.device import choose_device, peak_bytes, send
    from seatrial_plugins.huggingface.exactness import head_is_plain, varlen_is_exact
    from seatrial_plugins.huggingface.examples import (
        Example,
        Examples,
        behind,
        masked_example,
        render_examples,
        telling,
    )
    from seatrial_plugins.huggingface.image_input import ImageInput
    from seatrial_plugins.huggingface.lines import Lines, line_up
    from seatrial_plugins.huggingface.merging import place_module
    from seatrial_plugins.huggingface.packing import Packed, framed, pack, run_packed, shared_prefix, states_for
    from seatrial_plugins.huggingface.prefix import prefix_of_words, put_prefix
    from seatrial_plugins.huggingface.quiet import no_progress_bars
    from seatrial_plugins.huggingface.soft_prompt import SoftPrompt, put_before
    from seatrial_plugins.huggingface.token_tree import TokenTree
    from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer
    from seatrial_plugins.huggingface.trainable import TrainableNetwork
    from seatrial_plugins.huggingface.varlen import has_varlen_kernel
    from seatrial_plugins.huggingface.weights import check_shape
    from seatrial_plugins.huggingface.whole_load import lacks, load_whole
    from seatrial_plugins.huggingface.wide_head import widen

__all__ = [
    "ChatTokenizer",
    "Example",
    "Examples",
    "ImageInput",
    "Lines",
    "Packed",
    "Rendered",
    "SoftPrompt",
    "TokenTree",
    "TrainableNetwork",
    "batches_by_length",
    "behind",
    "beyond_words",
    "check_shape",
    "choose_device",
    "classifier_ids",
    "framed",
    "has_varlen_kernel",
    "head_is_plain",
    "is_trained",
    "lacks",
    "line_up",
    "load_whole",
    "masked_example",
    "no_progress_bars",
    "only_last_trained",
    "pack",
    "padded",
    "peak_bytes",
    "place_module",
    "prefix_of_words",
    "put_before",
    "put_prefix",
    "read_tokenizer",
    "render_examples",
    "run_packed",
    "send",
    "shared_prefix",
    "states_for",
    "telling",
    "varlen_is_exact",
    "widen",
]

_MODULES = {
    "batches": ("batches_by_length",),
    "chat": ("ChatTokenizer", "Rendered"),
    "classifier_input": ("beyond_words", "classifier_ids", "padded"),
    "conversation": ("is_trained", "only_last_trained"),
    "device": ("choose_device", "peak_bytes", "send"),
    "exactness": ("head_is_plain", "varlen_is_exact"),
    "examples": ("Example", "Examples", "behind", "masked_example", "render_examples", "telling"),
    "image_input": ("ImageInput",),
    "lines": ("Lines", "line_up"),
    "merging": ("place_module",),
    "packing": ("Packed", "framed", "pack", "run_packed", "shared_prefix", "states_for"),
    "prefix": ("prefix_of_words", "put_prefix"),
    "quiet": ("no_progress_bars",),
    "soft_prompt": ("SoftPrompt", "put_before"),
    "token_tree": ("TokenTree",),
    "tokenizer_files": ("read_tokenizer",),
    "trainable": ("TrainableNetwork",),
    "varlen": ("has_varlen_kernel",),
    "weights": ("check_shape",),
    "whole_load": ("lacks", "load_whole"),
    "wide_head": ("widen",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"seatrial_plugins.huggingface.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
