"""Cohen's kappa against statsmodels, and its edges."""

import pytest

from seatrial.stats import agreement


@pytest.mark.parametrize(
    "table", [[[40, 9], [6, 45]], [[88, 14, 18], [10, 40, 10], [2, 6, 12]], [[5, 0], [0, 7]], [[0, 4], [3, 0]]]
)
def test_kappa_and_its_interval_are_those_of_statsmodels(table):
    from statsmodels.stats.inter_rater import cohens_kappa

    found, reference = agreement(table), cohens_kappa(table)
    assert found.kappa == pytest.approx(reference.kappa, abs=1e-12)
    assert found.kappa_interval[0] == pytest.approx(reference.kappa_low, abs=1e-7)
    assert found.kappa_interval[1] == pytest.approx(min(1, reference.kappa_upp), abs=1e-7)
    assert found.raw == pytest.approx(sum(table[i][i] for i in range(len(table))) / found.n)
    assert found.raw_interval[0] <= found.raw <= found.raw_interval[1]


def test_two_raters_who_say_one_thing_of_all_have_no_kappa():
    found = agreement([[12, 0], [0, 0]])
    assert (found.raw, found.kappa, found.kappa_interval) == (1.0, None, None)


@pytest.mark.parametrize("table", [[[0, 0], [0, 0]], [[1, 2]]])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(ValueError, match="square table"):
        agreement(table)
