"""Choice beyond accuracy: classes, and the calibration of the model's own option probabilities."""

import math

import pytest
from sklearn.metrics import brier_score_loss

from seatrial import Response, Row, Task, Transcript, Turn
from seatrial.errors import UsageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scoring import scores_of
from seatrial.rows import Choice, Label
from seatrial.rows.table import RowList
from seatrial_plugins.accuracy import build_choice, choice_metrics

EVERY = ["f1_macro", "balanced_accuracy", "mcc", "ece", "brier"]
LABELS = ("card", "loan", "rate")


def _right(expected):
    return expected.name if isinstance(expected, Label) else expected.options[expected.right]


def samples(asked, metrics=EVERY, labels=LABELS):
    rows = [
        Row(
            f"r{place}",
            (Turn("user", "?"), Turn("assistant", _right(expected))),
            "text-label",
            "s",
            "f",
            place,
            expected,
        )
        for place, (_, expected) in enumerate(asked)
    ]
    said = [
        Transcript(row.id, tuple(Response(text, logprob, 1) for text, logprob in responses), "hash")
        for row, (responses, _) in zip(rows, asked, strict=True)
    ]
    return list(build_choice(metrics=metrics).score(said, Task("test", RowList(rows), labels=labels)))


def test_probabilities_are_the_options_shares_and_a_doubled_option_is_one():
    half = math.log(0.5)
    (sample,) = samples([([("a", half), ("b", half - math.log(3)), ("a", half)], Choice(("a", "b", "a"), 0))])
    assert sample.values["confidence"] == pytest.approx(0.75)
    assert sample.values["brier"] == pytest.approx(2 * 0.25**2)
    assert sample.values["target_class"] is None  # choices of its own are no classes


def test_scores_of_labels_agree_with_scikit_learn():
    chances = [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]] * 10
    truth = ["card", "loan", "loan", "rate"] * 10
    asked = [
        ([(label, math.log(chance)) for label, chance in zip(LABELS, one, strict=True)], Label(right))
        for one, right in zip(chances, truth, strict=True)
    ]
    metrics = choice_metrics(metrics=EVERY)
    columns = list(dict.fromkeys(name for one in metrics for name in (one.column, *one.also)))
    table = samples_to_table("tuned", samples(asked), columns)
    scores = {score.metric: score for score in scores_of("choice", metrics, table, "tuned")}
    assert scores["choice/brier"].value == pytest.approx(brier_score_loss(truth, chances, labels=LABELS), abs=1e-9)
    assert scores["choice/balanced_accuracy"].value == pytest.approx((1 + 0.5 + 1) / 3)
    assert scores["choice/f1_macro"].value == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    # Bins of 1/15: 0.7 right alone, 0.6 right twice, 0.5 wrong.
    assert scores["choice/ece"].value == pytest.approx((0.3 + 2 * 0.4 + 0.5) / 4)
    assert scores["choice/mcc"].interval.method == "bootstrap"


def test_a_classifier_that_only_names_labels_has_classes_and_no_probabilities():
    (sample,) = samples([([("loan", None)], Label("loan"))])
    assert (sample.values["target_class"], sample.values["predicted_class"]) == (1.0, 1.0)
    assert sample.values["brier"] is None
    assert "brier" not in samples([([("loan", None)], Label("loan"))], metrics=["mcc"])[0].values


def test_what_is_not_asked_for_is_not_in_the_samples_and_unknown_names_are_refused():
    (plain,) = samples([([("card", -1.0), ("loan", -2.0)], Label("card"))], metrics=[])
    assert set(plain.values) == {"correct", "correct_norm", "nll"}
    with pytest.raises(UsageError, match=r"f1_makro.*f1_macro"):
        choice_metrics(metrics=["f1_makro"])
