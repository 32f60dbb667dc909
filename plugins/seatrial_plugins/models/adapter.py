"""Adapters on disk, put onto a network so that all of their weights are in use."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError

__all__ = ["ADAPTER", "load_adapter"]

ADAPTER = "default"
"""The adapter's name on the network: a part of the names of its own weights."""

_OUTSIDE = frozenset({"ADAPTION_PROMPT", "POLY", "XLORA"})
"""Kinds that need more than their own layers: a prompt inside each attention, a task's number, weights of the hour."""

_SHOWN = 300
"""Characters of PEFT's own messages, which name every layer."""


def load_adapter(network: Any, folder: Path) -> Any:
    """The PEFT model of a network and the adapter in `folder`.

    Raises:
        SourceError: there is no adapter that can be opened safely, it is of a kind that is not applied here, or it doesn't
            fit the network.
    """
    from peft import PeftConfig, get_peft_model

    if not (folder / "adapter_model.safetensors").is_file():
        raise SourceError(f"{folder}: no adapter_model.safetensors; pickled adapters are not opened")
    if not (folder / "adapter_config.json").is_file():
        raise SourceError(f"{folder}: no adapter_config.json, which says what kind of adapter it is")
    try:
        config = PeftConfig.from_pretrained(str(folder))
        _check_kind(config, folder)
        config.inference_mode = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT's use of names that transformers renames
            # Trained under the address that the suite names, loaded from the folder that is behind it.
            warnings.filterwarnings("ignore", message="The PEFT config's `base_model_name_or_path` was renamed")
            adapted = get_peft_model(network, config, adapter_name=ADAPTER)
            read = adapted.load_adapter(str(folder), ADAPTER, is_trainable=False)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:_SHOWN]
        raise SourceError(f"{folder}: PEFT cannot put this adapter onto the model: {reason}") from error
    for names, what in (
        (read.unexpected_keys, "of its tensors fit no layer of the model"),
        (read.missing_keys, "tensors that the model needs are not in it"),
    ):
        if names:
            raise SourceError(
                f"{folder}: {len(names)} {what} (the first: {min(names)}); it was trained on another model"
            )
    return adapted.eval()


def _check_kind(config: Any, folder: Path) -> None:
    """Refuse what changes more than layers: the network is run without PEFT's own forward pass, which would leave it out."""
    kind = getattr(config.peft_type, "value", config.peft_type)
    if config.is_prompt_learning:
        reason = "puts vectors of its own before the prompt"
    elif getattr(config, "alora_invocation_tokens", None):
        reason = "begins to act at certain tokens"
    elif kind in _OUTSIDE:
        reason = "changes more than single layers"
    else:
        return
    raise SourceError(
        f"{folder}: its adapter is of the kind {kind} and {reason}, which is not supported: it would not be applied; name one "
        "that changes layers, such as LoRA, DoRA or IA3"
    )
