from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import torch

from seatrial import LocalWeights, Turn
from seatrial.errors import SourceError, UsageError
from seatrial.model import PROTOCOLS
from seatrial_plugins.huggingface import random, transformers
from seatrial_plugins.huggingface.device import choose_device, choose_dtype
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer


def test_a_python_without_docstrings_is_refused_before_anything_is_loaded(resolve, tiny_source, tmp_path, monkeypatch):
    monkeypatch.setattr("seatrial_plugins.huggingface.loader._NO_DOCSTRINGS", 0)
    with pytest.raises(SourceError, match=r"docstrings.*PYTHONOPTIMIZE=2"):
        resolve(random(device="cpu"), tiny_source, "path:tiny_llama", tmp_path)


def test_random_weights_repeat_and_follow_the_seed(resolve, tiny_source, tiny_target, tmp_path):
    again = resolve(random(device="cpu"), tiny_source, "path:tiny_llama", tmp_path)
    other = resolve(random(device="cpu", seed=1), tiny_source, "path:tiny_llama", tmp_path)
    weights = "model.safetensors"
    assert (again.folder / weights).read_bytes() == (tiny_target.folder / weights).read_bytes()
    assert again.digest == tiny_target.digest
    assert (other.folder / weights).read_bytes() != (again.folder / weights).read_bytes()
    assert other.digest != again.digest


def test_random_weights_are_written_once(resolve, tiny_source, tmp_path):
    loader = random(device="cpu")
    target = resolve(loader, tiny_source, "path:tiny_llama", tmp_path)
    changed = (target.folder / "model.safetensors").stat().st_mtime_ns
    assert resolve(loader, tiny_source, "path:tiny_llama", tmp_path) == target
    assert (target.folder / "model.safetensors").stat().st_mtime_ns == changed


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_weights_that_were_replaced_in_the_cache_are_made_anew(resolve, tiny_source, tmp_path, name):
    target = resolve(random(device="cpu"), tiny_source, "path:tiny_llama", tmp_path)
    other = resolve(random(device="cpu", seed=1), tiny_source, "path:tiny_llama", tmp_path)
    file, whole = target.folder / name, (target.folder / name).read_bytes()
    file.write_bytes((other.folder / "model.safetensors").read_bytes() if name.startswith("model") else b"{}")
    assert resolve(random(device="cpu"), tiny_source, "path:tiny_llama", tmp_path) == target
    assert file.read_bytes() == whole


def test_weights_of_which_no_digest_was_kept_are_made_anew(resolve, tiny_source, tmp_path):
    target = resolve(random(device="cpu"), tiny_source, "path:tiny_llama", tmp_path)
    (note,) = target.folder.parent.glob("*.json")
    note.unlink()
    (target.folder / "more.json").write_text("{}")
    assert resolve(random(device="cpu"), tiny_source, "path:tiny_llama", tmp_path) == target
    assert not (target.folder / "more.json").exists()
    assert note.exists()


