"""A share corrected for a test's errors: Rogan and Gladen's estimate, and how often the interval holds."""

import numpy as np
import pytest

from seatrial.stats import corrected_share


def test_the_value_is_rogan_and_gladen_s():
    # 0.30 found, Se 0.9, Sp 0.8: (0.30 - 0.2) / 0.7.
    found = corrected_share((30, 100), (90, 100), (80, 100))
    assert found.value == pytest.approx(1 / 7)
    assert found.low < found.value < found.high
    assert corrected_share((5, 100), (90, 100), (80, 100)).value == 0.0
    assert corrected_share((99, 100), (90, 100), (80, 100)).value == 1.0


def test_a_test_without_error_that_was_measured_well_leaves_the_share():
    found = corrected_share((30, 100), (10**7, 10**7), (10**7, 10**7))
    assert found.value == pytest.approx(0.3)
    assert (found.low, found.high) == pytest.approx((0.2189, 0.3959), abs=2e-2)  # Wilson's, nearly


def test_one_that_was_measured_on_fewer_items_leaves_more_doubt():
    found = [corrected_share((60, 200), (n * 9 // 10, n), (n * 8 // 10, n)) for n in (20, 1000)]
    widths = [one.high - one.low for one in found]
    assert widths[0] > 1.4 * widths[1]


@pytest.mark.parametrize(("sensitivity", "specificity"), [((50, 100), (50, 100)), ((3, 10), (6, 10))])
def test_no_better_than_chance_corrects_nothing(sensitivity, specificity):
    assert corrected_share((30, 100), sensitivity, specificity) is None


def test_what_is_no_share_is_refused():
    with pytest.raises(ValueError, match="3 of 2"):
        corrected_share((3, 2), (1, 1), (1, 1))
    with pytest.raises(ValueError, match="0 of 0"):
        corrected_share((1, 2), (0, 0), (1, 1))


@pytest.mark.parametrize(
    ("true", "se", "sp", "n", "known"), [(0.7, 0.9, 0.8, 100, 40), (0.3, 0.8, 0.95, 300, 60), (0.9, 0.95, 0.7, 80, 30)]
)
def test_the_interval_holds_about_as_often_as_it_says(true, se, sp, n, known):
    """Simulated, seeded: 2,000 samples, whose share of hits has a standard error of 0.5 points."""
    draw = np.random.default_rng(5)
    times = 2000
    found = draw.binomial(n, true * se + (1 - true) * (1 - sp), times)
    of_se, of_sp = draw.binomial(known, se, times), draw.binomial(known, sp, times)
    corrected = [
        corrected_share((int(a), n), (int(b), known), (int(c), known))
        for a, b, c in zip(found, of_se, of_sp, strict=True)
    ]
    holds = np.mean([one is None or one.low <= true <= one.high for one in corrected])
    assert 0.925 <= holds <= 0.985
