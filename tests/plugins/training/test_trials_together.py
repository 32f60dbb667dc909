"""Several settings trained at once: each as if it were alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from seatrial.errors import TrainingError
from seatrial.training import TrialsJob, TriesTogether
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import Classifier, Lora
from seatrial_plugins.training import trials_together as module
from seatrial_plugins.training.forms import Forms

from .jobs import PAIRS, options

SETTINGS = [
    {"r": 4, "target_modules": "all-linear", "lr": 5e-3, "epochs": 2},
    {"r": 8, "alpha": 16, "lr": 1e-3, "batch_size": 3, "epochs": 2, "schedule": "linear", "max_grad_norm": 0.1},
    {
        "r": 2,
        "target_modules": ["down_proj", "q_proj"],
        "rslora": True,
        "epochs": 2,
        "batch_size": 2,
        "gradient_accumulation": 3,
    },
    {"r": 4, "weight_decay": 0.1, "schedule": "wsd", "warmup": 0.2, "floor": 0.1, "epochs": 3, "max_grad_norm": 0},
]
TRAIN, VALIDATION = PAIRS[:8], PAIRS[8:]


@pytest.fixture
def tried(tiny_target, labelled):
    """Trains settings together: what came of them, what they left, what was reported."""

    def run(methods, *, goes_on=lambda place, stage, loss: True, forms=None, batch_tokens=None, stages=(0.25, 0.5)):
        told = []

        def report(place, stage, loss):
            told.append((place, stage, loss))
            return goes_on(place, stage, loss)

        loader = random(dtype="float32", device="cpu", **({"batch_tokens": batch_tokens} if batch_tokens else {}))
        shares = []
        job = TrialsJob(labelled(*TRAIN), labelled(*VALIDATION), 1, stages, report, shares.append)
        with methods[0].trials(tiny_target, loader.trainable(tiny_target)) as base:
            assert all(map(base.takes, methods))
            if forms is not None:
                base.base.forms = forms
            adapters = {}
            base.left = lambda place, matrices: adapters.update(
                {place: {name: [matrix.clone() for matrix in pair] for name, pair in matrices.items()}}
            )
            found = base.run(methods, job)
            assert shares[-1] == 1.0
            return found, adapters, told

    return run


ALONE = {}


@pytest.fixture
def alone(job):
    """Trains one setting as any training is, once: its last validation loss, and the matrices of its adapter."""

    def run(method):
        if (key := repr(method)) not in ALONE:
            ALONE[key] = trained(method)
        return ALONE[key]

    def trained(method):
        work, _ = job(TRAIN, VALIDATION)
        loss = method.train(work).facts["validation_loss"]
        saved = load_file(str(work.output / "adapter_model.safetensors"))
        return loss, {name.removeprefix("base_model.model."): tensor for name, tensor in saved.items()}

    return run


@pytest.mark.parametrize(
    ("forms", "tokens"),
    [
        (None, None),
        (None, 120),
        (Forms(varlen=True, plain_head=True), None),
        (Forms(varlen=True, plain_head=False), 200),
    ],
)
def test_each_of_several_trainings_is_as_it_would_be_alone(tried, alone, forms, tokens):
    methods = [Lora(**options(**setting)) for setting in SETTINGS]
    found, adapters, told = tried(methods, forms=forms, batch_tokens=tokens)
    for place, method in enumerate(methods):
        loss, saved = alone(method)
        assert found[place].loss == pytest.approx(loss, abs=1e-5)
        assert found[place].together == len(methods)
        left = {
            f"{name}.lora_{which}.weight": matrix
            for name, pair in adapters[place].items()
            for which, matrix in zip("AB", pair, strict=True)
        }
        for name, tensor in saved.items():
            filled = left.pop(name)
            own = filled[: tensor.shape[0], : tensor.shape[1]]
            torch.testing.assert_close(own, tensor, atol=1e-5, rtol=0)
            own.zero_()
            assert not filled.any(), "what fills up a rank stays zero"
        assert not any(matrix.any() for matrix in left.values()), "a layer without an adapter gets none"
    assert {(place, stage) for place, stage, _ in told} == {(place, stage) for place in range(4) for stage in (0, 1)}


def test_one_that_is_given_up_leaves_the_others_as_they_are(tried):
    methods = [Lora(**options(**setting)) for setting in SETTINGS[:3]]
    whole, _, _ = tried(methods)
    found, adapters, _ = tried(methods, goes_on=lambda place, stage, loss: (place, stage) != (1, 0))
    assert found[1].loss is None
    assert not found[1].reason
    assert set(adapters) == {0, 2}
    for place in (0, 2):
        assert found[place].loss == pytest.approx(whole[place].loss, abs=1e-6)


def test_a_training_whose_loss_is_no_number_ends_alone(tried):
    methods = [Lora(**options(lr=1e38, epochs=1)), Lora(**options(epochs=1))]
    found, _, _ = tried(methods)
    assert found[0].loss is None
    assert "nan" in found[0].reason
    assert found[1].loss is not None


def test_one_that_cannot_be_trained_fails_alone(tried):
    short, usual = Lora(**options(max_length=8, epochs=1)), Lora(**options(epochs=1))
    found, _, _ = tried([short, usual])
    assert found[0].loss is None
    assert found[0].reason
    assert found[1].loss is not None


def test_a_training_alone_is_evaluated_at_the_stages_that_it_is_asked_for(job):
    work, steps = job(TRAIN, VALIDATION)
    Lora(**options(epochs=4)).train(replace(work, stages=(0.3, 0.6)))
    assert [one["step"] for one in steps if "validation_loss" in one] == [2, 3, 4, 5, 6, 8]


def test_a_training_that_the_device_has_no_room_for_says_so(job, monkeypatch):
    def full(self, **_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr("seatrial_plugins.training.engine.Engine.train", full)
    work, _ = job(TRAIN, VALIDATION)
    with pytest.raises(TrainingError, match="CUDA out of memory"):
        Lora(**options(epochs=1)).train(work)


def test_dropout_is_each_trainings_own_and_repeats_with_the_seed(tried):
    methods = [Lora(**options(dropout=0.5, epochs=1)), Lora(**options(epochs=1))]
    first, again = tried(methods)[0], tried(methods)[0]
    assert [one.loss for one in first] == [one.loss for one in again]
    plain = tried([Lora(**options(epochs=1)), Lora(**options(epochs=1))])[0]
    assert first[1].loss == pytest.approx(plain[1].loss, abs=1e-6)
    assert first[0].loss != pytest.approx(plain[0].loss, abs=1e-6)


def test_where_all_have_no_room_fewer_are_trained_at_once(tried, monkeypatch):
    methods = [Lora(**options(**setting)) for setting in SETTINGS]
    whole, _, _ = tried(methods)
    train = module.TrialsTogether._train

    def small(self, given, job, before):
        if len(given) > 1:
            raise torch.OutOfMemoryError
        return train(self, given, job, before)

    monkeypatch.setattr(module.TrialsTogether, "_train", small)
    found, _, _ = tried(methods)
    assert [one.loss for one in found] == pytest.approx([one.loss for one in whole], abs=1e-6)
    assert {one.together for one in found} == {1}


@pytest.mark.parametrize(
    "setting",
    [
        {"dora": True},
        {"init": "pissa"},
        {"gradient_checkpointing": True},
        {"compile": True},
        {"overfit": {"times": 1}},
        {"early_stopping": {"patience": 1}},
        {"target_modules": ["nowhere"]},
        {"target_modules": ["lm_head"]},
    ],
)
def test_what_trains_otherwise_is_not_taken(tiny_target, setting):
    method = Lora(**options())
    assert isinstance(method, TriesTogether)
    with method.trials(tiny_target, random(device="cpu").trainable(tiny_target)) as base:
        assert base.takes(method)
        assert not base.takes(Lora(**options(**setting)))
    assert Classifier(**options()).trials(tiny_target, None) is None
