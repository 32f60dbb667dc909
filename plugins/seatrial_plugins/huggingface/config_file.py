"""Config files: a folder's config.json, as far as it says which architecture transformers has to build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.folder_files import check_folder
from seatrial_plugins.huggingface.shape_limits import check_numbers

__all__ = ["is_classifier", "read_config"]


def read_config(folder: Path) -> Any:
    """The transformers config of a folder. Nothing is fetched, no code of the folder is run.

    Raises:
        SourceError: it is no JSON object, names no architecture that transformers knows, or holds values that cannot be.
    """
    from transformers import AutoConfig

    from seatrial_plugins.huggingface.quiet import no_progress_bars

    check_folder(folder)
    _check_numbers(folder / "config.json")
    try:
        with no_progress_bars():  # it warns of unknown kinds before it refuses them
            return AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # what a config's values are held against has no error in common
        raise SourceError(
            f"{folder / 'config.json'}: no config that transformers knows; get it again, or upgrade transformers if the "
            f"architecture is newer ({type(error).__name__}: {one_line(str(error), 200)})"
        ) from error


def _check_numbers(file: Path) -> None:
    """Hold a config's numbers against their bounds; one that is no JSON object is refused by transformers itself."""
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(config, dict):
        check_numbers(config, str(file))


def is_classifier(folder: Path) -> bool:
    """Whether a folder's config names an architecture that classifies sequences."""
    architectures = getattr(read_config(folder), "architectures", None) or ()
    return any(name.endswith("ForSequenceClassification") for name in architectures)