def test_making_weights_leaves_the_random_state_alone(resolve, tiny_source, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    resolve(random(device="cpu", seed=3), tiny_source, "path:tiny_llama", tmp_path)
    assert torch.equal(torch.rand(1), expected)


def test_a_folder_with_weights_is_used_as_it_is(resolve, tiny_target, tmp_path):
    target = resolve(transformers(device="cpu"), tiny_target.folder, "path:model", tmp_path)
    assert target.folder == tiny_target.folder
    assert target.facts["format"] == "safetensors"
    assert resolve(transformers(device="cpu"), tiny_target.folder, "path:other", tmp_path).digest == target.digest


def test_random_weights_need_a_config_and_a_tokenizer(resolve, tiny_source, tmp_path):
    loader, folder = random(device="cpu"), tmp_path / "shape"
    folder.mkdir()
    with pytest.raises(SourceError, match=r"path:shape: no config\.json in .*try `package:seatrial_suites/tiny_llama`"):
        resolve(loader, folder, "path:shape", tmp_path)
    (folder / "config.json").write_text((tiny_source / "config.json").read_text())
    with pytest.raises(SourceError, match=r"path:shape: a config\.json and no tokenizer; add"):
        resolve(loader, folder, "path:shape", tmp_path)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(SourceError, match=r"there is no tokenizer that transformers can load; add"):
        loader.tokenizer(resolve(loader, folder, "path:shape", tmp_path))
    (folder / "config.json").write_text('{"model_type": "lama"}')
    with pytest.raises(SourceError, match=r"config\.json: no config that transformers knows; get .*`lama`"):
        resolve(loader, folder, "path:shape", tmp_path)


def test_a_config_without_weights_needs_the_random_loader(resolve, tiny_source, tmp_path):
    with pytest.raises(SourceError, match="loader: random"):
        resolve(transformers(device="cpu"), tiny_source, "path:tiny_llama", tmp_path)


def test_code_of_the_folder_is_never_run(resolve, tiny_target, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_target.folder, folder)
    config = (folder / "config.json").read_text()
    entry = (
        '"auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}, "model_type": "unheard-of",'
    )
    (folder / "config.json").write_text(
        config.replace("{", "{" + entry, 1).replace('"model_type": "llama"', '"kind": 0')
    )
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(SourceError, match=r"no config that transformers knows.*contains custom code"):
        resolve(transformers(device="cpu"), folder, "path:model", tmp_path / "cache")
    with pytest.raises(SourceError, match=r"no config that transformers knows.*contains custom code"):
        load_network(folder, LoadOptions(device="cpu"))
    read_tokenizer(folder)
    assert not (tmp_path / "ran").exists()


def test_the_tokenizer_comes_without_the_weights(tiny_target, tmp_path):
    for file in tiny_target.folder.iterdir():
        if file.suffix != ".safetensors":
            shutil.copyfile(file, tmp_path / file.name)
    target = LocalWeights("path:x", tmp_path, "")
    tokenizer = random().tokenizer(target)
    assert tokenizer.count_tokens([[Turn("user", "hello")]])[0] > 3


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_other_attentions_give_the_same_likelihoods(tiny_target, tiny_model, attention):
    prompts, options = (
        [[Turn("user", "Hello!")], [Turn("user", "Is there a shop?")]],
        [["yes", "no"], ["maybe", "a cat"]],
    )
    with random(device="cpu", attention=attention).open(tiny_target) as model:
        assert model.facts["attention"] == attention
        assert not model.packs
        said = model.loglikelihoods(prompts, options)
    for ours, theirs in zip(tiny_model.loglikelihoods(prompts, options), said, strict=True):
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
        "huggingface.transformers(), huggingface.random(), training.Lora()\n"
        "assert not {'torch', 'transformers', 'peft'} & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=True
    )


def test_what_a_model_can_do_is_told_without_its_weights(tiny_source, tiny_target):
    bare = LocalWeights("path:x", tiny_source, "")  # a config and a tokenizer
    loader = random()
    assert loader.provides(bare, None) == {"scores", "generates", "samples", "completes", "times", "trains"}
    assert loader.provides(bare, "weights") == {"scores", "generates", "samples", "completes", "times"}
    assert loader.provides(bare, "adapter") == {"scores", "generates", "samples", "completes", "times", "merges"}
    assert loader.provides(bare, "classifier") == {"classifies"}
    with loader.open(tiny_target) as model:
        for capability in loader.provides(tiny_target, None) - {"trains"}:
            assert isinstance(model, PROTOCOLS[capability])


def test_training_gets_the_model_as_the_loader_was_told_to_load_it(tiny_target):
    loader = random(device="cpu", dtype="bfloat16", attention="eager", system="Be brief.")
    model = loader.trainable(tiny_target)
    assert model.runtime == "transformers"
    network, packs = model.load()
    assert next(network.parameters()).dtype == torch.bfloat16
    assert not packs
    assert "Be brief." in model.chat.render([Turn("user", "Hello!")], ask=True)
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_what_no_source_finds_is_refused_by_the_source(tmp_path):
    def nothing(address):
        raise SourceError(f"{address}: there is nothing")

    with pytest.raises(SourceError, match="path:gone: there is nothing"):
        random().resolve("path:gone", nothing, tmp_path)
