"""LoRA (Hu et al., arXiv 2106.09685): fresh low-rank layers on a frozen network, and the adapter that they become."""

from __future__ import annotations

import warnings
from typing import Any

import torch

from seatrial.errors import TrainingError, UsageError
from seatrial.model import ProductKind
from seatrial.training import TrainingJob
from seatrial_plugins.training.engine import trainable
from seatrial_plugins.training.options import LoraOptions, TrainingOptions

__all__ = ["LoraTuning", "adapt", "recompute_activations"]


class LoraTuning:
    """Low-rank adapters on frozen weights (`seatrial_plugins.training.causal_training.Tuning`)."""

    name = "lora"
    product: ProductKind = "adapter"
    replays = True
    dtype: str | None = None

    def __init__(self, options: LoraOptions) -> None:
        self.options: TrainingOptions = options
        self._options = options

    def attach(self, network: Any) -> Any:
        """The network with fresh adapters."""
        return adapt(network, self._options)

    def write(self, network: Any, job: TrainingJob) -> None:
        """Write the adapter.

        Raises:
            TrainingError: it changes nothing.
        """
        if not any(bool(tensor.any()) for name, tensor in trainable(network).items() if "lora_B" in name):
            raise TrainingError(
                "the adapter changes nothing: its B matrices are all zero; raise train.lr or train.epochs"
            )
        config = network.peft_config["default"]
        config.base_model_name_or_path = job.target.address
        config.inference_mode = True
        if isinstance(config.target_modules, set):  # written in the order of this process's hashes otherwise
            config.target_modules = sorted(config.target_modules)
        # Embeddings are never trained here; "auto" would look for the base model on the hub.
        network.save_pretrained(str(job.output), safe_serialization=True, save_embedding_layers=False)
        (job.output / "README.md").unlink(missing_ok=True)  # a form without entries; the model card is a report


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
        recompute_activations(network)
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


def recompute_activations(network: Any) -> None:
    """Under the name that this version of transformers has for it (another one from 5.23 on)."""
    if hasattr(network, "activation_checkpointing_enable"):
        network.activation_checkpointing_enable({"use_reentrant": False})
    else:
        network.gradient_checkpointing_enable({"use_reentrant": False})


def _is_linear(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"
