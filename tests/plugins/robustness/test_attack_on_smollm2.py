"""The attack on a real model: SmolLM2-135M-Instruct as a classifier of topics, un-tuned."""

import numpy as np
import pytest

from seatrial import Row, System, Task, Turn
from seatrial.rows import Label
from seatrial.rows.table import RowList
from seatrial_plugins.robustness import attack, attack_probe
from seatrial_plugins.robustness.label_classifier import LabelClassifier

LABELS = ("computers", "food", "health", "history", "money", "movies", "politics", "sports")
MESSAGES = (
    "What is the stock market going to do tomorrow",
    "Who was the first president of the united states",
    "What is the best film you ever saw in a cinema",
)


@pytest.fixture(scope="module")
def model(smollm2_target):
    from seatrial_plugins.huggingface import transformers

    with transformers(dtype="float32", device="cpu").open(smollm2_target) as opened:
        yield opened


def asked_of(model, prompt, texts, truth=""):
    """The labels' probabilities for each text in the place of the last message."""
    classifier = LabelClassifier(prompt, LABELS)
    return classifier.probabilities(
        model.loglikelihoods([classifier.with_text(t) for t in texts], [LABELS] * len(texts)), truth
    )


@pytest.mark.slow
def test_what_the_attack_says_of_a_real_model_is_what_the_model_says(model, judged):
    rows = []
    for number, message in enumerate(MESSAGES):  # the label is what the model answers, so every row can be attacked
        prompt = (Turn("user", message),)
        answer = LABELS[int(asked_of(model, prompt, [message]).argmax())]
        rows.append(
            Row(f"r{number}", (*prompt, Turn("assistant", answer)), "text-label", "", "", number, Label(answer))
        )
    task = Task("test", RowList(rows), LABELS, seed=7)
    probe, scorer, system = attack_probe(budget=60), attack(budget=60), System("base", "base", model)
    samples = judged(probe, scorer, system, task)
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
    assert judged(probe, scorer, system, task) == samples
