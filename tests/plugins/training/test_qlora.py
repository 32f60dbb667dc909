"""Low-rank adapters on a base in four bits: refused where bitsandbytes is not there, and LoRA's product where it is."""

from __future__ import annotations

import importlib.util
import math

import pytest
import torch

from seatrial.errors import UsageError
from seatrial.plugin.host import Host
from seatrial.runs.preflight import preflight
from seatrial.suite.file import load_suite
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import Classifier, Dpo, Qlora

from .jobs import PAIRS, adapter_of, killed_and_resumed, options

_THERE = importlib.util.find_spec("bitsandbytes") is not None
installed = pytest.mark.skipif(not _THERE, reason="bitsandbytes, the extra `qlora`, is not installed")


@pytest.mark.skipif(_THERE, reason="bitsandbytes is installed")
def test_without_bitsandbytes_it_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "b"}\n' * 4)
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: four-bits\nmodel: {source: 'package:seatrial_suites/tiny_llama', loader: random, device: cpu}\n"
        f"data: {{train: {{source: 'path:{tmp_path}/rows.jsonl'}}, split: {{test: 0.5}}}}\ntrain: {{method: qlora}}\n"
        "score: [choice]\ngates: [{metric: choice/accuracy, min: 0.5}]\n"
    )
    host = Host.load()
    with pytest.raises(UsageError, match=r"qlora .*needs bitsandbytes.*pip install 'seatrial\[qlora\]'"):
        list(preflight(load_suite(suite, host), host, cache=tmp_path / "cache"))


def test_a_base_that_cannot_give_up_weights_is_refused_by_name():
    with pytest.raises(UsageError, match=r"train\.init: pissa is not accepted with qlora"):
        Qlora(init="pissa")


@installed
def test_it_learns_and_what_it_leaves_is_asked_on_the_loaders_weights(job, tiny_target, tiny_model, adapter_in):
    work, steps = job()
    method = Qlora(**options(epochs=20))
    method.check(work.model)
    trained = method.train(work)
    losses = [step["loss"] for step in steps if "loss" in step]
    assert losses[-1] < 0.8 * losses[0]
    assert trained.kind == "adapter"
    assert trained.facts["trained_on"].startswith("4-bit NormalFloat")
    asked, answers = [row.prompt for row in work.train], [[row.label] for row in work.train]
    with random(device="cpu").open(tiny_target, adapter_in(work.output)) as model:
        tuned = [one.logprob for (one,) in model.loglikelihoods(asked, answers)]
    before = [one.logprob for (one,) in tiny_model.loglikelihoods(asked, answers)]
    assert math.fsum(after - first for after, first in zip(tuned, before, strict=True)) / len(tuned) > 0.5


@installed
def test_the_weights_are_in_four_bits_and_stay_frozen(job):
    work, _ = job()
    network, packs = work.model.load_in_four_bits()
    assert packs
    layer = network.model.layers[0].self_attn.q_proj
    assert (layer.weight.dtype, layer.weight.numel()) == (torch.uint8, 64 * 64 // 2)


@installed
def test_a_killed_training_gives_the_bytes_of_a_whole_one(job, tmp_path):
    whole, resumed = killed_and_resumed(job, tmp_path / "kept", Qlora(**options(save_every=2)), PAIRS[:4])
    assert adapter_of(resumed) == adapter_of(whole)


@pytest.mark.parametrize("method", [Classifier, Dpo, Qlora])
def test_products_of_eight_bits_are_for_plain_weights_and_answers(method):
    with pytest.raises(UsageError, match=rf"train\.fp8: is not accepted with {method.__name__.lower()}: "):
        method(fp8=True)
