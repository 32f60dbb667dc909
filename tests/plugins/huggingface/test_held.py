"""Views on one network: each says what it would say alone, whichever others are open, and the last lets the memory go."""

from __future__ import annotations

import gc
import itertools
import weakref
from contextlib import ExitStack

import pytest
import torch
from peft import IA3Config, LoraConfig

from seatrial import Product, Turn
from seatrial.errors import SourceError, StageError
from seatrial.runs.store import digest_path
from seatrial_plugins.huggingface import held, random

PROMPTS = [[Turn("user", "Where is my parcel?")], [Turn("user", "Is there a shop?")]]
OPTIONS = [["delivery", "billing"], ["yes", "no", "maybe"]]
CAUSAL = {"task_type": "CAUSAL_LM"}
LORA = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], **CAUSAL)

KINDS = {
    "lora": LORA,
    "dora": LoraConfig(r=2, use_dora=True, target_modules="all-linear", **CAUSAL),
    "saved head": LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["lm_head"], **CAUSAL),
    "saved embeddings": LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["embed_tokens", "norm"], **CAUSAL),
    "trainable tokens": LoraConfig(r=2, target_modules=["q_proj"], trainable_token_indices=[1, 3], **CAUSAL),
    "ia3": IA3Config(target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"], **CAUSAL),
}


def says(model):
    return model.loglikelihoods(PROMPTS, OPTIONS)


_ALONE = {}
"""Target and product → what such a model says, which is asked once: these tests have the same few."""


def alone(target, product=None):
    """What a model says that shares nothing with any other."""
    return heard(target, product)[0]


def heard(target, product):
    """Likelihoods and generated text of such a model."""
    asked = target.folder, product and product.digest
    if asked not in _ALONE:
        with random(device="cpu").open(target, product) as model:
            _ALONE[asked] = says(model), model.generate(PROMPTS, max_new_tokens=4)
    return _ALONE[asked]


@pytest.fixture
def loads(monkeypatch):
    """The folders whose weights were loaded."""
    loaded, real = [], held.load_network

    def counted(folder, options):
        loaded.append(folder)
        return real(folder, options)

    monkeypatch.setattr(held, "load_network", counted)
    return loaded


def test_views_of_one_target_share_its_weights(tiny_target, write_adapter, loads):
    first, second = write_adapter(LORA, seed=1), write_adapter(LORA, seed=2)
    loads.clear()
    loader = random(device="cpu")
    with loader.open(tiny_target) as base, loader.open(tiny_target, first) as a, loader.open(tiny_target, second) as b:
        assert base.network is a.network is b.network
        assert [model.facts["adapter"] for model in (base, a, b)] == [False, True, True]
        assert {model.facts["parameters"] for model in (base, a, b)} == {tiny_target.facts["parameters"]}
    assert loads == [tiny_target.folder]


def test_the_next_may_be_opened_before_the_last_is_closed(tiny_target, write_adapter, loads):
    adapters = [None, write_adapter(LORA, seed=1), write_adapter(LORA, seed=2), None]
    expected = [alone(tiny_target, adapter) for adapter in adapters]
    loads.clear()
    loader, said, last = random(device="cpu"), [], ExitStack()
    for adapter in adapters:
        with last:
            following = ExitStack()
            model = following.enter_context(loader.open(tiny_target, adapter))
        said.append(says(model))
        last = following
    last.close()
    assert said == expected
    assert said[0] != said[1] != said[2] != said[0]
    assert loads == [tiny_target.folder]


@pytest.mark.parametrize("order", list(itertools.permutations(["base", "first", "second"])), ids="-".join)
def test_each_view_says_what_it_would_say_alone_whatever_was_opened_before_or_since(tiny_target, write_adapter, order):
    adapters = {
        "base": None,
        "first": write_adapter(LORA, seed=1),
        "second": write_adapter(KINDS["saved head"], seed=2),
    }
    expected = {name: alone(tiny_target, adapter) for name, adapter in adapters.items()}
    loader = random(device="cpu")
    with ExitStack() as opened:
        views = {name: opened.enter_context(loader.open(tiny_target, adapters[name])) for name in order}
        for name in [*order, *reversed(order), *order]:
            assert says(views[name]) == expected[name]
        said = {name: view.generate(PROMPTS, max_new_tokens=4) for name, view in views.items()}
    for name, adapter in adapters.items():
        assert heard(tiny_target, adapter)[1] == said[name]


