"""Full fine-tuning: every weight moves, what is left loads without the base, and a killed one comes to the same bytes."""

from __future__ import annotations

import json

import pytest
from safetensors.torch import load_file

from seatrial import Product
from seatrial.errors import UsageError
from seatrial.rows.table import RowList
from seatrial.runs.store import digest_path
from seatrial.training import TrainingJob
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import Full

PAIRS = (
    ("my card is lost", "card"),
    ("the loan is due", "loan"),
    ("where is my card", "card"),
    ("a loan, please", "loan"),
)


@pytest.fixture
def trained(tiny_target, labelled, tmp_path):
    """`trained(name, …)`: one full training into a folder of that name; gives folder, facts and logged steps."""

    def train(name, *, seed=1, log=None, **options):
        output, checkpoints = tmp_path / name, tmp_path / f"{name}-checkpoints"
        output.mkdir(exist_ok=True)
        checkpoints.mkdir(exist_ok=True)
        steps = []
        job = TrainingJob(
            target=tiny_target,
            model=random(device="cpu").trainable(tiny_target),
            train=RowList(labelled(*PAIRS)),
            validation=RowList([]),
            output=output,
            checkpoints=checkpoints,
            seed=seed,
            log=log or steps.append,
        )
        done = Full(**{"lr": 1e-3, "epochs": 6, "batch_size": 2} | options).train(job)
        return output, done, steps

    return train


def test_the_loss_falls_and_every_weight_is_trained(trained, tiny_target):
    folder, done, steps = trained("one")
    assert done.kind == "weights"
    assert steps[-1]["loss"] < 0.7 * steps[0]["loss"]
    before, after = (load_file(place / "model.safetensors") for place in (tiny_target.folder, folder))
    assert before.keys() == after.keys()
    moved = [name for name in before if not before[name].equal(after[name])]
    assert len(moved) >= 0.9 * len(before)
    assert done.facts["trainable_parameters"] == done_parameters(tiny_target)
    assert done.facts["dtype"] == "float32"


def done_parameters(target):
    return target.facts["parameters"]


def test_what_is_left_is_a_model_of_its_own(trained, tiny_target, labelled):
    folder, _, _ = trained("one")
    loader = random(device="cpu")
    product = Product("weights", folder, digest_path(folder))
    prompts = [row.prompt for row in labelled(*PAIRS)]
    options = [["card", "loan"]] * len(PAIRS)
    with loader.open(tiny_target, product) as tuned:
        said = tuned.loglikelihoods(prompts, options)
    with loader.open(tiny_target) as base:
        assert base.loglikelihoods(prompts, options) != said
    alone = loader.resolve(
        "path:one", lambda address: type("R", (), {"path": folder, "address": address})(), folder.parent
    )
    with loader.open(alone) as again:
        assert again.loglikelihoods(prompts, options) == said
    assert json.loads((folder / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]


def test_a_killed_training_comes_to_the_same_bytes(trained):
    whole, _, _ = trained("whole", save_every=2)

    class KilledError(Exception):
        pass

    def die(values):
        if values["step"] >= 5:
            raise KilledError

    with pytest.raises(KilledError):
        trained("killed", save_every=2, log=die)
    killed, done, _ = trained("killed", save_every=2)
    assert done.facts["resumed_from_step"]
    assert (killed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_options_out_of_range_are_refused_by_name():
    with pytest.raises(UsageError, match=r"train\.lr: 0 is not accepted"):
        Full(lr=0)
