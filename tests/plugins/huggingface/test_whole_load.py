from __future__ import annotations

import json
import shutil
from contextlib import ExitStack

import pytest
import torch
from safetensors.torch import load_file, save_file

from seatrial.errors import SourceError
from seatrial_plugins.huggingface import transformers
from seatrial_plugins.huggingface.tensor_files import INDEX
from seatrial_plugins.huggingface.whole_load import lacks, load_whole

WEIGHTS, CONFIG = "model.safetensors", "config.json"
QUERY = "model.layers.0.self_attn.q_proj.weight"


@pytest.fixture
def model(tiny_target, tmp_path):
    """A copy of a whole model's folder, to be broken."""
    return shutil.copytree(tiny_target.folder, tmp_path / "model")


@pytest.fixture
def load(resolve, tmp_path):
    """Loads a folder as a run does: the files, the tokenizer, the weights."""
    with ExitStack() as opened:

        def model(folder):
            loader = transformers(device="cpu", dtype="float32")
            target = resolve(loader, folder, "path:model", tmp_path / "cache")
            loader.tokenizer(target)
            return opened.enter_context(loader.open(target))

        yield model


def tensors(change):
    def changed(folder):
        held = load_file(folder / WEIGHTS)
        save_file(change(held), folder / WEIGHTS, metadata={"format": "pt"})

    return changed


def config(**changes):
    def changed(folder):
        said = json.loads((folder / CONFIG).read_text())
        (folder / CONFIG).write_text(json.dumps({**said, **changes}))

    return changed


def write(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def lost_a_part(folder):
    """In two files by name, one of which holds everything that the index says of both."""
    held = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    save_file({name: held[name] for name in held if "layers.1" not in name}, folder / "half.safetensors")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(held, "half.safetensors")}))


def cut(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-100])


def with_an_adapter(folder):
    (folder / "adapter_config.json").write_text("{}")


RANDOM = "transformers would fill that with random numbers"
BROKEN = {
    "a tensor lost": (
        tensors(lambda held: {name: held[name] for name in held if name != QUERY}),
        rf"it lacks the tensor {QUERY}; {RANDOM}",
    ),
    "no tensor": (tensors(lambda held: {}), rf"it lacks the tensor \S+ and \d\d others; {RANDOM}"),
    "other tensors": (
        tensors(lambda held: {"weight": torch.zeros(1)}),
        rf"it lacks the tensor \S+ and \d\d others; {RANDOM}",
    ),
    "a part lost": (lost_a_part, rf"it lacks the tensor model\.layers\.1\.\S+ and \d others; {RANDOM}"),
    "more layers in the config": (config(num_hidden_layers=3), r"it lacks the tensor model\.layers\.2\."),
    "fewer layers in the config": (
        config(num_hidden_layers=1),
        r"fewer layers than its weights \(the tensor model\.layers\.1",
    ),
    "another architecture": (config(model_type="gpt2"), rf"it lacks the tensor .*{RANDOM}"),
    "another width": (config(hidden_size=128), r"its tensor \S+ has the shape \[.*\], and its config asks for \[.*128"),
    "an adapter that was not merged": (
        tensors(lambda held: {**held, QUERY.replace("weight", "lora_A.weight"): torch.ones(4, 64)}),
        r"no place for its tensor model\.layers\.0\.self_attn\.q_proj\.lora_A\.weight, .*not merged",
    ),
    "biases": (
        tensors(lambda held: {**held, QUERY.replace("weight", "bias"): torch.ones(64), "lm_head.bias": torch.ones(9)}),
        r"no place for its tensor lm_head\.bias and 1 more",
    ),
    "a norm of another architecture": (
        tensors(lambda held: {**held, "model.layers.0.self_attn.q_norm.weight": torch.ones(16)}),
        r"no place for its tensor model\.layers\.0\.self_attn\.q_norm\.weight",
    ),
    "whole numbers": (
        tensors(lambda held: {**held, QUERY: torch.ones(64, 64, dtype=torch.int8)}),
        rf"model\.safetensors: {QUERY} holds whole numbers \(I8\).*no `quantization_config`",
    ),
    "another shape": (
        tensors(lambda held: {**held, QUERY: torch.zeros(3, 3)}),
        rf"its tensor {QUERY} has the shape \[3, 3\], and its config asks for \[64, 64\]",
    ),
    "cut": (cut, r"model\.safetensors: is damaged, was cut short"),
    "a folder for weights": (
        lambda folder: ((folder / WEIGHTS).unlink(), (folder / WEIGHTS).mkdir()),
        r"neither a file model\.safetensors nor",
    ),
    "an adapter beside it": (with_an_adapter, "holds a model and an adapter.*name that one under `adapter`"),
    "no language model": (config(model_type="vit"), r"transformers cannot load this model; get .*\(ValueError: "),
    "an activation that is none": (config(hidden_act="never"), r"transformers cannot load this model; get .*never"),
    "packages that it needs": (
        config(quantization_config={"quant_method": "gptq", "bits": 4}),
        r"transformers cannot load this model; get its files again, install what they need.*\(ImportError: ",
    ),
    "generation config that is a list": (write("generation_config.json", b"[]"), "transformers cannot load this model"),
    "config empty": (write(CONFIG, b""), r"config\.json: no config that transformers knows; get it again, or"),
    "config that is a list": (write(CONFIG, b"[]"), r"config\.json: no config that transformers knows"),
    "config nested deeply": (
        write(CONFIG, b"[" * 100_000),
        r"config\.json: no config that transformers knows.*Recursion",
    ),
    "config of an unknown kind": (config(model_type="lama"), r"config\.json: no config .*upgrade transformers.*`lama`"),
    "config with a text for a number": (config(hidden_size="64"), r"config\.json: no config that .*hidden_size"),
    "config that divides by zero": (config(num_attention_heads=0), r"config\.json: no config that .*ZeroDivisionError"),
    "tokenizer cut": (write("tokenizer.json", b"{"), "no tokenizer that transformers can load; add the model's"),
    "tokenizer config that is a list": (
        write("tokenizer_config.json", b"[]"),
        "no tokenizer that transformers can load",
    ),
    "template cut": (
        write("chat_template.jinja", b"{% for"),
        "its chat template cannot write a question .* say `chat: false`",
    ),
    "template that fails": (
        write("chat_template.jinja", b"{{ 1 / 0 }}"),
        "its chat template cannot .*division by zero",
    ),
    "template without answers": (
        write("chat_template.jinja", b"hello"),
        "its chat template cannot write a question and its",
    ),
}


