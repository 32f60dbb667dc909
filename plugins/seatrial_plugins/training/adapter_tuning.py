"""Adapters in training: fresh layers of PEFT's on a frozen network, and the files that they become."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch

from seatrial.errors import TrainingError, UsageError
from seatrial.model import ProductKind
from seatrial.training import TrainingJob
from seatrial_plugins.training.engine import trainable
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.recomputing import recompute_activations

__all__ = ["AdapterTuning"]


class AdapterTuning(ABC):
    """Layers beside frozen weights (`seatrial_plugins.training.causal_training.Tuning`)."""

    name: str
    product: ProductKind = "adapter"
    replays = True
    dtype: str | None = None
    opening = 0

    def __init__(self, options: TrainingOptions) -> None:
        self.options = options
        self._began: Mapping[str, torch.Tensor] = {}

    @abstractmethod
    def config(self, network: Any) -> Any:
        """What PEFT calls this kind of adapter, as the options say it for the network."""

    def put_on(self, network: Any) -> Any:
        """The network with fresh adapters, whose weights are float32 whatever the network's are.

        Raises:
            UsageError: the model has no modules of the names that the options give.
        """
        from peft import get_peft_model

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # PEFT's use of names that transformers renames
                adapted = get_peft_model(network, self.config(network), autocast_adapter_dtype=True)
        except ValueError as error:
            linear = sorted({name.rpartition(".")[2] for name, module in network.named_modules() if _is_linear(module)})
            wanted = getattr(self.options, "target_modules", None) or "the usual modules"
            raise UsageError(
                f"train.target_modules: {wanted} fits no module of this model ({error}); its linear layers are "
                f"{', '.join(linear)}"
            ) from error
        for parameter in trainable(adapted).values():
            parameter.data = parameter.data.float()
        return adapted

    def attach(self, network: Any) -> Any:
        """The network with fresh adapters, ready to be trained."""
        if self.options.gradient_checkpointing:
            recompute_activations(network)
            network.enable_input_require_grads()
        adapted = self.put_on(network)
        self._began = {name: tensor.detach().to("cpu", copy=True) for name, tensor in trainable(adapted).items()}
        return adapted

    def write(self, network: Any, job: TrainingJob) -> None:
        """Write the adapter.

        Raises:
            TrainingError: it changes nothing.
        """
        if not self.acts(trainable(network), self._began):
            raise TrainingError("the adapter changes nothing: it is as it began; raise train.lr or train.epochs")
        config = network.peft_config["default"]
        config.base_model_name_or_path = job.target.address
        config.inference_mode = True
        for name in ("target_modules", "feedforward_modules"):
            if isinstance(
                found := getattr(config, name, None), set
            ):  # written in the order of this process's hashes otherwise
                setattr(config, name, sorted(found))
        self.save(network, job)
        (job.output / "README.md").unlink(missing_ok=True)  # a form without entries; the model card is a report

    def acts(self, trained: Mapping[str, torch.Tensor], before: Mapping[str, torch.Tensor]) -> bool:
        """Whether the trained weights make another model of the network."""
        return any(not torch.equal(tensor.cpu(), before[name]) for name, tensor in trained.items())

    def save(self, network: Any, job: TrainingJob) -> None:
        """Write the files that PEFT loads."""
        # Embeddings are never trained here; "auto" would look for the base model on the hub.
        network.save_pretrained(str(job.output), safe_serialization=True, save_embedding_layers=False)


def _is_linear(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"
