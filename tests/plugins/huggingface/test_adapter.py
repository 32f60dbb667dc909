from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pytest
import torch
from peft import (
    AdaptionPromptConfig,
    IA3Config,
    LoraConfig,
    PromptEncoderConfig,
)
from safetensors.torch import load_file, save_file

from seatrial import Turn
from seatrial.errors import SourceError
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.adapter_files import check_adapter_files
from seatrial_plugins.huggingface.adapter_origin import origin_remarks

PROMPTS, OPTIONS = [[Turn("user", "Hello!")]], [["yes", "no"]]


CAUSAL = {"task_type": "CAUSAL_LM"}


@pytest.fixture
def refused(tiny_target, adapter_in):
    """Has the adapter of a folder refused, and gives the refusal."""

    def refusal(folder, reason):
        with (
            pytest.raises(SourceError, match=reason) as caught,
            random(device="cpu").open(tiny_target, adapter_in(folder)),
        ):
            pass
        return str(caught.value)

    return refusal


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(r=2, use_dora=True, target_modules="all-linear", **CAUSAL),
        LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"], **CAUSAL),
        IA3Config(target_modules=["k_proj"], feedforward_modules=[], **CAUSAL),
    ],
    ids=["dora", "saved head", "ia3"],
)
def test_an_adapter_of_layers_is_applied(tiny_target, tiny_model, write_adapter, config):
    with random(device="cpu").open(tiny_target, write_adapter(config)) as tuned:
        assert tuned.loglikelihoods(PROMPTS, OPTIONS) != tiny_model.loglikelihoods(PROMPTS, OPTIONS)
        assert tuned.facts["parameters"] == tiny_target.facts["parameters"]
        assert tuned.facts["adapter"] is True


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (PromptEncoderConfig(num_virtual_tokens=4, **CAUSAL), "P_TUNING and puts vectors"),
        (AdaptionPromptConfig(adapter_len=4, adapter_layers=2, **CAUSAL), "ADAPTION_PROMPT and changes more"),
        (
            LoraConfig(r=2, target_modules=["q_proj"], alora_invocation_tokens=[5, 6], **CAUSAL),
            "LORA and begins to act at certain tokens",
        ),
    ],
    ids=lambda given: given.peft_type.value if hasattr(given, "peft_type") else "",
)
def test_an_adapter_that_would_not_be_applied_is_refused_with_its_kind(refused, write_adapter, config, reason):
    folder = write_adapter(config).folder
    refused(folder, rf"its adapter is of the kind {reason}.*not be applied; name one that")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"target_modules": ["query_key_value"]}, "cannot put this adapter onto the model; it was .*query_key_value"),
        ({"r": 3}, r"cannot put this adapter onto the model; it was trained on another one.*size mismatch.*lora_A"),
        ({"r": "two"}, r"its adapter_config\.json was changed \(TypeError: "),
        ({"target_modules": "(["}, r"its adapter_config\.json was changed \(error: unterminated character set"),
        ({"rank_pattern": 5}, r"its adapter_config\.json was changed \(AttributeError: "),
        ({"trainable_token_indices": [99_999]}, r"its adapter_config\.json was changed \(IndexError: "),
        ({"megatron_config": {"a": 1}}, r"its adapter_config\.json was changed \(ModuleNotFoundError: .*megatron"),
        ({"task_type": "NEVER_HEARD_OF"}, r"its adapter_config\.json was changed \(ValueError: .*NEVER_HEARD_OF"),
        ({"peft_type": "LOHA"}, r"4 of its tensors fit no layer of the model .*lora_A"),
        (
            {"target_modules": ["q_proj", "v_proj"]},
            r"it lacks the tensor \S+layers\.0\.self_attn\.v_proj\.lora_A\S* and 3 others, which the model needs",
        ),
        ({"layers_to_transform": [0]}, r"2 of its tensors fit no layer of the model .*layers\.1.*another model"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(refused, write_adapter, changed, reason):
    folder = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)).folder
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, **changed}))
    refused(folder, reason)