@pytest.mark.parametrize(("change", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_model_is_refused_with_the_folder_and_the_reason(load, model, change, reason):
    change(model)
    with pytest.raises(SourceError, match=reason) as refused:
        load(model)
    assert str(model) in str(refused.value) or "path:model" in str(refused.value)


def test_weights_in_several_files_are_one_model(load, model, tiny_target):
    held = load_file(model / WEIGHTS)
    (model / WEIGHTS).unlink()
    names = {name: f"model-{1 + ('layers.1' in name)}-of-2.safetensors" for name in held}
    for file in set(names.values()):
        save_file({name: held[name] for name in held if names[name] == file}, model / file, metadata={"format": "pt"})
    (model / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": names}))
    whole = load(model)
    assert all(torch.equal(tensor, held[name]) for name, tensor in whole.network.state_dict().items() if name in held)
    assert whole.facts["parameters"] == tiny_target.facts["parameters"]


def test_a_head_that_the_network_does_not_have_is_left_alone(load, model):
    beside = {
        "v_head.summary.weight": torch.zeros(1, 64),
        "model.vision_tower.patches.weight": torch.zeros(2, 2),
        "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8),
        "model.layers.0.mlp.down_proj.bias": torch.zeros(64),
    }
    tensors(lambda held: {**held, **beside})(model)
    assert load(model).facts["parameters"]


def test_what_is_not_read_may_be_missing(tiny_target):
    from transformers import AutoModelForCausalLM

    given = {"pretrained_model_name_or_path": str(tiny_target.folder), "num_hidden_layers": 3}
    load_whole(AutoModelForCausalLM, "here", unused="layers.2.", **given)
    with pytest.raises(SourceError, match=r"here: it lacks the tensor model\.layers\.2"):
        load_whole(AutoModelForCausalLM, "here", unused="pooler.", **given)


@pytest.mark.parametrize("error", [MemoryError("no memory"), torch.OutOfMemoryError("CUDA out of memory")])
def test_memory_that_runs_out_is_no_fault_of_the_files(error):
    class Full:
        @staticmethod
        def from_pretrained(**_):
            raise error

    with pytest.raises(type(error)):
        load_whole(Full, "here")


def test_what_is_lacking_is_counted():
    assert lacks(["b"]) == "it lacks the tensor b"
    assert lacks({"b", "a"}) == "it lacks the tensor a and 1 other"
    assert lacks([str(n) for n in range(2_000)]) == "it lacks the tensor 0 and 1,999 others"
