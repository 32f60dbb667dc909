"""Exported models: weights, tokenizer, chat template and generation settings, as plain transformers and PEFT load them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError, UsageError
from seatrial.model import LocalWeights, Product
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.adapter import load_adapter
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.device import choose_device, choose_dtype
from seatrial_plugins.huggingface.merging import merge_obstacle
from seatrial_plugins.huggingface.network import load_plain
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.quiet import no_progress_bars
from seatrial_plugins.huggingface.soft_prompt import Prompted

__all__ = ["asked_dtype", "scored_dtype", "write_adapter", "write_merged", "write_whole"]

_PICKED = ("*.json", "*.jinja", "*.model", "*.tiktoken", "*.txt", "additional_chat_templates/*.jinja")
"""What a model's folder holds beside its weights; pickles are left behind."""

_ANEW = {"config.json", "adapter_config.json", "generation_config.json"}
"""What is written for the product."""


def scored_dtype(options: LoadOptions) -> torch.dtype:
    """The dtype in which the model is asked here."""
    return choose_dtype(options.dtype, choose_device(options.device))


def asked_dtype(asked: Mapping[str, object], options: LoadOptions) -> torch.dtype:
    """The dtype in which a model was asked that told so of itself; the one in which it would be asked here, where it did not."""
    told = getattr(torch, str(asked.get("dtype", "")), None)
    return told if isinstance(told, torch.dtype) and told.is_floating_point else scored_dtype(options)


def write_whole(weights: LocalWeights, product: Product, dtype: torch.dtype, chat: ChatTokenizer, folder: Path) -> None:
    """The model that the product makes of the weights: with an adapter merged, in the dtype in which it was asked; what training
    left whole, as it left it.

    Raises:
        SourceError: the base's generation settings cannot be read.
        UsageError: the product cannot be merged.
    """
    settings = _generation_settings(weights.folder, chat)  # before anything that takes long
    if product.kind == "adapter":
        write_merged(weights.folder, product.folder, folder, dtype=dtype, merge_in=torch.float32)
        _beside(weights.folder, settings, folder)
        return
    for file in sorted(product.folder.iterdir()):
        if file.is_file() and (
            file.suffix == ".safetensors" or file.name.endswith((".json", ".jinja", ".txt", ".model"))
        ):
            shutil.copyfile(file, folder / file.name)
    _forget_path(folder / "config.json")
    if product.kind == "weights":
        _beside(weights.folder, settings, folder)


def write_merged(base: Path, adapter: Path, folder: Path, *, dtype: torch.dtype, merge_in: torch.dtype) -> None:
    """A base's weights and an adapter as one model, added up in one dtype and written in another.

    It is made on the CPU: in bfloat16, what an adapter adds is often less than the last place of a weight, and is lost in the
    sum (peft #2502), so that sum wants float32, for which a GPU may have no room.

    Raises:
        UsageError: an adapter of that kind cannot be merged.
    """
    from transformers import GenerationConfig

    adapted: Any = load_adapter(load_plain(base, merge_in), adapter)
    if isinstance(adapted, Prompted):
        raise UsageError(
            f"{adapter}: its vectors stand before every prompt and change no weight, so there is nothing to merge; export the "
            "adapter (--adapter)"
        )
    if obstacle := merge_obstacle(adapted):
        raise UsageError(f"{adapter}: cannot be merged: {obstacle}; export the adapter (--adapter)")
    try:
        whole = adapted.merge_and_unload(safe_merge=True)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise UsageError(
            f"{adapter}: PEFT cannot merge it ({type(error).__name__}: {error}); export the adapter (--adapter)"
        ) from error
    whole.generation_config = GenerationConfig()  # the base's own may be one that transformers reads and does not write
    with no_progress_bars():
        whole.to(dtype).save_pretrained(folder, safe_serialization=True)
    _forget_path(folder / "config.json")


def _forget_path(config: Path) -> None:
    """Take out where the base lay: a folder of this machine."""
    said = json.loads(config.read_text(encoding="utf-8"))
    if said.pop("_name_or_path", None) is not None:
        _write_json(config, said)


def _write_json(file: Path, said: object) -> None:
    file.write_text(json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def write_adapter(weights: LocalWeights, product: Product, chat: ChatTokenizer, folder: Path) -> None:
    """The adapter, which names the Hub's repository of its base where that is known.

    Raises:
        UsageError: the product is none.
    """
    if product.kind != "adapter":
        raise UsageError(f"{product.folder}: holds whole weights and no adapter; export the whole model (--merged)")
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        shutil.copyfile(product.folder / name, folder / name)
    scheme, _, rest = weights.address.partition(":")
    name, _, revision = rest.partition("@") if scheme == "hf" else ("", "", "")  # else a folder of this machine
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    _write_json(
        folder / "adapter_config.json",
        {**config, "base_model_name_or_path": name or None, "revision": revision or None},
    )
    _beside(weights.folder, _generation_settings(weights.folder, chat), folder)


def _generation_settings(base: Path, chat: ChatTokenizer) -> dict[str, Any]:
    """The base's, with the ends of a turn as they were when it was scored.

    As they stand there: transformers reads settings that it refuses to write, such as a temperature without `do_sample`.
    """
    file = base / "generation_config.json"
    try:
        settings: Any = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise SourceError(f"{file}: is no JSON; get the model again ({one_line(str(error), 120)})") from error
    if not isinstance(settings, dict):
        raise SourceError(f"{file}: holds a {type(settings).__name__} and not an object; get the model again")
    return {**settings, "eos_token_id": list(chat.end_ids)} if chat.end_ids else settings


def _beside(base: Path, settings: Mapping[str, Any], folder: Path) -> None:
    """The base's tokenizer, chat template and processor, and the generation settings."""
    for pattern in _PICKED:
        for file in sorted(base.glob(pattern)):
            target = folder / file.relative_to(base)
            if (
                file.is_file()
                and not target.exists()
                and file.name not in _ANEW
                and not file.name.endswith(".index.json")
            ):
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, target)
    _write_json(folder / "generation_config.json", settings)
