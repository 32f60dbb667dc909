"""Prompt tuning in training: a soft prompt that begins as words of the vocabulary."""

from __future__ import annotations

from typing import Any

import torch

from seatrial.errors import TrainingError
from seatrial.model import ProductKind
from seatrial.training import TrainingJob
from seatrial_plugins.huggingface.runtime import put_before
from seatrial_plugins.training.engine import trainable
from seatrial_plugins.training.method import PromptTuning
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.recomputing import recompute_activations

__all__ = ["PromptTuner"]


class PromptTuner:
    """Vectors before every row (`seatrial_plugins.training.causal_training.Tuning`)."""

    name = "prompt_tuning"
    product: ProductKind = "adapter"
    replays = True
    dtype: str | None = None

    def __init__(self, options: PromptTuning) -> None:
        self.options: TrainingOptions = options
        self.before = options.virtual_tokens
        self._before = torch.empty(0)

    def attach(self, network: Any) -> Any:
        """The network with fresh vectors, float32: embeddings of tokens drawn by torch's seed, as the paper begins."""
        network.requires_grad_(False)  # torch's own signature
        if self.options.gradient_checkpointing:
            recompute_activations(network)
        embeddings = network.get_input_embeddings()  # some scale what they look up
        drawn = torch.randint(len(embeddings.weight), (self.before,))
        self._before = embeddings(drawn.to(embeddings.weight.device)).detach().float()
        put_before(network, self._before.clone())
        return network

    def write(self, network: Any, job: TrainingJob) -> None:
        """Write the vectors as PEFT does.

        Raises:
            TrainingError: they are what they were.
        """
        from peft import PromptTuningConfig, TaskType
        from safetensors.torch import save_file

        (vectors,) = trainable(network).values()
        if torch.equal(vectors, self._before):
            raise TrainingError("the prompt changes nothing: it is as it began; raise train.lr or train.epochs")
        config = network.config.get_text_config()
        PromptTuningConfig(
            task_type=TaskType.CAUSAL_LM,
            base_model_name_or_path=job.target.address,
            inference_mode=True,
            num_virtual_tokens=self.before,
            token_dim=vectors.shape[1],
            num_transformer_submodules=1,
            num_attention_heads=config.num_attention_heads,
            num_layers=config.num_hidden_layers,
        ).save_pretrained(str(job.output))
        tensors = {"prompt_embeddings": vectors.detach().cpu().contiguous()}
        save_file(tensors, str(job.output / "adapter_model.safetensors"), metadata={"format": "pt"})
