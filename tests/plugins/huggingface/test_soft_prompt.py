"""Soft prompts: the same model as PEFT's, whatever is asked of it, and the base beside it."""

from __future__ import annotations

import shutil
from functools import partial

import pytest
import torch
from peft import PeftModel, PromptTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file

from seatrial.errors import SourceError
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions

from .before_rows import PROMPTS, check_likelihoods, check_packing


@pytest.fixture
def prompt(tiny_target, tmp_path):
    """A soft prompt of five random vectors, as PEFT writes it."""
    network, _ = load_network(tiny_target.folder, LoadOptions(dtype="float32", device="cpu"))
    torch.manual_seed(0)
    adapted = get_peft_model(network, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5))
    with torch.no_grad():
        for parameter in adapted.prompt_encoder.parameters():
            parameter.normal_(std=0.5)
    adapted.save_pretrained(str(tmp_path / "prompt"))
    (tmp_path / "prompt/README.md").unlink(missing_ok=True)
    return tmp_path / "prompt"


def by_peft(target, folder, ids, start):
    """The sum of log probabilities of `ids` from `start` on, by PEFT's own forward pass."""
    network, _ = load_network(target.folder, LoadOptions(dtype="float32", device="cpu", attention="sdpa"))
    model = PeftModel.from_pretrained(network, str(folder)).eval()
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0, 5:]
    told = logits.log_softmax(-1)
    return sum(float(told[place - 1, ids[place]]) for place in range(start, len(ids)))


def test_its_likelihoods_are_pefts(tiny_target, adapter_in, prompt):
    check_likelihoods(tiny_target, adapter_in(prompt), partial(by_peft, tiny_target, prompt))


def test_packed_and_padded_say_the_same_and_the_base_beside_it_is_the_base(tiny_target, tiny_model, adapter_in, prompt):
    check_packing(tiny_target, tiny_model, adapter_in(prompt))


def test_it_writes_what_peft_writes_also_with_words_to_stop_at(tiny_target, adapter_in, prompt):
    network, _ = load_network(tiny_target.folder, LoadOptions(dtype="float32", device="cpu", attention="sdpa"))
    peft = PeftModel.from_pretrained(network, str(prompt)).eval()
    with random(device="cpu").open(tiny_target, adapter_in(prompt)) as model:
        said = model.generate(PROMPTS[:1], max_new_tokens=8)[0]
        cut = model.generate(PROMPTS[:1], max_new_tokens=8, stop=[said.text[2:4] or "x"])[0]
        (ids,) = model.chat.prompts(PROMPTS[:1])
        together = model.generate(PROMPTS, max_new_tokens=8)
        assert together[0] == said
        tokenizer, ends = model.chat.tokenizer, list(model.chat.end_ids)
    written = peft.generate(
        input_ids=torch.tensor([ids]), max_new_tokens=8, do_sample=False, eos_token_id=ends, pad_token_id=ends[0]
    )
    assert tokenizer.decode(written[0, -said.tokens :], skip_special_tokens=True).startswith(said.text)
    assert said.text.startswith(cut.text)


def test_it_is_timed_beside_the_weights(tiny_target, adapter_in, prompt):
    with random(device="cpu").open(tiny_target, adapter_in(prompt)) as model, model.serving() as served:
        assert served == "separate: its 5 vectors stand before each prompt"
        assert len(model.time_request(batch=2, prompt_tokens=4, new_tokens=3, seed=1).gaps_ms) == 2


def test_one_of_another_width_or_another_kind_is_refused(tiny_target, prompt, tmp_path, adapter_in):
    loader = random(device="cpu")
    weights = "adapter_model.safetensors"
    for name, tensors, told in (
        ("wide", {"prompt_embeddings": torch.zeros(5, 32)}, r"5 vectors have 32 numbers each.*64"),
        ("odd", {"prefix": torch.zeros(5, 64)}, "holds prefix, and not prompt_embeddings"),
    ):
        folder = shutil.copytree(prompt, tmp_path / name)
        save_file(tensors, str(folder / weights))
        with pytest.raises(SourceError, match=told):
            loader.check_fit(adapter_in(folder), tiny_target)
    loader.check_fit(adapter_in(prompt), tiny_target)
    assert set(load_file(str(prompt / weights))) == {"prompt_embeddings"}
