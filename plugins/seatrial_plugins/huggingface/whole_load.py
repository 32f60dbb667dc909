"""Whole loads: a transformers model all of whose weights came out of its files.

transformers fills a weight that it doesn't find with random numbers and logs a line: what is then measured is another model.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.quiet import no_progress_bars

__all__ = ["lacks", "load_whole"]

_PLACE_IN_LIST = re.compile(r"(.+?)\.(\d+)\.")
"""A tensor's name up to the first number in it: `model.layers`, 7."""

_BUFFER = re.compile(r"\.(inv_freq|position_ids|(attn|attention)\.(masked_)?bias)$")
"""What older versions of transformers saved beside weights: frequencies, places and masks, which are made anew."""


def load_whole(architecture: Any, place: str, *, unused: str = "", **options: Any) -> Any:
    """`architecture.from_pretrained(**options)`, refused unless the files hold each of the model's weights, in its shape.

    Args:
        architecture: A transformers class, such as AutoModelForCausalLM.
        place: What to call the files where they are refused.
        unused: Weights whose names hold this are not read and may be missing.
        options: As `from_pretrained` takes them.

    Raises:
        SourceError: they lack a weight, hold one in another shape, or hold layers, or weights of a module, that the config
            doesn't have; or transformers cannot load them. Memory that runs out is no fault of the files, and raised as it is.
    """
    try:
        with no_progress_bars():
            # A mismatch is asked for below, by name: transformers raises an error that points to its log.
            network, report = architecture.from_pretrained(
                **options, output_loading_info=True, ignore_mismatched_sizes=True
            )
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # transformers, torch and what they call have no error in common
        raise SourceError(
            f"{place}: transformers cannot load this model; get its files again, install what they need, or name another "
            f"({type(error).__name__}: {one_line(str(error), 300)})"
        ) from error
    missing = [name for name in report["missing_keys"] if not (unused and unused in name)]
    if missing:
        raise SourceError(
            f"{place}: {lacks(missing)}; transformers would fill that with random numbers; its config belongs to other "
            "weights, or a part of these is missing"
        )
    if report["mismatched_keys"]:
        name, found, wanted = min(report["mismatched_keys"])
        raise SourceError(
            f"{place}: its tensor {name} has the shape {list(found)}, and its config asks for {list(wanted)}; the two "
            "belong to different models"
        )
    if beyond := [name for name in report["unexpected_keys"] if _beyond(network, name)]:
        raise SourceError(
            f"{place}: its config has fewer layers than its weights (the tensor {min(beyond)} is beyond them); the two "
            "belong to different models"
        )
    idle = _idle(str(options.get("pretrained_model_name_or_path", "")), report["unexpected_keys"])
    if inside := [name for name in report["unexpected_keys"] if name not in idle and _inside(network, name)]:
        others = f" and {len(inside) - 1:,} more" if len(inside) > 1 else ""
        raise SourceError(
            f"{place}: the model of its config has no place for its tensor {min(inside)}{others}, and transformers leaves such "
            "aside: without an adapter that was not merged, biases, or scales of quantised weights it is another model; merge "
            "them, or get the config that belongs to them"
        )
    return network


def lacks(names: Collection[str]) -> str:
    """`it lacks the tensor a.weight`, and how many more."""
    others = len(names) - 1
    return f"it lacks the tensor {min(names)}" + (f" and {others:,} other{'s' if others > 1 else ''}" if others else "")


def _beyond(network: Any, name: str) -> bool:
    """Whether a tensor belongs to a layer behind the network's last one; heads that the network doesn't have may be there."""
    found = _PLACE_IN_LIST.match(name)
    if found is None:
        return False
    try:
        layers = network.get_submodule(found[1])
    except AttributeError:
        return False
    return isinstance(layers, torch.nn.ModuleList) and int(found[2]) >= len(layers)


def _inside(network: Any, name: str) -> bool:
    """Whether a tensor stands inside a module of the network's: whole other heads and towers may be there, and buffers."""
    if _BUFFER.search(name):
        return False
    base = getattr(network, "base_model_prefix", "")
    path = name.rpartition(".")[0]
    while path and path != base:
        try:
            return network.get_submodule(path) is not None
        except AttributeError:
            path = path.rpartition(".")[0]
    return False


def _idle(place: str, names: Collection[str]) -> set[str]:
    """Those of a folder's tensors that change nothing: biases of zeros, as converters leave them."""
    from safetensors import safe_open

    wanted, idle = {name for name in names if name.endswith("bias")}, set[str]()
    for file in sorted(Path(place).glob("*.safetensors")) if wanted else ():
        with safe_open(str(file), framework="pt") as tensors:
            idle |= {name for name in wanted.intersection(tensors.keys()) if not bool(tensors.get_tensor(name).any())}
    return idle
