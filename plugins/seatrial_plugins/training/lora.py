"""LoRA: low-rank adapters on frozen weights (`seatrial.training.Method`)."""

from __future__ import annotations

from seatrial.model import ProductKind
from seatrial.training import Trained, TrainingJob
from seatrial_plugins.training.options import LoraOptions

__all__ = ["LoraTrainer"]


class LoraTrainer:
    """Trains a LoRA adapter on the assistant's turns."""

    product: ProductKind = "adapter"

    def __init__(self, options: LoraOptions) -> None:
        self.options = options

    def train(self, job: TrainingJob) -> Trained:
        """Train to the end, from the newest whole checkpoint of the same training if there is one.

        Raises:
            TrainingError: the loss is NaN or infinite, no token is supervised, or the adapter is not finite or changes
                nothing.
            UsageError: the options don't fit the model.
        """
        # To check a suite, the options are enough: torch and transformers are imported here.
        from seatrial_plugins.training.lora_training import LoraTraining

        return LoraTraining(self.options, job).run()
