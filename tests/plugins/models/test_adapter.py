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
from seatrial_plugins.models import random

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


def test_a_pickled_adapter_is_refused(tiny_files, tmp_path):
    (tmp_path / "adapter_model.bin").write_bytes(b"x")
    with pytest.raises(SourceError, match="pickled adapters are not opened"):
        load(tiny_files, tmp_path)


def test_an_adapter_without_its_config_is_refused(tiny_files, written):
    folder = written(LoraConfig(r=2, target_modules=["q_proj"], **CAUSAL))
    (folder / "adapter_config.json").unlink()
    with pytest.raises(SourceError, match=r"no adapter_config\.json"):
        load(tiny_files, folder)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"target_modules": ["query_key_value"]}, "PEFT cannot put this adapter onto the model: .*query_key_value"),
        ({"r": 3}, "PEFT cannot put this adapter onto the model: .*size mismatch"),
        ({"peft_type": "NEVER_HEARD_OF"}, "PEFT cannot put this adapter onto the model: .*NEVER_HEARD_OF"),
        ({"target_modules": ["q_proj", "v_proj"]}, r"4 tensors that the model needs are not in it .*v_proj"),
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