def test_an_adapter_of_a_deeper_model_is_refused(refused, write_adapter):
    folder = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)).folder
    weights = load_file(folder / "adapter_model.safetensors")
    deeper = {name.replace("layers.1.", "layers.2."): tensor.clone() for name, tensor in weights.items()}
    save_file({**deeper, **weights}, folder / "adapter_model.safetensors")
    refused(folder, r"2 of its tensors fit no layer of the model .*layers\.2")


def test_an_adapter_that_lost_a_tensor_is_refused_by_its_name(refused, write_adapter):
    folder = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)).folder
    weights = load_file(folder / "adapter_model.safetensors")
    lost = next(name for name in weights if "layers.1" in name and "lora_B" in name)
    save_file({name: tensor for name, tensor in weights.items() if name != lost}, folder / "adapter_model.safetensors")
    refused(folder, r": it lacks the tensor \S+layers\.1\S+lora_B\S*, which the model needs")


def test_memory_that_runs_out_is_no_fault_of_the_adapter(tiny_target, write_adapter, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    adapter = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    monkeypatch.setattr("peft.get_peft_model", full)
    with pytest.raises(torch.OutOfMemoryError), random(device="cpu").open(tiny_target, adapter):
        pass


def add(adapter, tensors):
    weights = load_file(adapter.folder / "adapter_model.safetensors")
    save_file({**weights, **tensors}, adapter.folder / "adapter_model.safetensors")


BASE = "base_model.model.model"
FOREIGN = {
    "a norm": f"{BASE}.norm.weight",
    "the weights that the adapter changes": f"{BASE}.layers.0.self_attn.q_proj.base_layer.weight",
    "the embeddings, as PEFT keeps them by itself": f"{BASE}.embed_tokens.weight",
    "a name like the adapter's": f"{BASE}.layers.0.self_attn.k_proj.weight",
}


@pytest.mark.parametrize("name", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("kind", ["lora", "ia3"])
def test_an_adapter_that_holds_weights_of_the_base_is_refused_by_their_name(
    tiny_target, tiny_model, write_adapter, refused, kind, name
):
    lora = LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)
    adapter = write_adapter(
        lora if kind == "lora" else IA3Config(target_modules=["q_proj"], feedforward_modules=[], **CAUSAL)
    )
    own = tiny_model.network.get_parameter(name.removeprefix("base_model.model.").replace("base_layer.", ""))
    add(adapter, {name: own + 1})
    reason = rf"adapter_model\.safetensors: holds {re.escape(name)}: weights of the model"
    refused(adapter.folder, reason)
    before = tiny_model.loglikelihoods(PROMPTS, OPTIONS)
    loader = random(device="cpu")
    with loader.open(tiny_target) as base:
        with pytest.raises(SourceError, match=reason), loader.open(tiny_target, adapter):
            pass
        assert base.loglikelihoods(PROMPTS, OPTIONS) == before


def test_a_tensor_with_a_loras_name_that_is_the_bases_is_refused(write_adapter, refused):
    """Its name passes where only names are seen."""
    adapter = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"], **CAUSAL))
    name = "base_model.model.lm_head.original_module.weight"
    add(adapter, {name: torch.zeros(512, 64)})
    check_adapter_files(adapter.folder)
    refused(adapter.folder, rf"holds {re.escape(name)}: weights of the model")


@pytest.mark.parametrize(
    "changed",
    [
        {"target_modules": r"(\w*\.?)*\.nothing!"},
        {"exclude_modules": r"(.*)*(.*)*(.*)*x!"},
        {"rank_pattern": {r"(([a-z_0-9.]+)+)+!": 4}},
        {"layers_to_transform": [0], "layers_pattern": [r"(([a-z_]+)*)+!"]},
        {"modules_to_save": ["lm_head", r"(([a-z_.0-9]+)*)+!"]},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_pattern_that_takes_for_ever_is_refused(write_adapter, refused, monkeypatch, changed):
    monkeypatch.setattr("seatrial_plugins.huggingface.patterns._SECONDS", 0.7)
    folder = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)).folder
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, **changed}))
    refused(folder, r"adapter_config\.json: the pattern '.*!' takes longer than 0.7 seconds on the")


