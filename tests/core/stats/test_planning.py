import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import norm

from seatrial.stats import BoundedMean, Mean, PairedDifference, Proportion, minimum_detectable_difference, needed_n


@pytest.mark.parametrize(("n", "points"), [(164, 6.9), (1000, 2.8), (5000, 1.2)])
def test_detectable_drops_of_the_notes(n, points):
    # p = 0.7, 80% power, one-sided, systems that correlate at 0.7
    assert 100 * minimum_detectable_difference(2 * 0.7 * 0.3 * (1 - 0.7), n) == pytest.approx(points, abs=0.05)


def test_a_test_on_that_many_items_shows_that_difference_four_times_in_five():
    smallest = minimum_detectable_difference(0.126, 1000)
    assert norm.sf(1.6449 - smallest / np.sqrt(0.126 / 1000)) == pytest.approx(0.8, abs=1e-3)


def test_nothing_is_detectable_with_no_items():
    with pytest.raises(ValueError, match="n must be at least 1"):
        minimum_detectable_difference(0.1, 0)


@pytest.mark.parametrize(
    ("estimate", "decided"),
    [
        (Proportion(125, 163), lambda bounds: bounds.at_least(0.75) != "inconclusive"),
        (Proportion(118, 163), lambda bounds: bounds.at_least(0.75) != "inconclusive"),
        (
            BoundedMean.of([0.5, 0.6, 0.8, 0.9, 1.0, 1.0], (0.0, 1.0)),
            lambda bounds: bounds.at_least(0.75) != "inconclusive",
        ),
        (Mean(61.0, 25.0, 20), lambda bounds: bounds.at_most(60) != "inconclusive"),
        (PairedDifference(12, 9, 163), lambda bounds: bounds.at_least(0.0) != "inconclusive"),
    ],
)
def test_the_needed_n_decides_and_one_fewer_does_not(estimate, decided):
    needed = needed_n(estimate, decided)
    assert needed > estimate.n
    assert decided(estimate.at(needed).bounds())
    assert not decided(estimate.at(needed - 1).bounds())


def test_no_n_decides_on_the_threshold_itself():
    assert needed_n(Proportion(3, 4), lambda bounds: bounds.at_least(0.75) != "inconclusive") is None


def test_what_is_decided_needs_no_more():
    assert needed_n(Proportion(163, 163), lambda bounds: bounds.at_least(0.75) != "inconclusive") == 163


def test_importing_the_statistics_imports_no_numpy_and_no_scipy():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import seatrial.stats, seatrial.verdict.judgement, seatrial.verdict.codec, seatrial_plugins.gates, sys; print(sorted({m.partition('.')[0] for m in sys.modules} & {'numpy', 'scipy', 'pandas', 'pyarrow', 'torch'}))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"
