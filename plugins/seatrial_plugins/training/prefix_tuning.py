"""Prefix tuning in training: keys and values before those of each layer, which begin as what the model makes of words."""

from __future__ import annotations

from typing import Any

import torch

from seatrial_plugins.huggingface.runtime import prefix_of_words, put_prefix
from seatrial_plugins.training.prompt_learning import PromptLearning

__all__ = ["PrefixTuner"]


class PrefixTuner(PromptLearning):
    """Keys and values before every row."""

    name = "prefix_tuning"
    replays = False
    """What a recorded pass gives with it was never compared."""

    def put_on(self, network: Any, words: torch.Tensor) -> torch.Tensor:
        """The keys and values that the model makes of the words."""
        vectors = prefix_of_words(network, words)
        put_prefix(network, vectors.clone())
        return vectors

    def config(self, network: Any, count: int) -> Any:
        """PEFT's PrefixTuningConfig."""
        from peft import PrefixTuningConfig, TaskType

        vectors = network.get_input_embeddings().vectors["default"]
        _, both, heads, size = vectors.shape
        return PrefixTuningConfig(
            task_type=TaskType.CAUSAL_LM,
            num_virtual_tokens=count,
            token_dim=heads * size,
            num_transformer_submodules=1,
            num_attention_heads=heads,
            num_layers=both // 2,
            encoder_hidden_size=heads * size,
        )
