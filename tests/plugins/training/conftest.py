"""Training jobs on the tiny model."""

from __future__ import annotations

import pytest

from seatrial import TrainingJob
from seatrial_plugins.huggingface import random

from .jobs import PAIRS


@pytest.fixture
def job(tiny_target, labelled, tmp_path):
    """Makes a training job on the tiny model; each has folders of its own but where they are given."""
    made = []

    def make(pairs=PAIRS, validation=(), *, dtype="float32", loader=None, seed=1, log=None, checkpoints=None):
        number = len(made)
        output = tmp_path / f"adapter-{number}"
        output.mkdir()
        made.append(output)
        steps = []
        kept = checkpoints or tmp_path / f"checkpoints-{number}"
        kept.mkdir(exist_ok=True)
        return TrainingJob(
            target=tiny_target,
            model=(loader or random(dtype=dtype, device="cpu")).trainable(tiny_target),
            train=labelled(*pairs),
            validation=labelled(*validation),
            output=output,
            checkpoints=kept,
            seed=seed,
            log=log or steps.append,
        ), steps

    return make
