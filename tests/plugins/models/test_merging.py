from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial_plugins.models.merging import is_merged, merged

IDS = torch.tensor([[1, 2, 3, 4, 5, 6]])


@pytest.fixture(params=[torch.float32, torch.bfloat16])
def adapted(request):
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "llama", vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4
    )
    model = AutoModelForCausalLM.from_config(config, dtype=request.param)
    network = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")).eval()
    for name, parameter in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    return network


@torch.no_grad()
def test_a_merged_model_says_what_the_adapted_one_says_with_fewer_layers(adapted):
    apart = adapted(input_ids=IDS).logits.float()
    with adapted.disable_adapter():
        base = adapted(input_ids=IDS).logits.float()
    with merged(adapted):
        assert not any("lora_A" in name for name, _ in adapted.named_modules())
        together = adapted(input_ids=IDS).logits.float()
    exact = adapted.dtype == torch.float32
    torch.testing.assert_close(together, apart, atol=1e-4 if exact else 0.1 * float(apart.std()), rtol=0)
    assert (apart - base).abs().mean() > 0.2 * apart.std()


@torch.no_grad()
def test_afterwards_every_weight_is_what_it_was_bit_for_bit(adapted):
    before = {name: value.clone() for name, value in adapted.state_dict().items()}
    said = adapted(input_ids=IDS).logits
    with pytest.raises(KeyError, match="inside"), merged(adapted):
        raise KeyError("inside")
    after = adapted.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert torch.equal(adapted(input_ids=IDS).logits, said)


@torch.no_grad()
def test_merging_what_is_merged_changes_nothing(adapted):
    with merged(adapted):
        once = adapted(input_ids=IDS).logits
        with merged(adapted):
            assert torch.equal(adapted(input_ids=IDS).logits, once)
        assert is_merged(adapted)
    assert not is_merged(adapted)
