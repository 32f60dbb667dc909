"""What `choice` can tell beyond accuracy: agreement over classes, and calibration of the model's own option probabilities."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from seatrial import Metric, Response
from seatrial.errors import UsageError, did_you_mean

__all__ = ["ANSWER_METRICS", "chosen_metrics", "option_probabilities"]

_OF_CLASSES = "A row whose likeliest label is no single one, or that names none, is predicted to be of no class. Of rows with labels alone."
_PROBABILITIES = "The probabilities are the options' likelihoods, divided by their sum over the row's options."

ANSWER_METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "f1_macro",
            "target_class",
            "corpus",
            "higher",
            f"The mean over classes of F1 (scikit-learn's f1_score, average=macro). {_OF_CLASSES}",
            limits=(0.0, 1.0),
            statistic="f1_macro",
            also=("predicted_class",),
        ),
        Metric(
            "balanced_accuracy",
            "target_class",
            "corpus",
            "higher",
            f"The mean over expected classes of recall (scikit-learn's balanced_accuracy_score). {_OF_CLASSES}",
            limits=(0.0, 1.0),
            statistic="balanced_accuracy",
            also=("predicted_class",),
        ),
        Metric(
            "mcc",
            "target_class",
            "corpus",
            "higher",
            f"Matthews' correlation of expected and predicted classes, -1 to 1 (scikit-learn's matthews_corrcoef). {_OF_CLASSES}",
            limits=(-1.0, 1.0),
            statistic="mcc",
            also=("predicted_class",),
        ),
        Metric(
            "ece",
            "confidence",
            "corpus",
            "lower",
            "Expected calibration error: how far the likeliest option's probability and accuracy are apart, over 15 bins of equal "
            f"width (Guo et al., 2017; torchmetrics' calibration_error). {_PROBABILITIES}",
            limits=(0.0, 1.0),
            statistic="ece",
            also=("correct",),
        ),
        Metric(
            "brier",
            "brier",
            "mean",
            "lower",
            "Squared distance of the options' probabilities from what is right, added up over options, 0 to 2 (Brier, 1950; "
            f"scikit-learn's brier_score_loss of several classes). {_PROBABILITIES}",
            limits=(0.0, 2.0),
        ),
    )
}
"""Name → what a suite may ask for beside accuracy."""


def chosen_metrics(named: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics that a suite names.

    Raises:
        UsageError: one is not known, or is named twice.
    """
    for name in named:
        if name not in ANSWER_METRICS:
            raise UsageError(
                f"choice: no metric is called {name!r}{did_you_mean(name, ANSWER_METRICS)}; beside accuracy there are: "
                f"{', '.join(ANSWER_METRICS)}"
            )
    if len(set(named)) < len(named):
        raise UsageError("choice: `metrics` names one of them twice")
    return tuple(ANSWER_METRICS[name] for name in named)


def option_probabilities(responses: Sequence[Response], logprobs: Sequence[float]) -> dict[str, float]:
    """Option → its share of all options' likelihood; an option that is listed twice is one option."""
    options = dict(zip((said.text for said in responses), logprobs, strict=True))
    top = max(options.values())
    weights = {text: math.exp(logprob - top) for text, logprob in options.items()}
    total = math.fsum(weights.values())
    return {text: weight / total for text, weight in weights.items()}
