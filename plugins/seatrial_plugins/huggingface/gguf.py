"""GGUF, converted once to safetensors: transformers reads it, but trains and saves nothing that came from it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError
from seatrial.runs.store import atomic_folder, write_json
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.gguf_contents import refuse_unread
from seatrial_plugins.huggingface.shape_limits import check_numbers, check_whole
from seatrial_plugins.huggingface.tensor_files import refuse_pointer
from seatrial_plugins.huggingface.whole_load import load_whole

__all__ = ["CONVERSION", "convert"]

CONVERSION = 2
"""Raised when equal GGUF bytes would be converted to other files; part of the cache's key."""

_SPECIAL = {
    "bos_token": "bos_token_id",
    "eos_token": "eos_token_id",
    "pad_token": "padding_token_id",
    "unk_token": "unknown_token_id",
}
"""What a tokenizer calls its special tokens → what GGUF's metadata call them."""

_TEXTS = ([8], [9, 8])
"""The types of a field that is a text, or an array of texts."""


def convert(file: Path, address: str, target: Path) -> None:
    """Write the model of a GGUF file to the folder `target`: config, tokenizer with chat template, float32 safetensors.

    Float32 keeps every de-quantised value as it is. The state dict goes through a fresh model, since one that was loaded
    from GGUF calls itself quantised and refuses to be saved.

    Raises:
        SourceError: transformers is too old to read the tokenizer rightly, cannot read the file or not all of it, or misses
            weights in it.
    """
    import gguf
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    installed = version("transformers")
    if int(installed.split(".")[0]) < 5:
        raise SourceError(
            f"{address}: transformers {installed} converts GGUF tokenizers wrongly (SmolLM2's gets an extra "
            "first token); install transformers 5, or name a folder with safetensors"
        )
    place: dict[str, Any] = {
        "pretrained_model_name_or_path": str(file.parent),
        "gguf_file": file.name,
        "local_files_only": True,
    }
    refuse_pointer(file)
    try:
        with _read_once() as read:
            named = _checked(file, address)
            config = AutoConfig.from_pretrained(**place)
            check_whole(AutoModelForCausalLM, config, file.stat().st_size, address)
            tokenizer = AutoTokenizer.from_pretrained(**place)
            _name_special_tokens(tokenizer, named)
            loaded = load_whole(AutoModelForCausalLM, address, **place, dtype=torch.float32)
            refuse_unread(gguf.GGUFReader(str(file)), config, loaded, read, address)
    except (SourceError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # what reads the file has no error of its own
        raise SourceError(
            f"{address}: transformers cannot read this GGUF: it is damaged, was cut short, or of a kind that transformers "
            f"doesn't know; get it again, or name a folder with safetensors ({type(error).__name__}: "
            f"{one_line(str(error), 200)})"
        ) from error
    shape = loaded.config.to_dict()
    shape.pop("quantization_config", None)
    shape.pop("_name_or_path", None)
    config = AutoConfig.for_model(shape.pop("model_type"), **shape)
    with torch.device("meta"):
        fresh = AutoModelForCausalLM.from_config(config)
    fresh.load_state_dict(loaded.state_dict(), assign=True)
    fresh.tie_weights()
    fresh.generation_config = loaded.generation_config
    with atomic_folder(target) as folder:
        fresh.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write_json(folder / "conversion.json", {"from": file.name, "conversion": CONVERSION})


def _checked(file: Path, address: str) -> dict[str, int]:
    """The ids of the special tokens that the file's metadata names, once its numbers are known to be those of a model."""
    import gguf

    fields = gguf.GGUFReader(str(file)).fields
    numbers = {key: field.contents() for key, field in fields.items() if not key.startswith("tokenizer.")}
    check_numbers(numbers, address)
    keys = {role: f"tokenizer.ggml.{key}" for role, key in _SPECIAL.items()}
    return {role: int(fields[key].contents()) for role, key in keys.items() if key in fields}


def _name_special_tokens(tokenizer: Any, ids: dict[str, int]) -> None:
    """Give the tokenizer the special tokens that the file names: transformers 5.17 takes SmolLM2's first for its last."""
    for role, token in ids.items():
        if 0 <= token < len(tokenizer) and getattr(tokenizer, f"{role}_id") != token:
            setattr(tokenizer, role, tokenizer.convert_ids_to_tokens(token))
    tokenizer.clean_up_tokenization_spaces = (
        False  # 5.17 would have spaces before punctuation removed from what is said
    )


@contextlib.contextmanager
def _read_once() -> Iterator[set[str]]:
    """Let transformers parse the file once and not three times, and its vocabulary fast; gives the names of the tensors that
    it finds a place for.

    The reader holds the vocabulary as one small array per token, each a slice of a mapped file: slices of the plain array
    that lies behind it take a third of the time. Transformers makes a list of numbers of each before it makes a text. The map
    of tensor names is rebuilt for each module.
    """
    import gguf
    import numpy as np
    from transformers import modeling_gguf_pytorch_utils as reading

    reader, names, bar = gguf.GGUFReader, gguf.get_tensor_name_map, reading.tqdm
    places, found = reading.get_gguf_hf_weights_map, set[str]()
    value = reading._gguf_parse_value  # noqa: SLF001 - there is no other way in

    class Plain(reader):  # type: ignore[misc, valid-type]
        def _get(self, *given: Any, **named: Any) -> Any:
            data: Any = vars(self)["data"]
            if isinstance(data, np.memmap):
                self.data = np.asarray(data)
            return super()._get(*given, **named)

    def parsed(data: Any, kinds: Any) -> Any:
        return data.tobytes().decode() if kinds in _TEXTS else value(data, kinds)

    @functools.wraps(places)
    def noted(*given: Any, **named: Any) -> dict[str, str]:
        mapped: dict[str, str] = places(*given, **named)
        found.update(mapped)
        return mapped

    gguf.GGUFReader = functools.lru_cache(maxsize=1)(Plain)
    gguf.get_tensor_name_map = functools.lru_cache(maxsize=8)(names)
    reading.tqdm = functools.partial(bar, disable=True)  # the terminal is the run's
    reading.get_gguf_hf_weights_map = noted
    reading._gguf_parse_value = parsed  # noqa: SLF001
    try:
        yield found
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map, reading.tqdm = reader, names, bar
        reading.get_gguf_hf_weights_map = places
        reading._gguf_parse_value = value  # noqa: SLF001
