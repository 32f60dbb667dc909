from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import torch

from seatrial import Turn
from seatrial.errors import SourceError, UsageError
from seatrial_plugins.huggingface import random, transformers
from seatrial_plugins.huggingface.device import choose_device, choose_dtype
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer


def test_random_weights_repeat_and_follow_the_seed(tiny_source, tiny_files, tmp_path):
    again = random(device="cpu").prepare(tiny_source, "path:tiny_llama", tmp_path)
    other = random(device="cpu", seed=1).prepare(tiny_source, "path:tiny_llama", tmp_path)
    weights = "model.safetensors"
    assert (again.folder / weights).read_bytes() == (tiny_files.folder / weights).read_bytes()
    assert again.digest == tiny_files.digest
    assert (other.folder / weights).read_bytes() != (again.folder / weights).read_bytes()
    assert other.digest != again.digest


def test_random_weights_are_written_once(tiny_source, tmp_path):
    loader = random(device="cpu")
    files = loader.prepare(tiny_source, "path:tiny_llama", tmp_path)
    changed = (files.folder / "model.safetensors").stat().st_mtime_ns
    assert loader.prepare(tiny_source, "path:tiny_llama", tmp_path) == files
    assert (files.folder / "model.safetensors").stat().st_mtime_ns == changed


def test_making_weights_leaves_the_random_state_alone(tiny_source, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    random(device="cpu", seed=3).prepare(tiny_source, "path:tiny_llama", tmp_path)
    assert torch.equal(torch.rand(1), expected)


def test_a_folder_with_weights_is_used_as_it_is(tiny_files, tmp_path):
    files = transformers(device="cpu").prepare(tiny_files.folder, "path:model", tmp_path)
    assert files.folder == tiny_files.folder
    assert files.facts["format"] == "safetensors"
    assert transformers(device="cpu").prepare(tiny_files.folder, "path:other", tmp_path).digest == files.digest


def test_random_weights_need_a_config_and_a_tokenizer(tiny_source, tmp_path):
    loader, folder = random(device="cpu"), tmp_path / "shape"
    folder.mkdir()
    with pytest.raises(SourceError, match=r"path:shape: no config\.json in .*try `package:seatrial_suites/tiny_llama`"):
        loader.prepare(folder, "path:shape", tmp_path)
    (folder / "config.json").write_text((tiny_source / "config.json").read_text())
    with pytest.raises(SourceError, match=r"path:shape: a config\.json and no tokenizer; add"):
        loader.prepare(folder, "path:shape", tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(SourceError, match=r"there is no tokenizer that transformers can load; add"):
        loader.tokenizer(loader.prepare(folder, "path:shape", tmp_path))
    (folder / "config.json").write_text('{"model_type": "lama"}')
    with pytest.raises(SourceError, match=r"config\.json: no config that transformers knows; get .*`lama`"):
        loader.prepare(folder, "path:shape", tmp_path)


def test_a_config_without_weights_needs_the_random_loader(tiny_source, tmp_path):
    with pytest.raises(SourceError, match="loader: random"):
        transformers(device="cpu").prepare(tiny_source, "path:tiny_llama", tmp_path)


def test_code_of_the_folder_is_never_run(tiny_files, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_files.folder, folder)
    config = (folder / "config.json").read_text()
    entry = (
        '"auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}, "model_type": "unheard-of",'
    )
    (folder / "config.json").write_text(
        config.replace("{", "{" + entry, 1).replace('"model_type": "llama"', '"kind": 0')
    )
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(SourceError, match=r"no config that transformers knows.*contains custom code"):
        transformers(device="cpu").prepare(folder, "path:model", tmp_path / "cache")
    with pytest.raises(SourceError, match=r"no config that transformers knows.*contains custom code"):
        load_network(folder, LoadOptions(device="cpu"))
    read_tokenizer(folder)
    assert not (tmp_path / "ran").exists()


def test_the_tokenizer_comes_without_the_weights(tiny_files, tmp_path):
    for file in tiny_files.folder.iterdir():
        if file.suffix != ".safetensors":
            shutil.copyfile(file, tmp_path / file.name)
    files = type(tiny_files)(tmp_path, "path:x", "", {})
    tokenizer = random().tokenizer(files)
    assert tokenizer.count_tokens([[Turn("user", "hello")]])[0] > 3


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_other_attentions_give_the_same_likelihoods(tiny_files, tiny_model, attention):
    model = random(device="cpu", attention=attention).load(tiny_files)
    assert model.facts["attention"] == attention
    assert not model.packs
    prompts, options = (
        [[Turn("user", "Hello!")], [Turn("user", "Is there a shop?")]],
        [["yes", "no"], ["maybe", "a cat"]],
    )
    for ours, theirs in zip(
        tiny_model.loglikelihoods(prompts, options), model.loglikelihoods(prompts, options), strict=True
    ):
        for a, b in zip(ours, theirs, strict=True):
            assert a.logprob == pytest.approx(b.logprob, abs=2e-4)


def test_devices_and_dtypes():
    cpu = torch.device("cpu")
    assert choose_device("cpu") == cpu
    assert choose_dtype("float16", cpu) is torch.float16
    assert choose_dtype("auto", cpu) in {torch.bfloat16, torch.float32}
    assert choose_dtype("auto", torch.device("mps")) is torch.float32
    with pytest.raises(UsageError, match="'abacus' cannot be used"):
        choose_device("abacus")
    with pytest.raises(UsageError, match=r"'cuda:99': this machine has \d+ GPUs"):
        choose_device("cuda:99")


def test_building_what_a_suite_names_imports_no_torch():
    program = (
        "import sys; from seatrial_plugins import huggingface, training\n"
        "huggingface.transformers(), huggingface.random(), training.build_lora()\n"
        "assert not {'torch', 'transformers', 'peft'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=True
    )
