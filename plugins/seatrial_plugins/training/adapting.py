"""Adapting: fresh LoRA layers on a network."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from seatrial.errors import UsageError
from seatrial_plugins.training.engine import trainable
from seatrial_plugins.training.options import LoraOptions

__all__ = ["adapt"]


def adapt(network: Any, options: LoraOptions) -> Any:
    """The network with fresh adapters, whose weights are float32 whatever the network's are.

    Raises:
        UsageError: the model has no modules of these names.
    """
    from peft import LoraConfig, TaskType, get_peft_model

    config = LoraConfig(
        r=options.r,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=_targets(network, options.target_modules),
        bias="none",
        task_type=TaskType.CAUSAL_LM,
    )
    if options.gradient_checkpointing:
        _recompute_activations(network)
        network.enable_input_require_grads()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT's use of names that transformers renames
            adapted = get_peft_model(network, config, autocast_adapter_dtype=True)
    except ValueError as error:
        linear = sorted({name.rpartition(".")[2] for name, module in network.named_modules() if _is_linear(module)})
        raise UsageError(
            f"train.target_modules: {options.target_modules} fits no module of this model ({error}); its linear layers "
            f"are {', '.join(linear)}"
        ) from error
    for parameter in trainable(adapted).values():
        parameter.data = parameter.data.float()
    return adapted


def _targets(network: Any, wanted: str | tuple[str, ...]) -> list[str] | str | None:
    if wanted == "all-linear":
        return "all-linear"
    if wanted == "qv":
        names = {name.rpartition(".")[2] for name, _ in network.named_modules()}
        # Elsewhere they are called or fused otherwise, and PEFT knows how for each architecture.
        return ["q_proj", "v_proj"] if {"q_proj", "v_proj"} <= names else None
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _recompute_activations(network: Any) -> None:
    """Under the name that this version of transformers has for it (another one from 5.23 on)."""
    if hasattr(network, "activation_checkpointing_enable"):
        network.activation_checkpointing_enable({"use_reentrant": False})
    else:
        network.gradient_checkpointing_enable({"use_reentrant": False})


def _is_linear(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"
