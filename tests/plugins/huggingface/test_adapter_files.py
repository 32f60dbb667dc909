from __future__ import annotations

import json
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from seatrial import Product
from seatrial.errors import SourceError
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.adapter_files import check_adapter_files

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


@pytest.fixture(scope="module")
def whole(tiny_target, tmp_path_factory):
    """An adapter that can be loaded."""
    folder = tmp_path_factory.mktemp("adapter")
    config = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    with random(device="cpu").open(tiny_target) as model:
        get_peft_model(model.network, config).save_pretrained(str(folder), save_embedding_layers=False)
    return folder


@pytest.fixture
def adapter(whole, tmp_path):
    """A copy of it, to be broken."""
    return shutil.copytree(whole, tmp_path / "adapter")


def test_a_whole_adapter_is_taken(tiny_target, adapter, adapter_in):
    assert check_adapter_files(adapter)["r"] == 2
    product = adapter_in(adapter)
    random(device="cpu").check_product(product)
    with random(device="cpu").open(tiny_target, product) as model:
        assert model.facts["parameters"]


def open_adapter(target, folder):
    with random(device="cpu").open(target, Product("adapter", folder, "any")):
        pass


def cut(folder, size):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:size])


def write(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def without(name):
    return lambda folder: (folder / name).unlink()


def as_folder(name):
    def change(folder):
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def pickled(folder):
    (folder / WEIGHTS).unlink()
    torch.save({"weight": torch.zeros(1)}, folder / "adapter_model.bin")


def of_whole_numbers(folder):
    save_file({name: tensor.to(torch.int8) for name, tensor in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS)


def become_a_file(folder):
    shutil.rmtree(folder)
    folder.write_text("")


DAMAGED = r"adapter_model\.safetensors: is damaged, was cut short, or is no safetensors file; get it again"
BROKEN = {
    "cut in its numbers": (lambda folder: cut(folder, -100), f"{DAMAGED} .*incomplete metadata"),
    "cut in its header": (lambda folder: cut(folder, 40), f"{DAMAGED} .*invalid header length"),
    "empty": (lambda folder: cut(folder, 0), f"{DAMAGED} .*header too small"),
    "a web page": (write(WEIGHTS, b"<!DOCTYPE html><title>404</title>"), f"{DAMAGED} .*header too large"),
    "a pickle in its place": (lambda folder: torch.save({}, folder / WEIGHTS), DAMAGED),
    "a pointer": (write(WEIGHTS, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "run `git lfs pull`"),
    "weights that are a folder": (
        as_folder(WEIGHTS),
        r"its adapter_model\.safetensors is no file; get the adapter again",
    ),
    "no weights": (without(WEIGHTS), r"its adapter_model\.safetensors is not there; get the adapter again"),
    "pickled": (pickled, r"only adapter_model\.bin; pickled adapters are not opened.*convert it to safetensors"),
    "whole numbers": (of_whole_numbers, r"its tensor \S+lora_A\S* holds I8 and not floating-point numbers; save"),
    "no config": (
        without(CONFIG),
        r"its adapter_config\.json, which says what kind of adapter it is, is not there; get",
    ),
    "config that is a folder": (as_folder(CONFIG), r"its adapter_config\.json, .*, is no file; get"),
    "config empty": (write(CONFIG, b""), r"adapter_config\.json: is no JSON; get it again \(JSONDecodeError: "),
    "config cut short": (write(CONFIG, b'{"peft_type": "LORA", '), r"adapter_config\.json: is no JSON; get it again"),
    "config in UTF-16": (write(CONFIG, "{}".encode("utf-16")), r"is no JSON; get it again \(UnicodeDecodeError: "),
    "config nested deeply": (write(CONFIG, b"[" * 100_000), r"is no JSON; get it again \(RecursionError: "),
    "config that is a list": (write(CONFIG, b"[]"), r"adapter_config\.json: holds a list and not an object; get it"),
    "config that says nothing": (write(CONFIG, b"{}"), "names no kind in `peft_type`, where the installed PEFT knows "),
    "not there": (shutil.rmtree, "adapter: is not there; name an adapter's folder"),
    "a file": (become_a_file, "adapter: is a file; name an adapter's folder"),
}


@pytest.mark.parametrize(("change", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_adapter_is_refused_with_the_file_and_what_to_do(tiny_target, adapter, change, reason):
    change(adapter)
    with pytest.raises(SourceError, match=reason) as refused:
        open_adapter(tiny_target, adapter)
    assert str(adapter) in str(refused.value)


@pytest.mark.parametrize(
    ("change", "reason"), [case for name, case in BROKEN.items() if name != "config that says nothing"]
)
def test_it_is_refused_before_anything_is_loaded(adapter, change, reason):
    change(adapter)
    with pytest.raises(SourceError, match=reason):
        random(device="cpu").check_product(Product("adapter", adapter, "any"))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"peft_type": "LORAX"},
            r"names the kind 'LORAX' \(did you mean 'LORA'\?\).*the installed PEFT knows .*; mend it",
        ),
        ({"peft_type": None}, "names no kind in `peft_type`"),
        ({"peft_type": ["LORA"]}, r"names the kind \['LORA'\]"),
        (
            {"init_lora_weights": "pissa_niter_4"},
            "`init_lora_weights: pissa_niter_4` takes a part out of the model's own",
        ),
        ({"init_lora_weights": "OLoRA"}, "would not be the base that it is compared with; convert it to plain LoRA"),
        (
            {"layer_replication": [[0, 2], [1, 2]]},
            "`layer_replication` repeats layers of the model, so that the model wit",
        ),
        ({"bias": "lora_only"}, "`bias: lora_only` changes the model's own biases"),
    ],
)
def test_a_config_that_cannot_be_applied_is_refused(tiny_target, adapter, changed, reason):
    config = json.loads((adapter / CONFIG).read_text())
    (adapter / CONFIG).write_text(json.dumps({**config, **changed}))
    with pytest.raises(SourceError, match=reason) as refused:
        open_adapter(tiny_target, adapter)
    assert str(adapter / CONFIG) in str(refused.value)


def test_the_initialisations_that_are_refused_are_those_that_change_the_base(network):
    """As PEFT itself shows: switched off, an adapter that began with PiSSA leaves another model than it was put onto."""
    ids = torch.arange(8)[None]

    def moved(start):
        base = network()
        with torch.inference_mode():
            before = base(ids).logits
        adapted = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=start))
        with torch.inference_mode(), adapted.disable_adapter():
            return float((adapted(ids).logits - before).abs().max())

    assert min(moved("pissa"), moved("olora")) > 1e-4
    assert max(moved("gaussian"), moved("orthogonal"), moved(True)) == 0
