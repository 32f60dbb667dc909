"""Training methods of causal language models: which weights are trained is the tuning's affair, all else is one engine."""

from __future__ import annotations

from typing import Literal

from seatrial.model import ProductKind, Trainable
from seatrial.training import Trained, TrainingJob
from seatrial_plugins.training.options import LoraOptions, TrainingOptions

__all__ = ["CausalMethod"]


class CausalMethod:
    """Trains on the assistant's turns (`seatrial.training.Method`)."""

    def __init__(self, name: Literal["lora", "full"], options: TrainingOptions) -> None:
        self.name = name
        self.options = options

    @property
    def product(self) -> ProductKind:
        """An adapter, or whole weights."""
        return "adapter" if self.name == "lora" else "weights"

    def check(self, model: Trainable) -> None:
        """Attach what is trained to the model's shape, without its weights.

        Raises:
            UsageError: the model has no modules of the names that the options give.
        """
        from seatrial_plugins.huggingface.runtime import TrainableNetwork
        from seatrial_plugins.training.lora_tuning import adapt

        if isinstance(model, TrainableNetwork) and isinstance(self.options, LoraOptions):
            adapt(model.outline(), self.options)

    def train(self, job: TrainingJob) -> Trained:
        """Train to the end, from the newest whole checkpoint of the same training if there is one.

        Raises:
            TrainingError: the loss is NaN or infinite, no token is supervised, or the product is not finite or changes
                nothing.
            UsageError: the options don't fit the model.
        """
        # To check a suite, the options are enough: torch and transformers are imported here.
        from seatrial_plugins.training.causal_training import CausalTraining, Tuning
        from seatrial_plugins.training.full_tuning import FullTuning
        from seatrial_plugins.training.lora_tuning import LoraTuning

        options = self.options
        tuning: Tuning = LoraTuning(options) if isinstance(options, LoraOptions) else FullTuning(options)
        return CausalTraining(tuning, job).run()
