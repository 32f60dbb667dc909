"""What several tests of models need: small networks of any architecture, and adapters of any kind."""

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


@pytest.fixture
def write_adapter(tiny_target, adapter_in, tmp_path):
    """Writes an adapter of seeded random weights for the tiny model, and gives it as a product."""
    import torch
    from peft import get_peft_model

    from seatrial_plugins.huggingface import random

    def write(config, *, seed=1):
        folder = tmp_path / f"adapter-{len(list(tmp_path.glob('adapter-*')))}"
        with random(device="cpu").open(tiny_target) as model:
            torch.manual_seed(seed)
            network = get_peft_model(model.network, config)
            with torch.no_grad():
                for parameter in network.parameters():
                    if parameter.requires_grad:
                        torch.nn.init.normal_(parameter, std=0.3)
            network.save_pretrained(str(folder), save_embedding_layers=False)
        return adapter_in(folder)

    return write
