"""Prefixes: the same model as PEFT's, whatever is asked of it and in whatever architecture, and the base beside it."""

from __future__ import annotations

import shutil
from functools import partial

import pytest
import torch
from peft import PeftModel, PrefixTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import DynamicCache

from seatrial.errors import SourceError, UsageError
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.prefix import prefix_of_words, put_prefix

from .before_rows import OPTIONS, PROMPTS, check_likelihoods, check_packing

WEIGHTS = "adapter_model.safetensors"


def plain(target, **options):
    return load_network(target.folder, LoadOptions(dtype="float32", device="cpu", **options))[0]


@pytest.fixture
def prefix(tiny_target, tmp_path):
    """A prefix of five random places, as PEFT writes it."""
    torch.manual_seed(0)
    adapted = get_peft_model(plain(tiny_target), PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5))
    with torch.no_grad():
        for parameter in adapted.prompt_encoder.parameters():
            parameter.normal_(std=0.5)
    adapted.save_pretrained(str(tmp_path / "prefix"))
    (tmp_path / "prefix/README.md").unlink(missing_ok=True)
    return tmp_path / "prefix"


def by_peft(target, folder, ids, start):
    """The sum of log probabilities of `ids` from `start` on, by PEFT's own forward pass."""
    model = PeftModel.from_pretrained(plain(target, attention="sdpa"), str(folder)).eval()
    with torch.no_grad():
        told = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    return sum(float(told[place - 1, ids[place]]) for place in range(start, len(ids)))


def test_its_likelihoods_are_pefts(tiny_target, adapter_in, prefix):
    check_likelihoods(tiny_target, adapter_in(prefix), partial(by_peft, tiny_target, prefix))


def test_packed_and_padded_say_the_same_and_the_base_beside_it_is_the_base(tiny_target, tiny_model, adapter_in, prefix):
    check_packing(tiny_target, tiny_model, adapter_in(prefix))


def test_a_view_that_was_taken_off_leaves_nothing_behind(tiny_target, tiny_model, adapter_in, prefix, write_adapter):
    from peft import LoraConfig

    other = write_adapter(LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"))
    loader = random(device="cpu")
    with loader.open(tiny_target, other) as alone:
        expected = alone.loglikelihoods(PROMPTS, OPTIONS)
    loader = random(device="cpu")
    with loader.open(tiny_target, adapter_in(prefix)) as first:
        first.loglikelihoods(PROMPTS, OPTIONS)
        with loader.open(tiny_target, other) as second, loader.open(tiny_target) as base:
            assert second.loglikelihoods(PROMPTS, OPTIONS) == expected
            assert base.loglikelihoods(PROMPTS, OPTIONS) == tiny_model.loglikelihoods(PROMPTS, OPTIONS)


def test_it_writes_what_peft_writes_and_batches_change_nothing(tiny_target, adapter_in, prefix):
    peft = PeftModel.from_pretrained(plain(tiny_target, attention="sdpa"), str(prefix)).eval()
    with random(device="cpu").open(tiny_target, adapter_in(prefix)) as model:
        said = model.generate(PROMPTS[:1], max_new_tokens=8)[0]
        (ids,) = model.chat.prompts(PROMPTS[:1])
        together = model.generate(PROMPTS, max_new_tokens=8)
        assert together == [model.generate([prompt], max_new_tokens=8)[0] for prompt in PROMPTS]
        tokenizer, ends = model.chat.tokenizer, list(model.chat.end_ids)
    written = peft.generate(
        input_ids=torch.tensor([ids]), max_new_tokens=8, do_sample=False, eos_token_id=ends, pad_token_id=ends[0]
    )
    assert tokenizer.decode(written[0, len(ids) :][: said.tokens], skip_special_tokens=True) == said.text


def test_it_is_timed_beside_the_weights(tiny_target, adapter_in, prefix):
    with random(device="cpu").open(tiny_target, adapter_in(prefix)) as model, model.serving() as served:
        assert served == "separate: its 5 vectors stand before each prompt"
        assert len(model.time_request(batch=2, prompt_tokens=4, new_tokens=3, seed=1).gaps_ms) == 2


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"model_type": "qwen3", "head_dim": 16},
        {"model_type": "mistral", "sliding_window": 4},
        {"model_type": "gpt2", "num_key_value_heads": 4, "n_embd": 32, "n_head": 4, "n_layer": 2, "n_positions": 256},
        {"model_type": "phi3"},
    ],
    ids=["llama", "qwen3", "mistral with a window", "gpt2", "phi3"],
)
def test_it_is_what_a_filled_cache_is(network, shape):
    """Before the prefix is put on, the network goes on from a cache that holds it; after, it reads the prefix's tokens."""
    model = network(**shape)
    vectors = prefix_of_words(model, torch.tensor([5, 6, 7, 8, 9]))
    torch.manual_seed(1)
    vectors += torch.randn_like(vectors)
    ids = torch.tensor([[3, 1, 4, 1, 5, 9]])
    cache = DynamicCache(config=model.config)
    for layer, (keys, values) in enumerate(vectors.unbind(1)[i : i + 2] for i in range(0, vectors.shape[1], 2)):
        cache.update(keys.transpose(0, 1)[None], values.transpose(0, 1)[None], layer)
    with torch.no_grad():
        expected = model(input_ids=ids, past_key_values=cache, use_cache=True).logits
        before = model(input_ids=ids, use_cache=False).logits
        prefix = put_prefix(model, vectors)
        opened = torch.cat([torch.tensor([prefix.ids]), ids], dim=1)
        for keeps in (False, True):
            said = model(input_ids=opened, use_cache=keeps).logits[:, 5:]
            torch.testing.assert_close(said, expected, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(model(input_ids=ids, use_cache=False).logits, before)


def test_an_architecture_that_reads_no_cache_is_refused(network):
    model = network(model_type="opt", num_key_value_heads=4, word_embed_proj_dim=32, ffn_dim=48)
    with pytest.raises(UsageError, match=r"reaches 0 of the 2 layers of OPTForCausalLM"):
        put_prefix(model, prefix_of_words(model, torch.tensor([5, 6])))


def test_one_of_another_shape_is_refused(tiny_target, prefix, tmp_path, adapter_in):
    loader = random(device="cpu")
    loader.check_fit(adapter_in(prefix), tiny_target)
    given = load_file(str(prefix / WEIGHTS))["prompt_embeddings"]
    for name, tensors, told in (
        ("wide", {"prompt_embeddings": torch.zeros(5, 32)}, rf"5 places have 32 numbers each.*{given.shape[1]}"),
        ("odd", {"prefix": given}, "holds prefix, and not prompt_embeddings"),
    ):
        folder = shutil.copytree(prefix, tmp_path / name)
        save_file(tensors, str(folder / WEIGHTS))
        with pytest.raises(SourceError, match=told):
            loader.check_fit(adapter_in(folder), tiny_target)
