"""Full fine-tuning: every weight is trained, in float32, and what comes out stands in place of the base's weights."""

from __future__ import annotations

from typing import Any

from seatrial.model import ProductKind
from seatrial.training import TrainingJob
from seatrial_plugins.training.model_folder import write_model
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.recomputing import recompute_activations

__all__ = ["FullTuning"]


class FullTuning:
    """All weights (`seatrial_plugins.training.causal_training.Tuning`)."""

    name = "full"
    product: ProductKind = "weights"
    replays = False
    """A recorded pass holds a gradient of every weight beside the optimizer's: too much for what it saves."""
    dtype: str | None = "float32"
    """AdamW's steps at usual rates are smaller than bfloat16's spacing of the weights, and would be lost."""

    opening = 0

    def __init__(self, options: TrainingOptions) -> None:
        self.options = options

    def attach(self, network: Any) -> Any:
        """The network itself."""
        network.requires_grad_(True)  # torch's own signature
        if self.options.gradient_checkpointing:
            recompute_activations(network)
        return network

    def write(self, network: Any, job: TrainingJob) -> None:
        """Write a model folder that loads without the base: weights, config, and the base's tokenizer files."""
        write_model(network, job)
