"""Architectures: which of transformers' automatic classes makes the network of a folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from seatrial_plugins.huggingface.config_file import read_config

__all__ = ["architecture_of", "network_class", "reads_images"]

_PROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json")
"""What says how a picture is cut up and scaled; the second holds the image processor alone."""


def reads_images(folder: Path) -> bool:
    """Whether a folder's model is shown pictures: its architecture takes them, and it says how they are prepared."""
    if not any((folder / name).is_file() for name in _PROCESSOR_FILES) or not (folder / "config.json").is_file():
        return False
    return type(read_config(folder)) in _image_text_models()


def architecture_of(folder: Path) -> Any:
    """AutoModelForImageTextToText for a model that is shown pictures, else AutoModelForCausalLM."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    return AutoModelForImageTextToText if reads_images(folder) else AutoModelForCausalLM


def network_class(folder: Path) -> type:
    """The class of the network of a model that is shown pictures."""
    found: type = _image_text_models()[type(read_config(folder))]
    return found


@cache
def _image_text_models() -> Any:
    from transformers import AutoModelForImageTextToText

    return AutoModelForImageTextToText._model_mapping  # noqa: SLF001  # there is no public name