@pytest.mark.parametrize("kind", KINDS)
def test_the_base_is_what_it_was_bit_for_bit_after_an_adapter_of_any_kind(tiny_target, write_adapter, kind):
    loader, untouched = random(device="cpu"), alone(tiny_target)
    adapter, other = write_adapter(KINDS[kind], seed=1), write_adapter(LORA, seed=2)
    tuned, otherwise = alone(tiny_target, adapter), alone(tiny_target, other)
    with loader.open(tiny_target) as base:
        own = [(parameter, parameter.clone()) for parameter in base.network.parameters()]
        with loader.open(tiny_target, adapter) as model:
            assert says(model) == tuned != untouched
            assert says(base) == untouched  # the adapter is on the network, and off for this view
        with loader.open(tiny_target, other) as model:
            assert says(model) == otherwise  # nothing of the first is left below it
            assert says(base) == untouched
        with loader.open(tiny_target, adapter) as model:
            assert says(model) == tuned
        assert all(torch.equal(parameter, before) for parameter, before in own)


def test_an_adapter_that_does_not_fit_leaves_the_others_as_they_were(tiny_target, write_adapter, adapter_in):
    good, bad = write_adapter(LORA, seed=1), write_adapter(LORA, seed=2)
    config = bad.folder / "adapter_config.json"
    config.write_text(config.read_text().replace('"r": 2', '"r": 3'))
    loader = random(device="cpu")
    untouched, tuned = alone(tiny_target), alone(tiny_target, good)
    with loader.open(tiny_target) as base, loader.open(tiny_target, good) as model:
        with pytest.raises(SourceError, match="cannot put this adapter onto the model"):
            loader.open(tiny_target, adapter_in(bad.folder)).__enter__()
        assert says(base) == untouched
        assert says(model) == tuned


def test_weights_that_an_adapter_is_merged_into_are_no_base(tiny_target, write_adapter):
    first, second = write_adapter(LORA, seed=1), write_adapter(LORA, seed=2)
    loader = random(device="cpu")
    with loader.open(tiny_target) as base, loader.open(tiny_target, second) as b, loader.open(tiny_target, first) as a:
        with a.serving() as became:
            assert became == "merged"
            for other in (base, b):
                with pytest.raises(StageError, match="merged"):
                    says(other)
            with base.serving() as bare:
                assert bare == "none"
        assert says(base) == alone(tiny_target)
        assert says(b) == alone(tiny_target, second)


def test_memory_is_let_go_with_the_last_view(tiny_target, write_adapter, loads):
    adapter = write_adapter(LORA)
    loads.clear()
    loader = random(device="cpu")
    with loader.open(tiny_target, adapter) as tuned:
        weights = weakref.ref(next(tuned.network.parameters()))
        with loader.open(tiny_target) as base:
            assert says(base)
        del base
        gc.collect()
        assert weights() is not None
    del tuned
    gc.collect()
    assert weights() is None
    with loader.open(tiny_target):
        assert len(loads) == 2


def test_a_view_that_was_closed_is_not_asked(tiny_target):
    with random(device="cpu").open(tiny_target) as model:
        pass
    with pytest.raises(StageError, match="was closed"):
        says(model)


def test_whole_weights_stand_in_place_of_the_targets_own(tiny_target, tiny_source, resolve, tmp_path):
    other = resolve(random(device="cpu", seed=9), tiny_source, "path:tiny_llama", tmp_path)
    product, loader = Product("weights", other.folder, digest_path(other.folder)), random(device="cpu")
    loader.check_product(product)
    with loader.open(tiny_target) as base, loader.open(tiny_target, product) as tuned:
        assert says(tuned) == alone(other) != says(base)
        assert says(base) == alone(tiny_target)
        assert tuned.facts["adapter"] is False


def test_whole_weights_that_are_cut_short_are_refused_before_anything_is_loaded(tiny_target, tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    for file in tiny_target.folder.iterdir():
        data = file.read_bytes()
        (folder / file.name).write_bytes(data[:-100] if file.suffix == ".safetensors" else data)
    with pytest.raises(SourceError, match=r"model\.safetensors: is damaged"):
        random(device="cpu").check_product(Product("weights", folder, "any"))
