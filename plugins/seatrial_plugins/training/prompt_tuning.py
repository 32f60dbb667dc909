"""Prompt tuning in training: a soft prompt that begins as words of the vocabulary."""

from __future__ import annotations

from typing import Any

import torch

from seatrial_plugins.huggingface.runtime import put_before
from seatrial_plugins.training.prompt_learning import PromptLearning

__all__ = ["PromptTuner"]


class PromptTuner(PromptLearning):
    """Vectors before every row."""

    name = "prompt_tuning"
    replays = True

    def put_on(self, network: Any, words: torch.Tensor) -> torch.Tensor:
        """Embeddings of the words, as the paper begins."""
        vectors = network.get_input_embeddings()(words).detach().float()  # some scale what they look up
        put_before(network, vectors.clone())
        return vectors

    def config(self, network: Any, count: int) -> Any:
        """PEFT's PromptTuningConfig."""
        from peft import PromptTuningConfig, TaskType

        config = network.config.get_text_config()
        return PromptTuningConfig(
            task_type=TaskType.CAUSAL_LM,
            num_virtual_tokens=count,
            token_dim=network.get_input_embeddings().vectors["default"].shape[1],
            num_transformer_submodules=1,
            num_attention_heads=config.num_attention_heads,
            num_layers=config.num_hidden_layers,
        )
