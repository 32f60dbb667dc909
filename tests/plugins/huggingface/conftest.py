"""What several tests of models need: small networks of any architecture."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def network():
    """Makes a float32 network with packed attention: Llama, with what is given changed in its config."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from seatrial_plugins.huggingface.packed_attention import ATTENTION

    def make(**changes):
        shape = {
            "model_type": "llama",
            "vocab_size": 97,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 256,
            "pad_token_id": 0,
            **changes,
        }
        config = AutoConfig.for_model(shape.pop("model_type"), **shape)
        torch.manual_seed(0)
        # Four times the usual spread, so that what a token attends to shows in the logits.
        config.initializer_range = 0.08
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=ATTENTION).eval()

    return make
