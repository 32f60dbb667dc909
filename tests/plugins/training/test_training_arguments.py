from __future__ import annotations

import dataclasses

import pytest
import torch
import transformers

from seatrial.errors import UsageError
from seatrial_plugins.training import Lora
from seatrial_plugins.training.arguments import training_arguments


def make(tmp_path, save_every=80, **changes):
    options = Lora(warmup=0.1, lr=1e-3, weight_decay=0.01, max_grad_norm=0.5, **changes)
    return training_arguments(options, folder=tmp_path, steps=400, seed=3, save_every=save_every, on_cpu=True)


def test_what_the_suite_says_is_what_the_trainer_does(tmp_path):
    arguments = make(tmp_path, schedule="constant")
    assert arguments.max_steps == 400
    assert arguments.get_warmup_steps(400) == 40
    assert arguments.learning_rate == 1e-3
    assert arguments.weight_decay == 0.01
    assert arguments.max_grad_norm == 0.5
    assert str(getattr(arguments.lr_scheduler_type, "value", arguments.lr_scheduler_type)) == "constant_with_warmup"
    assert arguments.save_steps == 80
    assert arguments.seed == 3
    assert arguments.logging_steps == 2


def rates(tmp_path, **changes):
    """The learning rate after 0, 40 (the warm-up), 200, 319, 320, 360 and 400 of 400 steps."""
    arguments = make(tmp_path, **changes)
    weight = torch.nn.Parameter(torch.zeros(1))
    trainer = transformers.Trainer(
        torch.nn.Identity(), arguments, optimizers=(torch.optim.SGD([weight], lr=1e-3), None)
    )
    schedule = trainer.create_scheduler(400)
    found = []
    for _ in range(401):
        found.append(schedule.get_last_lr()[0])
        trainer.optimizer.step()
        schedule.step()
    return [found[step] * 1e3 for step in (0, 40, 200, 319, 320, 360, 400)]


def test_a_rate_falls_to_its_floor(tmp_path):
    assert rates(tmp_path, floor=0.1)[1::5] == pytest.approx([1.0, 0.1])
    assert rates(tmp_path, floor=0.0) == pytest.approx(rates(tmp_path), abs=1e-9)


def test_wsd_is_stable_until_its_last_fifth(tmp_path):
    for floor in (0.0, 0.1):
        found = rates(tmp_path, schedule="wsd", floor=floor)
        assert found[1:5] == pytest.approx([1.0] * 4)
        assert found[5:] == pytest.approx([(1 + floor) / 2, floor], abs=1e-9)


def test_a_floor_without_a_fall_is_refused():
    with pytest.raises(UsageError, match=r"train\.floor: 0\.1 is not accepted; .*cosine nor wsd"):
        Lora(schedule="linear", floor=0.1)


def test_a_checkpoint_never_falls_between_two_logged_means(tmp_path):
    assert [make(tmp_path, save_every=every).save_steps for every in (1, 80, 81)] == [2, 80, 82]


def test_nothing_is_reported_anywhere_or_hidden(tmp_path):
    arguments = make(tmp_path)
    assert list(arguments.report_to) == []
    assert arguments.logging_nan_inf_filter is False
    assert arguments.device.type == "cpu"
    assert arguments.n_gpu <= 1


@pytest.mark.parametrize("gone", ["save_safetensors", "use_cpu", "dataloader_pin_memory"])
def test_a_field_that_a_version_lacks_is_left_out(tmp_path, monkeypatch, gone):
    real = transformers.TrainingArguments
    fields = [field for field in dataclasses.fields(real) if field.name != gone]
    given = {}

    class Lacking(real):
        def __init__(self, **values):
            given.update(values)
            super().__init__(**values)

    monkeypatch.setattr("transformers.TrainingArguments", Lacking)  # which importing it may have made anew
    monkeypatch.setattr(dataclasses, "fields", lambda _: fields)
    try:
        make(tmp_path)
    finally:
        monkeypatch.undo()
    assert gone not in given
    assert given["max_steps"] == 400


@pytest.mark.parametrize(("name", "value"), [("ACCELERATE_MIXED_PRECISION", "bf16"), ("ACCELERATE_USE_FSDP", "True")])
def test_a_variable_that_would_train_otherwise_is_refused(tmp_path, monkeypatch, name, value):
    given = {"folder": tmp_path, "steps": 2, "seed": 0, "save_every": 1, "on_cpu": True}
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    training_arguments(Lora(), **given)
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"the environment variable {name} is '{value.lower()}'.*unset it"):
        training_arguments(Lora(), **given)
