from __future__ import annotations

import pytest
import torch

from seatrial import TrainingJob
from seatrial_plugins.huggingface import transformers
from seatrial_plugins.training import Lora

DESKS = {
    "harbour": [
        "When does the ferry leave?",
        "Is the pier open tonight?",
        "Which dock is the tug at?",
        "Is the tide high?",
    ],
    "kitchen": ["Is the soup ready?", "We are out of salt.", "The oven is cold.", "Who baked this bread?"],
    "garden": ["The roses need water.", "Who mowed the lawn?", "Plant the beans on Sunday.", "The hedge is too tall."],
}


@pytest.mark.slow
def test_a_real_model_learns_to_route_in_bfloat16(labelled, smollm2_target, adapter_in, tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        loader = transformers(dtype="bfloat16", device="cpu")
        rows = labelled(*((text, desk) for desk, texts in DESKS.items() for text in texts))
        for folder in ("adapter", "checkpoints"):
            (tmp_path / folder).mkdir()
        steps: list[dict[str, float]] = []
        job = TrainingJob(
            target=smollm2_target,
            model=loader.trainable(smollm2_target),
            train=rows,
            validation=[],
            output=tmp_path / "adapter",
            checkpoints=tmp_path / "checkpoints",
            seed=0,
            log=steps.append,
        )
        trained = Lora(lr=2e-3, epochs=5, batch_size=6).train(job)
        assert steps[-1]["loss"] < 0.1 * steps[0]["loss"]
        assert trained.facts["packed"]
        labels = list(DESKS)

        def right(system):
            answers = system.loglikelihoods([row.prompt for row in rows], [labels] * len(rows))
            best = [labels[max(range(3), key=lambda place: answer[place].logprob)] for answer in answers]
            return sum(said == row.label for said, row in zip(best, rows, strict=True))

        with (
            loader.open(smollm2_target, adapter_in(job.output)) as tuned,
            loader.open(smollm2_target) as base,
        ):
            assert right(tuned) >= 10 > right(base)
            said = tuned.generate([rows[0].prompt], max_new_tokens=8)[0]
        assert said.finished
        assert said.text in labels
    finally:
        torch.set_num_threads(threads)
