from __future__ import annotations

import pytest
import torch
from peft import IA3Config, LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial_plugins.huggingface.merging import is_merged, merged

IDS = torch.tensor([[1, 2, 3, 4, 5, 6]])


def adapt(config, dtype=torch.float32, **shape):
    torch.manual_seed(0)
    shape = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, **shape}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", num_attention_heads=4, **shape), dtype=dtype)
    network = get_peft_model(model, config).eval()
    for name, parameter in network.named_parameters():
        if (
            "lora_B" in name
            or "lora_embedding_B" in name
            or "modules_to_save" in name
            or "trainable_tokens_delta" in name
        ):
            torch.nn.init.normal_(parameter, std=0.5)
    return network


def lora(**options):
    return LoraConfig(**{"r": 4, "target_modules": "all-linear", "task_type": "CAUSAL_LM", **options})


@pytest.fixture(params=[torch.float32, torch.bfloat16])
def adapted(request):
    return adapt(lora(), request.param)


@torch.no_grad()
def test_a_merged_model_says_what_the_adapted_one_says_with_fewer_layers(adapted):
    apart = adapted(input_ids=IDS).logits.float()
    with adapted.disable_adapter():
        base = adapted(input_ids=IDS).logits.float()
    with merged(adapted) as obstacle:
        assert obstacle == ""
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


def same_in_and_out(network, obstacle):
    """Whether the network says the same within `merged` and afterwards, and gives that reason."""
    apart = network(input_ids=IDS).logits
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with merged(network) as given:
        assert obstacle in given
        assert bool(given) == bool(obstacle)
        assert is_merged(network) == (not given)
        torch.testing.assert_close(network(input_ids=IDS).logits, apart, atol=1e-4, rtol=0)
    assert torch.equal(network(input_ids=IDS).logits, apart)
    after = network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert list(after) == list(before)


@torch.no_grad()
@pytest.mark.parametrize(
    "config",
    [
        lora(use_dora=True),
        lora(modules_to_save=["lm_head"]),
        lora(modules_to_save=["embed_tokens", "norm"]),
        lora(target_modules=["q_proj", "lm_head", "embed_tokens"]),
        lora(trainable_token_indices=[1, 3]),
        lora(lora_bias=True, target_modules=["q_proj"]),
        IA3Config(target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"], task_type="CAUSAL_LM"),
    ],
    ids=["dora", "saved head", "saved embeddings", "head and embeddings", "trainable tokens", "bias", "ia3"],
)
def test_whatever_can_be_merged_says_the_same(config):
    bias = config.peft_type == "LORA" and config.lora_bias
    same_in_and_out(adapt(config, attention_bias=bias), "")


@torch.no_grad()
@pytest.mark.parametrize("target", ["lm_head", "embed_tokens"])
def test_weights_that_head_and_embeddings_share_are_not_merged(target):
    same_in_and_out(adapt(lora(target_modules=["q_proj", target]), tie_word_embeddings=True), "shares the weights of")


@torch.no_grad()
def test_tied_weights_that_the_adapter_leaves_alone_are_no_obstacle():
    same_in_and_out(adapt(lora(), tie_word_embeddings=True), "")


@torch.no_grad()
def test_quantised_weights_are_not_merged():
    network = adapt(lora())
    layer = network.get_submodule("base_model.model.model.layers.1.mlp.up_proj").get_base_layer()
    # As libraries do it: codes where weights stood, and a forward pass that decodes them.
    codes, scale = (layer.weight / 0.01).round().to(torch.int8), 0.01
    layer.weight = torch.nn.Parameter(codes, requires_grad=False)
    layer.forward = lambda given: torch.nn.functional.linear(given, codes * scale)
    same_in_and_out(network, "the weights of base_model.model.model.layers.1.mlp.up_proj are quantised")


@torch.no_grad()
def test_a_layer_that_cannot_be_merged_leaves_all_as_they_were(monkeypatch):
    network = adapt(lora())
    last = network.get_submodule("base_model.model.model.layers.1.mlp.down_proj")

    def refuse(**_):
        raise NotImplementedError("not this one")

    monkeypatch.setattr(last, "merge", refuse)
    same_in_and_out(network, "layers.1.mlp.down_proj cannot be merged: not this one")


@torch.no_grad()
def test_a_merge_that_changes_what_is_said_is_taken_back(monkeypatch):
    network = adapt(lora())
    first = network.get_submodule("base_model.model.model.layers.0.self_attn.v_proj")
    monkeypatch.setattr(first, "merge", lambda **_: first.get_base_layer().weight.mul_(-1))
    same_in_and_out(network, "of their spread")
