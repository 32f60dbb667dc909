"""Adapter files: what must lie in a folder before PEFT is given it, and what is told of it where it doesn't."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.folder_files import check_folder
from seatrial_plugins.huggingface.tensor_files import read_header

__all__ = ["WEIGHTS", "check_adapter_files", "refuse_foreign"]

WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"

_LORAS = ("lora_", "token_adapter", "trainable_tokens")
"""How a part of the name begins of each tensor that LoRA, DoRA and their trained tokens have."""

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")

_FLOATING = ("F", "BF")
"""How safetensors' names of floating-point types begin."""

_CHANGES_THE_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Initialisations that take what the adapter starts with out of the model's own weights."""


def check_adapter_files(folder: Path) -> dict[str, Any]:
    """The config of the adapter in `folder`, whose files are whole; under it the untuned model stays what it is.

    Raises:
        SourceError: the folder, its weights or its config is missing, damaged or not what an adapter has.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}: is {'a file' if folder.is_file() else 'not there'}; name an adapter's folder")
    check_folder(folder)
    _check_weights(folder)
    config = _checked_config(folder)
    if config.get("peft_type") == "LORA":
        _check_ranks(folder, config)
        kept = config.get("modules_to_save") or ()
        refuse_foreign(folder, {name for name in read_header(folder / WEIGHTS) if not _is_of_lora(name, kept)})
    return config


def _check_ranks(folder: Path, config: dict[str, Any]) -> None:
    """Refuse ranks beyond every dimension of the weights: layers of that size would be made before they are compared."""
    widest = max((size for tensor in read_header(folder / WEIGHTS).values() for size in tensor.shape), default=0)
    pattern = config.get("rank_pattern")
    ranks = (config.get("r"), *(pattern.values() if isinstance(pattern, dict) else ()))
    if beyond := [rank for rank in ranks if isinstance(rank, int) and rank > widest]:
        raise SourceError(
            f"{folder / _CONFIG}: has a rank of {max(beyond):,}, and no dimension of the adapter's weights is beyond "
            f"{widest:,}; it belongs to other weights, or was changed"
        )


def refuse_foreign(folder: Path, names: Collection[str]) -> None:
    """Refuse an adapter that holds tensors of these names, which are not its own.

    Raises:
        SourceError: there are such names.
    """
    if names:
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        raise SourceError(
            f"{folder / WEIGHTS}: holds {min(names)}{more}: weights of the model and not the adapter's own, so that the base "
            "would no longer be what the adapter is compared with; save the adapter alone (PEFT: "
            "save_pretrained(…, save_embedding_layers=False))"
        )


def _is_of_lora(name: str, kept: object) -> bool:
    """Whether a tensor's name is one that LoRA gives, or that of a module which the adapter keeps a copy of its own of."""
    modules = kept if isinstance(kept, list) else ()
    parts = name.split(".")
    # PEFT keeps a copy of every module whose name ends like that: `norm` takes `input_layernorm` along.
    return any(part.startswith(_LORAS) for part in parts) or any(f"{module}." in name for module in modules)


def _check_weights(folder: Path) -> None:
    if not (folder / WEIGHTS).is_file():
        pickled = sorted(path.name for pattern in _PICKLED for path in folder.glob(pattern))
        if pickled:
            raise SourceError(
                f"{folder}: no {WEIGHTS}, only {', '.join(pickled)}; pickled adapters are not opened, since opening one can "
                "run any code: convert it to safetensors where you trust it (PEFT: save_pretrained)"
            )
        what = "is no file" if (folder / WEIGHTS).exists() else "is not there"
        raise SourceError(f"{folder}: its {WEIGHTS} {what}; get the adapter again, whole (PEFT: save_pretrained)")
    for name, tensor in read_header(folder / WEIGHTS).items():
        if not tensor.dtype.startswith(_FLOATING):
            raise SourceError(
                f"{folder / WEIGHTS}: its tensor {name} holds {tensor.dtype} and not floating-point numbers; save the "
                "adapter unquantised"
            )


def _checked_config(folder: Path) -> dict[str, Any]:
    file = folder / _CONFIG
    if not file.is_file():
        what = "is no file" if file.exists() else "is not there"
        raise SourceError(
            f"{folder}: its {_CONFIG}, which says what kind of adapter it is, {what}; get it from its author"
        )
    try:
        config: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(
            f"{file}: is no JSON; get it again ({type(error).__name__}: {one_line(str(error), 120)})"
        ) from error
    if not isinstance(config, dict):
        raise SourceError(f"{file}: holds a {type(config).__name__} and not an object; get it again")
    if reason := _base_is_changed(config):
        raise SourceError(
            f"{file}: {reason}, so that the model without its adapter would not be the base that it is compared with; "
            "convert it to plain LoRA (PEFT: path_initial_model_for_weight_conversion), or merge it and name the whole model"
        )
    return config


def _base_is_changed(config: dict[str, Any]) -> str:
    """How an adapter changes what stays when it is switched off, or ""."""
    initialised = config.get("init_lora_weights")
    if isinstance(initialised, str) and initialised.lower().startswith(_CHANGES_THE_BASE):
        return f"`init_lora_weights: {initialised}` takes a part out of the model's own weights"
    if config.get("layer_replication"):
        return "`layer_replication` repeats layers of the model"
    if config.get("bias", "none") not in {"none", None}:
        return f"`bias: {config['bias']}` changes the model's own biases"
    return ""
