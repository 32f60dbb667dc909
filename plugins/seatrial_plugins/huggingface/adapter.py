"""Adapters on disk, put onto a network so that all of their weights are in use."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError, did_you_mean
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.adapter_files import WEIGHTS, check_adapter_files, refuse_foreign
from seatrial_plugins.huggingface.patterns import check_patterns
from seatrial_plugins.huggingface.prefix import KIND as PREFIX
from seatrial_plugins.huggingface.prefix import load_prefix
from seatrial_plugins.huggingface.soft_prompt import KIND as PROMPT
from seatrial_plugins.huggingface.soft_prompt import load_prompt
from seatrial_plugins.huggingface.tensor_files import read_header
from seatrial_plugins.huggingface.whole_load import lacks

__all__ = ["ADAPTER", "load_adapter"]

ADAPTER = "default"
"""The adapter's name on the network: a part of the names of its own weights."""

_OUTSIDE = frozenset({"ADAPTION_PROMPT", "POLY", "XLORA"})
"""Kinds that need more than their own layers: a prompt inside each attention, a task's number, weights of the hour."""

_BEFORE = {PROMPT: load_prompt, PREFIX: load_prefix}
"""Kinds that stand before a row, and how each is put there."""

_SHOWN = 300
"""Characters of PEFT's own messages, which name every layer."""


def load_adapter(network: Any, folder: Path) -> Any:
    """The PEFT model of a network and the adapter in `folder`; a `Prompted` where that is a soft prompt or a prefix.

    Raises:
        SourceError: there is no adapter that can be opened safely, it is of a kind that is not applied here, or it doesn't
            fit the network.
    """
    from peft import PeftConfig, get_peft_model

    given = check_adapter_files(folder)
    _check_known(given.get("peft_type"), folder)
    if given["peft_type"] in _BEFORE:
        return _BEFORE[given["peft_type"]](network, folder)
    check_patterns(given, [name for name, _ in network.named_modules()], folder / "adapter_config.json")
    try:
        config = PeftConfig.from_pretrained(str(folder))
        _check_kind(config, folder)
        config.inference_mode = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT's use of names that transformers renames
            # Trained under the address that the suite names, loaded from the folder that is behind it.
            warnings.filterwarnings("ignore", message="The PEFT config's `base_model_name_or_path` was renamed")
            # Onto an outline, to see whether it fits.
            warnings.filterwarnings("ignore", message=r".*copying from a non-meta parameter")
            adapted = get_peft_model(network, config, adapter_name=ADAPTER)
            before = _check_own(adapted, folder)
            read = adapted.load_adapter(str(folder), ADAPTER, is_trainable=False)
        _check_read(read, folder)
        refuse_foreign(folder, {name for name, _, _ in before ^ _of_the_model(adapted)})
    except (SourceError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # PEFT's kinds hold their configs against nothing in common
        raise SourceError(
            f"{folder}: PEFT cannot put this adapter onto the model; it was trained on another one, or its "
            f"adapter_config.json was changed ({type(error).__name__}: {one_line(str(error), _SHOWN)})"
        ) from error
    return adapted.eval()


def _check_known(kind: object, folder: Path) -> None:
    from peft import PeftType

    known = [one.value for one in PeftType]
    if kind not in known:
        given = f"names the kind {kind!r}{did_you_mean(str(kind), known)}" if kind is not None else "names no kind"
        raise SourceError(
            f"{folder / 'adapter_config.json'}: {given} in `peft_type`, where the installed PEFT knows {', '.join(known)}; "
            "mend it, or upgrade peft"
        )


def _check_own(adapted: Any, folder: Path) -> set[tuple[str, int, int]]:
    """Refuse tensors that would take the place of the model's own: the base would be another one than it is compared with.

    Returns:
        The state that the model's own weights have before the adapter's are read.
    """
    from peft import get_peft_model_state_dict

    own = get_peft_model_state_dict(adapted, adapter_name=ADAPTER, save_embedding_layers=False)
    refuse_foreign(folder, (read_header(folder / WEIGHTS).keys() - own.keys()) & adapted.state_dict().keys())
    return _of_the_model(adapted)


def _of_the_model(adapted: Any) -> set[tuple[str, int, int]]:
    """Name, place and version of each weight that is not the adapter's: torch counts what is written into a tensor."""
    weights = {**dict(adapted.named_parameters()), **dict(adapted.named_buffers())}
    return {
        (name, tensor.data_ptr(), tensor._version)  # noqa: SLF001  # there is no public name
        for name, tensor in weights.items()
        if f".{ADAPTER}" not in name
    }


def _check_read(read: Any, folder: Path) -> None:
    """Refuse an adapter of which something was not used, or that lacks something."""
    if read.unexpected_keys:
        raise SourceError(
            f"{folder}: {len(read.unexpected_keys)} of its tensors fit no layer of the model (the first: "
            f"{min(read.unexpected_keys)}); it was trained on another model"
        )
    if read.missing_keys:
        raise SourceError(
            f"{folder}: {lacks(read.missing_keys)}, which the model needs; it was trained on another model, or is not whole"
        )


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
        "that changes layers, such as LoRA, DoRA or IA3, a soft prompt (prompt tuning) or a prefix"
    )
