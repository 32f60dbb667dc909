"""Prompt learning: what stands before every row is learned, and the model's weights stay as they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch

from seatrial.errors import TrainingError
from seatrial.model import ProductKind
from seatrial.training import TrainingJob
from seatrial_plugins.training.engine import trainable
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.recomputing import recompute_activations

__all__ = ["PromptLearning"]


class PromptLearning(ABC):
    """Tokens of its own before every row (`seatrial_plugins.training.causal_training.Tuning`)."""

    name: str
    product: ProductKind = "adapter"
    replays: bool
    dtype: str | None = None

    def __init__(self, options: TrainingOptions, opening: int) -> None:
        self.options = options
        self.opening = opening
        self._began = torch.empty(0)

    @abstractmethod
    def put_on(self, network: Any, words: torch.Tensor) -> torch.Tensor:
        """Have the network read what is to be learned, which begins as these tokens; gives what it begins as, float32."""

    @abstractmethod
    def config(self, network: Any, count: int) -> Any:
        """What PEFT calls this kind, of so many tokens."""

    def attach(self, network: Any) -> Any:
        """The network with fresh tokens before each row, which begin as tokens drawn by torch's seed."""
        network.requires_grad_(False)  # torch's own signature
        if self.options.gradient_checkpointing:
            recompute_activations(network)
        weight = network.get_input_embeddings().weight
        self._began = self.put_on(network, torch.randint(len(weight), (self.opening,)).to(weight.device))
        return network

    def write(self, network: Any, job: TrainingJob) -> None:
        """Write what was learned as PEFT does.

        Raises:
            TrainingError: it is what it was.
        """
        from safetensors.torch import save_file

        (vectors,) = trainable(network).values()
        if torch.equal(vectors, self._began):
            raise TrainingError("the prompt changes nothing: it is as it began; raise train.lr or train.epochs")
        config = self.config(network, self.opening)
        config.base_model_name_or_path = job.target.address
        config.inference_mode = True
        config.save_pretrained(str(job.output))
        tensors = {"prompt_embeddings": vectors.detach().cpu().flatten(1).contiguous()}
        save_file(tensors, str(job.output / "adapter_model.safetensors"), metadata={"format": "pt"})
