"""Weights on disk: which files a source holds, and the digest that pins them."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seatrial.errors import SourceError
from seatrial.runs.store import digest_json, digest_path, write_json
from seatrial_plugins.huggingface.tensor_files import read_header, weight_files

__all__ = ["TOKENIZER_FILES", "Weights", "cached_digest", "count_parameters", "find_weights", "folder_digest"]

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
)
"""What a tokenizer may be made of."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a source turned out to hold."""

    kind: Literal["safetensors", "gguf", "config"]
    """`config` is a model's shape and tokenizer without any weights."""
    path: Path
    """The folder, or the GGUF file."""


def find_weights(source: Path, address: str) -> Weights:
    """The model in `source`: a folder with safetensors, a GGUF file, or a folder with exactly one GGUF file in it.

    Raises:
        SourceError: there is no model, more than one, or only pickled weights, which could run code when opened.
    """
    if source.is_file():
        if source.suffix.lower() == ".gguf":
            return Weights("gguf", source)
        raise SourceError(
            f"{address}: {source.name} is no model; name a folder with config.json and *.safetensors, or a *.gguf"
        )
    has_config = (source / "config.json").is_file()
    if has_config and (source / "adapter_config.json").exists():
        raise SourceError(
            f"{address}: holds a model and an adapter, and transformers would load the model that the adapter names instead of "
            "this one; put adapter_config.json and its weights into a folder of their own, and name that one under `adapter`"
        )
    if has_config and any(source.glob("*.safetensors")):
        return Weights("safetensors", source)
    found = sorted(source.rglob("*.gguf"))
    if len(found) == 1:
        return Weights("gguf", found[0])
    if found:
        names = ", ".join(path.relative_to(source).as_posix() for path in found)
        raise SourceError(f"{address}: holds {len(found)} GGUF files ({names}); name one of them")
    pickled = sorted(path.name for ending in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in source.glob(ending))
    if pickled:
        raise SourceError(
            f"{address}: holds only pickled weights ({', '.join(pickled)}), and opening a pickle can run any code; convert "
            "them to safetensors where you trust them (transformers: save_pretrained)"
        )
    if has_config:
        return Weights("config", source)
    if (source / "adapter_config.json").exists():
        raise SourceError(
            f"{address}: is an adapter and no model; name it under `adapter`, beside its model's `source`"
        )
    raise SourceError(f"{address}: no model in {source}; expected config.json and *.safetensors, or one *.gguf")


def cached_digest(path: Path, cache: Path) -> str:
    """SHA-256 of a file, remembered in the cache by its path, size and time of change."""
    stat = path.stat()
    identity = json.dumps([str(path.resolve()), stat.st_size, stat.st_mtime_ns])
    note = cache / "digests" / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"
    if note.is_file():
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept.get("identity") == identity:
            return str(kept["sha256"])
    digest = digest_path(path)
    write_json(note, {"identity": identity, "sha256": digest})
    return digest


def folder_digest(folder: Path, cache: Path) -> str:
    """SHA-256 over what a model's behaviour depends on: weights, config, generation config, tokenizer, chat template."""
    names = {"config.json", "generation_config.json", *TOKENIZER_FILES}
    files = sorted(file for file in folder.iterdir() if file.name in names or file.suffix == ".safetensors")
    return digest_json({file.name: cached_digest(file, cache) for file in files})


def count_parameters(folder: Path) -> int:
    """How many numbers a model's safetensors files hold, from their headers alone.

    Raises:
        SourceError: a file is missing or damaged.
    """
    headers = (read_header(file) for file in weight_files(folder))
    return sum(math.prod(tensor.shape) for header in headers for tensor in header.values())