def test_a_pattern_of_modules_is_applied(tiny_target, tiny_model, write_adapter):
    adapter = write_adapter(LoraConfig(r=2, target_modules=r".*\.layers\.[0-9]+\.self_attn\.(q|v)_proj", **CAUSAL))
    with random(device="cpu").open(tiny_target, adapter) as tuned:
        assert sum("lora_A" in name for name, _ in tuned.network.named_parameters()) == 4
        assert tuned.loglikelihoods(PROMPTS, OPTIONS) != tiny_model.loglikelihoods(PROMPTS, OPTIONS)


@pytest.mark.parametrize(
    "changed", [{"r": 10**9}, {"rank_pattern": {"q_proj": 10**8}}], ids=lambda changed: next(iter(changed))
)
def test_ranks_beyond_the_weights_are_refused_before_layers_are_made(write_adapter, changed):
    folder = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)).folder
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, **changed}))
    with pytest.raises(SourceError, match=r"adapter_config\.json: has a rank of 1,?0.*no dimension .* is beyond 64"):
        check_adapter_files(folder)


def test_an_adapter_that_tells_of_another_base_is_warned_of(tiny_target, write_adapter):
    product = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    loader, config = random(device="cpu"), product.folder / "adapter_config.json"
    told = json.loads(config.read_text())

    def remarks(base):
        config.write_text(json.dumps(told | {"base_model_name_or_path": base}))
        return loader.check_fit(product, tiny_target)

    assert remarks(f"/elsewhere/{tiny_target.folder.name}/") == []
    assert remarks(None) == []
    (remark,) = remarks("meta-llama/Llama-2-7b-hf")
    assert str(product.folder) in remark
    assert "Llama-2-7b-hf" in remark
    assert tiny_target.address in remark


def test_a_template_or_a_tokenizer_that_an_adapter_brings_is_not_used_and_told(tiny_target, write_adapter):
    product = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    loader = random(device="cpu")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny_target.folder / name, product.folder)
    alike = [one for one in loader.check_fit(product, tiny_target) if "trained on" not in one]
    assert alike == []
    (product.folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    tokenizer = json.loads((product.folder / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    first, last = list(vocabulary)[-2:]
    vocabulary[first], vocabulary[last] = vocabulary[last], vocabulary[first]
    (product.folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    said = " ".join(loader.check_fit(product, tiny_target))
    assert "another vocabulary" in said
    assert "chat template" in said


@pytest.mark.parametrize(
    ("name", "content"),
    [("chat_template.jinja", b"\xff\xfe{{"), ("tokenizer.json", b'{"model": '), ("tokenizer.json", b"\xff")],
)
def test_a_file_that_is_not_used_and_cannot_be_read_is_a_remark(tiny_target, write_adapter, name, content):
    folder = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)).folder
    (folder / name).write_bytes(content)
    assert any("cannot be read" in said for said in origin_remarks(folder, tiny_target))


@pytest.mark.parametrize(
    ("named", "remarked"),
    [("/a/router/checkpoint-500", False), ("/b/other/checkpoint-500", True), ("org/checkpoint-500", True)],
)
def test_a_name_that_says_nothing_is_compared_with_its_parents(write_adapter, tiny_target, tmp_path, named, remarked):
    folder = write_adapter(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL)).folder
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": named}))
    weights = replace(tiny_target, address="path:/home/router/checkpoint-500")
    assert any("trained on" in said for said in origin_remarks(folder, weights)) is remarked
