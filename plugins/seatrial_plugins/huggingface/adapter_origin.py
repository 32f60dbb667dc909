"""An adapter's origin: what its folder tells of the model that it was trained on, held against the model on trial."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from seatrial import LocalWeights
from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.adapter_files import check_adapter_files
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer

__all__ = ["origin_remarks"]

_OF_ANY = re.compile(r"checkpoint-\d+|final|final_model|last|best|model|merged|output|out")
"""Names that trainers give to what they leave, which tell no model from another."""

_TOKENIZER, _TEMPLATE = "tokenizer.json", "chat_template.jinja"


def origin_remarks(folder: Path, weights: LocalWeights) -> Iterator[str]:
    """Where it names another base, or brings a tokenizer or a chat template that the model's are not: they are not used."""
    named = check_adapter_files(folder).get("base_model_name_or_path")
    if isinstance(named, str) and named and _name(named) not in _names(weights):
        yield (
            f"{folder}: its adapter_config.json says that it was trained on {one_line(named, 80)!r}, and "
            f"{weights.address} is on trial; models of one shape cannot be told apart by their layers"
        )
    try:
        own = read_tokenizer(folder) if (folder / _TOKENIZER).is_file() else None
        template = (folder / _TEMPLATE).read_text("utf-8") if (folder / _TEMPLATE).is_file() else None
    except (SourceError, OSError, ValueError) as error:
        yield f"{folder}: brings a tokenizer or a chat template that cannot be read, and is not used: {one_line(str(error), 200)}"
        return
    if own is None and template is None:
        return
    of_model = read_tokenizer(weights.folder)
    if own is not None and own.get_vocab() != of_model.get_vocab():
        yield f"{folder}: brings a tokenizer with another vocabulary than the model's, which is not used"
    if (template := template or getattr(own, "chat_template", None)) and template != of_model.chat_template:
        yield (
            f"{folder}: brings a chat template of its own, which is not used: every prompt is written by the model's; merge "
            "the two and try the result, if it was trained with its own"
        )


def _names(weights: LocalWeights) -> set[str]:
    """What the model may be called: by its address, its folder, or what transformers wrote into its config."""
    config = json.loads((weights.folder / "config.json").read_text("utf-8"))
    written = config.get("_name_or_path")
    return {_name(name) for name in (weights.address, str(weights.folder), written) if isinstance(name, str) and name}


def _name(name: str) -> str:
    """The part of a hub's name, an address or a path that stays when it is moved; with its parent where it is any training's."""
    address = name.rpartition(":")[2] if name[1:2] != ":" else name
    *above, last = address.replace("\\", "/").rstrip("/").casefold().split("/")
    last = last.partition("@")[0]
    return "/".join([*above[-1:], last]) if _OF_ANY.fullmatch(last) else last
