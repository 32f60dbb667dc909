"""A merged copy against the adapter beside the weights: each kind that can be merged, and what a low precision loses."""

from __future__ import annotations

import pytest
import torch
from peft import IA3Config, LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial.errors import UsageError
from seatrial_plugins.huggingface.exporting import write_merged
from seatrial_plugins.huggingface.merged_copy import differences

IDS = ([5, 9, 17, 33, 2, 41, 8], 3)


@pytest.fixture
def saved(tmp_path):
    """`saved(config, scale=…)`: the folders of a tiny base and of an adapter on it."""

    def make(config, scale=0.3, tied=False):
        torch.manual_seed(0)
        shape = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
        config_of = AutoConfig.for_model("llama", num_attention_heads=4, tie_word_embeddings=tied, **shape)
        base = AutoModelForCausalLM.from_config(config_of, dtype=torch.float32)
        base.save_pretrained(tmp_path / "base")
        network = get_peft_model(base, config)
        for name, parameter in network.named_parameters():
            if "lora_" in name or "ia3_" in name:
                torch.nn.init.normal_(parameter, mean=float("ia3_" in name), std=scale)
        network.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
        return tmp_path / "base", tmp_path / "adapter"

    return make


def lora(**options):
    return LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **options)


def difference(base, adapter, folder, *, merge_in=torch.float32, dtype=torch.float32):
    write_merged(base, adapter, folder, dtype=dtype, merge_in=merge_in)
    apart = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=dtype), adapter).eval()
    together = AutoModelForCausalLM.from_pretrained(folder).eval()
    assert together.dtype == dtype
    (found,) = differences(apart, together, [IDS], torch.device("cpu"))
    return found


@pytest.mark.parametrize(
    "config",
    [lora(), lora(use_dora=True), lora(use_rslora=True), IA3Config(task_type="CAUSAL_LM")],
    ids=["lora", "dora", "rslora", "ia3"],
)
def test_it_says_the_same_within_rounding(saved, tmp_path, config):
    base, adapter = saved(config)
    found = difference(base, adapter, tmp_path / "merged")
    assert found.tokens == 4
    assert found.logprob < 1e-3
    assert found.kl < 1e-5
    assert found.agreement == 1.0


def test_a_small_adapter_is_lost_in_a_sum_of_low_precision(saved, tmp_path):
    base, adapter = saved(lora(), scale=0.02)
    sums = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    found = {
        name: difference(base, adapter, tmp_path / name, merge_in=dtype, dtype=torch.float32)
        for name, dtype in sums.items()
    }
    assert found["float32"].kl < found["bfloat16"].kl / 10


def test_what_another_layer_shares_is_not_merged(saved, tmp_path):
    config = LoraConfig(r=4, target_modules=["lm_head"], task_type="CAUSAL_LM")
    base, adapter = saved(config, tied=True)
    with pytest.raises(UsageError, match=r"shares the weights of .*lm_head.*--adapter"):
        write_merged(base, adapter, tmp_path / "merged", dtype=torch.float32, merge_in=torch.float32)
