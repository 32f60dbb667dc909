"""Rows to train on, options that learn them in seconds, and what a training left."""

from __future__ import annotations

import pytest

__all__ = ["PAIRS", "KilledError", "adapter_of", "killed_and_resumed", "options"]

PAIRS = [
    (f"{question} {thing}?", desk)
    for desk, thing in (("delivery", "parcel"), ("billing", "refund"), ("account", "password"))
    for question in ("Where is my", "What about the", "I ask for the", "Please help with the")
]


def adapter_of(job):
    return (job.output / "adapter_model.safetensors").read_bytes()


def options(**changes):
    return {"r": 4, "lr": 5e-3, "epochs": 4, "batch_size": 4, **changes}


class KilledError(Exception):
    """Stands for a SIGKILL."""


def killed_and_resumed(job, kept, method, validation):
    """The job of a whole training, and that of one which was killed at its eighth step and went on from what it `kept`."""
    whole, _ = job(validation=validation)
    method.train(whole)

    def kill(step):
        if step["step"] == 8 and "loss" in step:
            raise KilledError

    with pytest.raises(KilledError):
        method.train(job(validation=validation, log=kill, checkpoints=kept)[0])
    resumed, _ = job(validation=validation, checkpoints=kept)
    assert method.train(resumed).facts["resumed_from_step"] in {4, 6, 8}
    return whole, resumed
