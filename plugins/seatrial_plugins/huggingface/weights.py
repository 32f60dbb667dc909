"""Weights on disk: which files a source holds, and the digest that pins them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from seatrial.errors import SourceError
from seatrial.runs.store import digest_json, write_json
from seatrial_plugins.huggingface.config_file import read_config
from seatrial_plugins.huggingface.folder_files import check_file, check_folder
from seatrial_plugins.huggingface.shape_limits import check_whole
from seatrial_plugins.huggingface.tensor_files import read_header, weight_files

__all__ = [
    "TOKENIZER_FILES",
    "Weights",
    "cached_digest",
    "check_shape",
    "count_parameters",
    "find_weights",
    "folder_digest",
]

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

_READ = ("*.json", "*.jinja", "*.model", "*.safetensors", "*.tiktoken", "*.txt", "additional_chat_templates/*.jinja")
"""By ending, since names vary: shards, `tokenizer.4.0.0.json`, `spiece.model`, `vocab.txt`."""

_HASHED_EACH_TIME = 16 << 20
"""Bytes up to which a file is read anew each time: 40 ms at 400 MB/s."""

_BLOCKS, _BLOCK = 64, 1 << 16
"""The sample: 4 MiB of a file, which takes 10 ms."""

_SETTLED = 2_000_000_000
"""Nanoseconds: the coarsest clock of a file system that is met (FAT's)."""


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
    check_file(source)
    if source.is_file():
        if source.suffix.lower() == ".gguf":
            return Weights("gguf", source)
        raise SourceError(
            f"{address}: {source.name} is no model; name a folder with config.json and *.safetensors, or a *.gguf"
        )
    if (source / "config.json").exists():
        check_folder(source)
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
        check_file(found[0])
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
    """SHA-256 of a file. Of a large one it is remembered in the cache, under all that tells whether the file is the same.

    That is its path, device, inode, size, both times of change and a sample of its bytes. The time of the inode's change
    (ctime) cannot be set, so no copy and no write in place escapes it where a file system keeps it; where one doesn't, the
    sample differs, since other weights differ everywhere. A file that has just changed is not remembered: it could change
    again within the clock's grain (as git does with its index).
    """
    with path.open("rb") as stream:
        before = os.fstat(stream.fileno())
        if before.st_size <= _HASHED_EACH_TIME:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        identity = json.dumps([str(path.resolve()), *_stamps(before), _sample(stream, before.st_size)])
        note = cache / "digests" / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"
        if (known := _remembered(note, identity)) is not None:
            return known
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        after = os.fstat(stream.fileno())
    if _stamps(after) == _stamps(before) and time.time_ns() - max(after.st_ctime_ns, after.st_mtime_ns) > _SETTLED:
        write_json(note, {"identity": identity, "sha256": digest})
    return digest


def _stamps(stat: os.stat_result) -> list[int]:
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _sample(stream: IO[bytes], size: int) -> str:
    """SHA-256 of evenly spread blocks, the first and the last among them."""
    found = hashlib.sha256()
    for index in range(_BLOCKS):
        stream.seek((size - _BLOCK) * index // (_BLOCKS - 1))
        found.update(stream.read(_BLOCK))
    return found.hexdigest()


def _remembered(note: Path, identity: str) -> str | None:
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
        return str(kept["sha256"]) if kept["identity"] == identity else None
    except (OSError, ValueError, LookupError, TypeError):
        return None  # not there, or damaged: it is computed anew


def folder_digest(folder: Path, cache: Path) -> str:
    """SHA-256 over all that transformers may read of a model: weights and their index, configs, tokenizer, chat templates."""
    files = sorted(file for pattern in _READ for file in folder.glob(pattern) if file.is_file())
    return digest_json({file.relative_to(folder).as_posix(): cached_digest(file, cache) for file in files})


def count_parameters(folder: Path) -> int:
    """How many numbers a model's safetensors files hold, from their headers alone.

    Raises:
        SourceError: a file is missing or damaged, or a tensor stands in two.
    """
    found: dict[str, tuple[Path, int]] = {}
    for file in weight_files(folder):
        for name, tensor in read_header(file).items():
            if name in found:
                raise SourceError(
                    f"{folder}: {name} stands in {found[name][0].name} and in {file.name}, and which of them counts is "
                    "left to whoever loads it; get the folder again, or save the model anew"
                )
            found[name] = file, math.prod(tensor.shape)
    return sum(count for _, count in found.values())


def check_shape(folder: Path, architecture: Any) -> None:
    """Refuse a folder whose config and weights cannot belong to each other, before memory is taken for them.

    Args:
        folder: Holds config.json and safetensors.
        architecture: A transformers class, such as AutoModelForCausalLM.

    Raises:
        SourceError: a file is missing or damaged, or the config asks for far more than the files hold.
    """
    config = read_config(folder)
    if getattr(config, "quantization_config", None) is None:
        _refuse_whole_numbers(folder)
    check_whole(architecture, config, count_parameters(folder), str(folder / "config.json"))


def _refuse_whole_numbers(folder: Path) -> None:
    """Refuse weights that are whole numbers, where nothing says what they are to be multiplied by."""
    for file in weight_files(folder):
        for name, tensor in read_header(file).items():
            if name.endswith(".weight") and tensor.dtype.startswith(("I", "U")):
                raise SourceError(
                    f"{file}: {name} holds whole numbers ({tensor.dtype}), as quantised weights do, and config.json has no "
                    "`quantization_config`, which says what they stand for; get the folder again, whole, or its weights unquantised"
                )
