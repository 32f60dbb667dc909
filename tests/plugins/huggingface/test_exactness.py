from __future__ import annotations

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM

from seatrial_plugins.huggingface.exactness import head_is_plain, packing_is_exact
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.packing import hidden_states, pack, run_packed
from seatrial_plugins.huggingface.token_tree import TokenTree


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3", "mistral", "phi3"])
def test_common_architectures_can_be_packed(network, kind):
    assert packing_is_exact(network(model_type=kind), 97, torch.device("cpu"))


def test_an_attention_that_ignores_the_packing_is_found_out(network):
    model = network()
    model.set_attn_implementation("sdpa")
    assert not packing_is_exact(model, 97, torch.device("cpu"))


@pytest.mark.parametrize(
    "shape",
    [
        {"model_type": "gemma2", "head_dim": 8, "attn_logit_softcapping": 0.5, "query_pre_attn_scalar": 1},
        {"model_type": "gpt_oss", "head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2},
    ],
)
def test_capped_scores_and_attention_sinks_are_never_packed(network, shape, tmp_path):
    model = network(**shape)
    for name, parameter in model.named_parameters():
        if "sinks" in name:
            torch.nn.init.normal_(parameter, std=2.0)
    assert not packing_is_exact(model, 97, torch.device("cpu"))
    ids = torch.tensor([list(range(1, 30))])
    model.set_attn_implementation("eager")
    model.save_pretrained(tmp_path)
    loaded, packs = load_network(tmp_path, LoadOptions(device="cpu", dtype="float32"))
    assert not packs
    with torch.no_grad():
        torch.testing.assert_close(loaded(input_ids=ids).logits, model(input_ids=ids).logits)


@pytest.mark.parametrize(
    "shape",
    [
        {"model_type": "falcon", "num_attention_heads": 4},
        {"model_type": "gptj", "n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4},
        {"model_type": "codegen", "n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4},
        {"model_type": "bloom", "n_layer": 2, "n_head": 4},
    ],
    ids=lambda shape: shape["model_type"],
)
def test_architectures_with_an_attention_of_their_own_keep_it(shape, tmp_path):
    config = AutoConfig.for_model(shape.pop("model_type"), vocab_size=97, hidden_size=32, num_hidden_layers=2, **shape)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    model.save_pretrained(tmp_path)
    loaded, packs = load_network(tmp_path, LoadOptions(device="cpu", dtype="float32"))
    assert not packs
    ids, mask = torch.tensor([list(range(1, 30)), [*range(1, 12), *[0] * 18]]), torch.ones(2, 29, dtype=torch.long)
    mask[1, 11:] = 0
    with torch.no_grad():
        given, expected = (each(input_ids=ids, attention_mask=mask).logits for each in (loaded, model))
    torch.testing.assert_close(given[mask.bool()], expected[mask.bool()])


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3", "mistral", "phi3"])
def test_a_plain_head_gives_the_logits_from_the_hidden_states(network, kind):
    model = network(model_type=kind)
    packed = pack([TokenTree.line([1, 2, 3, 4, 5, 6, 7]), TokenTree.line([1, 2, 3, 4, 5, 9])])
    places = torch.tensor([4, 5, 6])
    with torch.no_grad():
        logits = model.get_output_embeddings()(hidden_states(model, packed, places))
        torch.testing.assert_close(logits, run_packed(model, packed, places), atol=1e-6, rtol=1e-6)
    assert head_is_plain(model, torch.device("cpu"))


@pytest.mark.parametrize(
    "shape",
    [
        {"model_type": "granite", "logits_scaling": 4.0},
        {"model_type": "cohere", "logit_scale": 0.0625},
        {"model_type": "gemma2", "head_dim": 8, "final_logit_softcapping": 30.0},
        {"model_type": "gemma3_text", "head_dim": 8, "final_logit_softcapping": 30.0},
        {"model_type": "minicpm3", "dim_model_base": 16},  # before the head
    ],
    ids=lambda shape: shape["model_type"],
)
def test_a_scale_or_a_cap_before_or_behind_the_head_is_found_out(network, shape):
    if shape["model_type"] not in CONFIG_MAPPING:
        pytest.skip("this version of transformers doesn't know it")
    model = network(**shape)
    with torch.no_grad():  # as small as an untrained model's, which a cap of 30 moves by less than rounding in bfloat16
        model.get_output_embeddings().weight.mul_(1e-2)
    assert not head_is_plain(model, torch.device("cpu"))
