"""A classifier in training: it learns labels, its product names them without the base, and a kill changes no byte."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file

from seatrial import Product
from seatrial.errors import TrainingError, UsageError
from seatrial.runs.store import digest_path
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import Classifier
from seatrial_plugins.training.labels import LabelLoss

from .jobs import PAIRS, killed_and_resumed

KINDS = {
    "lora": lambda **changes: Classifier(**{"r": 4, "lr": 1e-2, "epochs": 8, "batch_size": 4, **changes}),
    "dora": lambda **changes: Classifier(**{"r": 4, "dora": True, "lr": 1e-2, "epochs": 8, "batch_size": 4, **changes}),
    "full": lambda **changes: Classifier(**{"weights": "full", "lr": 2e-3, "epochs": 8, "batch_size": 4, **changes}),
}


def opened(target, folder, **options):
    return random(device="cpu", **options).open(target, Product("classifier", folder, digest_path(folder)))


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_what_it_leaves_names_the_labels(job, tiny_target, kind):
    work, steps = job(validation=PAIRS[:4])
    method = KINDS[kind]()
    method.check(work.model)
    trained = method.train(work)
    losses = [step["loss"] for step in steps if "loss" in step]
    assert losses[0] == pytest.approx(torch.log(torch.tensor(3.0)).item(), abs=0.05)
    assert losses[-1] < 0.5 * losses[0]
    assert (method.product, trained.kind) == ("classifier", "classifier")
    assert trained.facts["labels"] == ["account", "billing", "delivery"]
    assert trained.facts["trainable_parameters"] > 3 * 64
    config = json.loads((work.output / "config.json").read_text())
    assert config["id2label"] == {"0": "account", "1": "billing", "2": "delivery"}
    assert config["architectures"] == ["LlamaForSequenceClassification"]
    with opened(tiny_target, work.output) as model:
        named = model.classify(work.train)
    assert sum(name == row.label for name, row in zip(named, work.train, strict=True)) >= 10


def test_what_is_written_says_what_was_trained(job, tiny_target, monkeypatch):
    """The product's loss on a row is that of the last step's network: merging and reading change nothing."""
    kept = {}
    summed = LabelLoss.summed

    def keep(self, network, batch, device):
        kept["network"] = network
        return summed(self, network, batch, device)

    monkeypatch.setattr(LabelLoss, "summed", keep)
    work, _ = job()
    KINDS["lora"](epochs=2).train(work)
    with opened(tiny_target, work.output) as model, torch.no_grad():
        ids = torch.tensor([model.tokenizer(work.train[0].input_text)["input_ids"]])
        network = kept["network"].eval()
        for module in network.modules():
            if hasattr(module, "merged_adapters"):
                module.unmerge()
        told = [one(input_ids=ids).logits for one in (model.network, network)]
    torch.testing.assert_close(*told, rtol=1e-4, atol=1e-4)
    assert float(told[0].std()) > 1e-3


def test_with_adapters_everything_else_stays_what_it_is(job, tiny_target):
    work, _ = job()
    KINDS["lora"](epochs=1).train(work)
    before, after = (load_file(folder / "model.safetensors") for folder in (tiny_target.folder, work.output))
    moved = {name for name in after if name not in before or not before[name].equal(after[name])}
    assert {name.rpartition(".")[0].rpartition(".")[2] for name in moved} == {"q_proj", "v_proj", "score"}


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_a_killed_training_gives_the_bytes_of_a_whole_one(job, tmp_path, kind):
    whole, resumed = killed_and_resumed(job, tmp_path / "kept", KINDS[kind](save_every=2), PAIRS[:4])
    assert digest_path(resumed.output) == digest_path(whole.output)


def test_in_bfloat16_the_head_learns_in_float32(job, tiny_target):
    work, steps = job(dtype="bfloat16")
    KINDS["lora"]().train(work)
    losses = [step["loss"] for step in steps if "loss" in step]
    assert losses[-1] < 0.7 * losses[0]
    saved = load_file(work.output / "model.safetensors")
    assert (saved["score.weight"].dtype, saved["model.norm.weight"].dtype) == (torch.float32, torch.bfloat16)
    with opened(tiny_target, work.output, dtype="bfloat16") as model:
        assert next(model.network.parameters()).dtype == torch.bfloat16
        assert torch.equal(model.network.score.weight, saved["score.weight"]), (
            "it answers with the head that was trained"
        )
        named = model.classify(work.train)
    assert "" not in named
    assert len({*named}) > 1


def test_rows_of_other_labels_are_told_and_one_label_is_none(job):
    work, _ = job(validation=[("Is it raining?", "weather"), PAIRS[0]])
    assert KINDS["lora"](epochs=1).train(work).facts["validation_rows"] == 1
    work, _ = job(pairs=[("a", "x"), ("b", "x")])
    with pytest.raises(TrainingError, match="have 1 different labels"):
        KINDS["lora"]().train(work)
    rows = [dataclasses.replace(row, expected=None) for row in work.train]
    with pytest.raises(TrainingError, match="have 0 different labels"):
        KINDS["lora"]().train(dataclasses.replace(work, train=rows))


def test_unknown_modules_and_a_head_that_learned_nothing_are_refused(job):
    work, _ = job()
    with pytest.raises(UsageError, match=r"train\.target_modules: \['query'\] fits no module.*q_proj"):
        KINDS["lora"](target_modules=["query"]).check(work.model)
    with pytest.raises(TrainingError, match="every label equally likely"):
        KINDS["lora"](lr=1e-30, epochs=0.1, warmup=0.99).train(work)
