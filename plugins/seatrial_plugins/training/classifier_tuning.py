"""A classifier in training: a fresh head, and behind it low-rank adapters or every weight."""

from __future__ import annotations

from typing import Any

from seatrial.errors import TrainingError
from seatrial.model import ProductKind
from seatrial.training import TrainingJob
from seatrial_plugins.huggingface.runtime import place_module, widen
from seatrial_plugins.training.lora_methods import Classifier
from seatrial_plugins.training.lora_tuning import LoraTuning
from seatrial_plugins.training.model_folder import write_model
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.recomputing import recompute_activations

__all__ = ["ClassifierTuning"]


class ClassifierTuning:
    """A head and what it reads (`seatrial_plugins.training.causal_training.Tuning`)."""

    name = "classifier"
    product: ProductKind = "classifier"
    replays = False
    opening = 0

    def __init__(self, options: Classifier) -> None:
        self.options: TrainingOptions = options
        self._adapters = _Adapters(options) if options.weights == "lora" else None
        self.dtype = None if self._adapters else "float32"
        """With every weight as `full` has it; the head is float32 in any case."""

    def put_on(self, network: Any) -> None:
        """Put fresh adapters onto a network without a head of its own, where adapters are trained.

        Raises:
            UsageError: the model has no modules of the names that the options give.
        """
        if self._adapters is not None:
            self._adapters.put_on(network.base_model)

    def attach(self, network: Any) -> Any:
        """The network with its head trainable, and adapters or all else too."""
        network.requires_grad_(self._adapters is None)  # torch's own signature
        if self.options.gradient_checkpointing:
            recompute_activations(network)
            network.enable_input_require_grads()
        self.put_on(network)
        network.score.requires_grad_(True)
        widen(network)
        return network

    def write(self, network: Any, job: TrainingJob) -> None:
        """Write a model folder: adapters are merged into the weights.

        Raises:
            TrainingError: the head is as it began.
        """
        if not bool(network.score.weight.any()):
            raise TrainingError(
                "the head finds every label equally likely, as it began; raise train.lr or train.epochs"
            )
        adapted = self._adapters.on(network) if self._adapters else {}
        for name, module in adapted.items():
            module.merge(safe_merge=True)
            place_module(network, name, module.get_base_layer())
        write_model(network, job)
        for name, module in adapted.items():  # what was trained is still to be told
            place_module(network, name, module)


class _Adapters(LoraTuning):
    """Adapters of which PEFT knows no task: it would add a head of its own."""

    def config(self, network: Any) -> Any:
        config = super().config(network)
        config.task_type = None
        return config

    def on(self, network: Any) -> dict[str, Any]:
        from peft.tuners.tuners_utils import BaseTunerLayer

        return {name: module for name, module in network.named_modules() if isinstance(module, BaseTunerLayer)}
