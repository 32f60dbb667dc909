"""Numbers of a whole sample against scikit-learn and sacrebleu, and the bootstrap that bounds them."""

import numpy as np
import pytest
import sacrebleu
from sklearn.metrics import balanced_accuracy_score, f1_score, matthews_corrcoef

from seatrial.stats import STATISTICS, CorpusEstimate
from seatrial.stats.corpus import bleu_of_counts

RANDOM = np.random.default_rng(5)


def classes(n=300, right=0.6, k=7):
    expected = RANDOM.integers(0, k, n)
    return np.stack([expected, np.where(RANDOM.random(n) < right, expected, RANDOM.integers(0, k, n))], axis=1).astype(
        float
    )


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("f1_macro", lambda expected, said: f1_score(expected, said, average="macro")),
        ("balanced_accuracy", balanced_accuracy_score),
        ("mcc", matthews_corrcoef),
    ],
)
def test_classes_agree_with_scikit_learn_and_weights_are_copies(name, reference):
    for right in (0.0, 0.5, 1.0):
        columns = classes(right=right)
        assert STATISTICS[name].compute(columns, np.ones(300)) == pytest.approx(reference(*columns.T), abs=1e-12)
    weights = RANDOM.integers(0, 3, 300)
    copies = np.repeat(columns := classes(), weights, axis=0)
    assert STATISTICS[name].compute(columns, weights.astype(float)) == pytest.approx(reference(*copies.T), abs=1e-12)


def test_no_prediction_is_a_miss_of_its_class_and_no_class_itself():
    columns = np.array([[0, 0], [0, -1], [1, 1]], dtype=float)
    ones = np.ones(3)
    assert STATISTICS["f1_macro"].compute(columns, ones) == pytest.approx((2 / 3 + 1) / 2)
    assert STATISTICS["balanced_accuracy"].compute(columns, ones) == pytest.approx(0.75)
    assert STATISTICS["mcc"].compute(columns, ones) == pytest.approx(matthews_corrcoef([0, 0, 1], [0, 2, 1]))
    assert STATISTICS["mcc"].compute(np.zeros((4, 2)), np.ones(4)) == 0.0


def test_ece_is_the_gap_of_each_bin_by_its_share():
    columns = np.array([[0.9, 1], [0.9, 0], [0.3, 0], [1.0, 1]])
    assert STATISTICS["ece"].compute(columns, np.ones(4)) == pytest.approx((2 * 0.4 + 0.3 + 0.0) / 4)


def test_bleu_of_counts_is_sacrebleus():
    for matched, there, lengths in (([9, 5, 3, 1], [12, 10, 8, 6], (12, 14)), ([4, 1, 0, 0], [9, 7, 5, 3], (9, 8))):
        expected = sacrebleu.BLEU.compute_bleu(matched, there, *lengths, smooth_method="exp").score
        assert bleu_of_counts(np.array([*matched, *there, *lengths], float)) == pytest.approx(expected, abs=1e-9)
    assert bleu_of_counts(np.array([2, 1, 0, 0, 2, 1, 0, 0, 2, 2], float)) == 0.0


# ---- the bootstrap -------------------------------------------------------------------------------------------------------


def test_the_interval_is_seeded_and_holds_the_value_and_ece_s_bias():
    columns = np.stack([RANDOM.random(200), RANDOM.integers(0, 2, 200)], axis=1).astype(float)
    for name in ("ece", "f1_macro"):
        one = CorpusEstimate.of(name, columns if name == "ece" else classes(200), limits=(0.0, 1.0))
        bounds = one.bounds(0.975)
        assert bounds == one.bounds(0.975)
        assert 0 <= bounds.lower < one.value < bounds.upper <= 1
        wide = one.at(50).bounds(0.975)
        assert wide.upper - wide.lower > bounds.upper - bounds.lower
    assert CorpusEstimate.of("ece", columns).bounds() == CorpusEstimate.of("ece", columns).bounds()


def test_copies_of_a_row_in_one_cluster_do_not_narrow_it():
    columns = classes(100)
    alone = CorpusEstimate.of("mcc", columns)
    copied = CorpusEstimate.of("mcc", np.repeat(columns, 5, axis=0), np.repeat(np.arange(100), 5))
    assert copied.n == 100
    assert copied.value == pytest.approx(alone.value)
    width = [one.bounds().upper - one.bounds().lower for one in (alone, copied)]
    assert width[1] == pytest.approx(width[0])


def test_too_few_rows_or_draws_that_do_not_differ_have_no_bounds():
    assert "29 rows or clusters" in CorpusEstimate.of("mcc", classes(29)).bounds().missing
    every = np.stack([np.arange(60) % 3, np.arange(60) % 3], axis=1).astype(float)
    found = CorpusEstimate.of("mcc", every)
    assert found.value == pytest.approx(1.0)
    assert found.bounds().lower is None
    assert "the same" in found.bounds().missing


def test_the_95_interval_of_f1_macro_holds_the_truth_about_that_often():
    """30 samples of 120 rows out of a population of 40,000."""
    population = classes(40_000, right=0.7, k=4)
    truth = STATISTICS["f1_macro"].compute(population, np.ones(40_000))
    held = 0
    for _ in range(30):
        drawn = population[RANDOM.integers(0, 40_000, 120)]
        bounds = CorpusEstimate.of("f1_macro", drawn).bounds(0.975)
        held += bounds.lower <= truth <= bounds.upper
    assert held >= 26
