"""The attack on a real model: SmolLM2-135M-Instruct as a classifier of topics, un-tuned."""

import numpy as np
import pytest

from seatrial import Row, System, Task, Turn
from seatrial.rows import Label
from seatrial_plugins.robustness import attack
from seatrial_plugins.robustness.label_classifier import LabelClassifier

LABELS = ("computers", "food", "health", "history", "money", "movies", "politics", "sports")
MESSAGES = (
    "What is the stock market going to do tomorrow",
    "Who was the first president of the united states",
    "What is the best film you ever saw in a cinema",
)


@pytest.fixture(scope="module")
def model(smollm2_files):
    from seatrial_plugins.huggingface import transformers

    return transformers(dtype="float32", device="cpu").load(smollm2_files)


def asked_of(model, prompt, texts):
    """The labels' probabilities for each text in the place of the last message."""
    classifier = LabelClassifier(prompt, LABELS)
    return classifier.probabilities(
        model.loglikelihoods([classifier.with_text(t) for t in texts], [LABELS] * len(texts))
    )


@pytest.mark.slow
def test_what_the_attack_says_of_a_real_model_is_what_the_model_says(model):
    rows = []
    for number, message in enumerate(MESSAGES):  # the label is what the model answers, so every row can be attacked
        prompt = (Turn("user", message),)
        answer = LABELS[int(asked_of(model, prompt, [message]).argmax())]
        rows.append(
            Row(f"r{number}", (*prompt, Turn("assistant", answer)), "text-label", "", "", number, Label(answer))
        )
    task = Task(labels=LABELS, raw=rows, train=rows, seed=7, progress=lambda *_: None)
    system = System("base", "base", model=model)
    samples = list(attack(budget=60).score(system, rows, task))
    assert [sample.error for sample in samples] == [None] * len(rows)
    for row, sample in zip(rows, samples, strict=True):
        detail = sample.detail
        assert sample.values["clean_correct"] == 1.0
        assert 1 < sample.values["unique_forwards"] <= sample.values["queries"] <= 60
        asked = asked_of(model, row.prompt, [detail["original"], detail["attacked"]])
        told = [list(detail[f"{when}_probabilities"].values()) for when in ("clean", "attacked")]
        np.testing.assert_allclose(told, asked, atol=1e-3)
        assert (sample.prediction == row.target) == (sample.values["flipped"] == 0.0)
        assert asked[1][LABELS.index(row.label)] < asked[0][LABELS.index(row.label)]
    assert any(sample.values["flipped"] for sample in samples)
    assert list(attack(budget=60).score(system, rows, task)) == samples
