from __future__ import annotations

import json

import pytest
import torch
from peft import (
    AdaptionPromptConfig,
    IA3Config,
    LoraConfig,
    PrefixTuningConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    get_peft_model,
)
from safetensors.torch import load_file, save_file

from seatrial import Turn
from seatrial.errors import SourceError
from seatrial_plugins.huggingface import random

PROMPTS, OPTIONS = [[Turn("user", "Hello!")]], [["yes", "no"]]


@pytest.fixture
def written(tiny_files, tmp_path):
    """Writes an adapter for the tiny model and gives its folder."""

    def write(config, files=tiny_files):
        torch.manual_seed(1)
        network = get_peft_model(random(device="cpu").load(files).network, config)
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.requires_grad:
                    torch.nn.init.normal_(parameter, std=0.3)
        network.save_pretrained(str(tmp_path), save_embedding_layers=False)
        return tmp_path

    return write


def load(files, folder):
    return random(device="cpu").load(files, folder)


CAUSAL = {"task_type": "CAUSAL_LM"}


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(r=2, use_dora=True, target_modules="all-linear", **CAUSAL),
        LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"], **CAUSAL),
        IA3Config(target_modules=["k_proj"], feedforward_modules=[], **CAUSAL),
    ],
    ids=["dora", "saved head", "ia3"],
)
def test_an_adapter_of_layers_is_applied(tiny_files, tiny_model, written, config):
    tuned = load(tiny_files, written(config))
    assert tuned.loglikelihoods(PROMPTS, OPTIONS) != tiny_model.loglikelihoods(PROMPTS, OPTIONS)
    assert tuned.facts["parameters"] == tiny_files.facts["parameters"]
    assert tuned.without_adapter().loglikelihoods(PROMPTS, OPTIONS) == tiny_model.loglikelihoods(PROMPTS, OPTIONS)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (PromptTuningConfig(num_virtual_tokens=4, **CAUSAL), "PROMPT_TUNING and puts vectors .* before the prompt"),
        (PrefixTuningConfig(num_virtual_tokens=4, **CAUSAL), "PREFIX_TUNING and puts vectors"),
        (PromptEncoderConfig(num_virtual_tokens=4, **CAUSAL), "P_TUNING and puts vectors"),
        (AdaptionPromptConfig(adapter_len=4, adapter_layers=2, **CAUSAL), "ADAPTION_PROMPT and changes more"),
        (
            LoraConfig(r=2, target_modules=["q_proj"], alora_invocation_tokens=[5, 6], **CAUSAL),
            "LORA and begins to act at certain tokens",
        ),
    ],
    ids=lambda given: given.peft_type.value if hasattr(given, "peft_type") else "",
)
def test_an_adapter_that_would_not_be_applied_is_refused_with_its_kind(tiny_files, written, config, reason):
    folder = written(config)
    with pytest.raises(SourceError, match=rf"its adapter is of the kind {reason}.*not be applied; name one that"):
        load(tiny_files, folder)


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
def test_an_adapter_that_does_not_fit_is_refused(tiny_files, written, changed, reason):
    folder = written(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, **changed}))
    with pytest.raises(SourceError, match=reason):
        load(tiny_files, folder)


def test_an_adapter_of_a_deeper_model_is_refused(tiny_files, written):
    folder = written(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    weights = load_file(folder / "adapter_model.safetensors")
    deeper = {name.replace("layers.1.", "layers.2."): tensor.clone() for name, tensor in weights.items()}
    save_file({**deeper, **weights}, folder / "adapter_model.safetensors")
    with pytest.raises(SourceError, match=r"2 of its tensors fit no layer of the model .*layers\.2"):
        load(tiny_files, folder)


def test_an_adapter_that_lost_a_tensor_is_refused_by_its_name(tiny_files, written):
    folder = written(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    weights = load_file(folder / "adapter_model.safetensors")
    lost = next(name for name in weights if "layers.1" in name and "lora_B" in name)
    save_file({name: tensor for name, tensor in weights.items() if name != lost}, folder / "adapter_model.safetensors")
    with pytest.raises(SourceError, match=r": it lacks the tensor \S+layers\.1\S+lora_B\S*, which the model needs"):
        load(tiny_files, folder)


def test_memory_that_runs_out_is_no_fault_of_the_adapter(tiny_files, written, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    folder = written(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    monkeypatch.setattr("peft.get_peft_model", full)
    with pytest.raises(torch.OutOfMemoryError):
        load(tiny_files, folder)
