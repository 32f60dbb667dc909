"""How numbers are written."""

import pytest

from seatrial.evaluation.scores import Interval, Score
from seatrial_reports.numbers import amount, interval, value


@pytest.mark.parametrize(
    ("x", "unit", "written"),
    [(61.25, "ms", "61.25 ms"), (1234567, "", "1,234,567"), (2.0, "", "2"), (0.00012345, "s", "0.0001234 s")],
)
def test_amounts(x, unit, written):
    assert amount(x, unit) == written


def test_intervals_share_the_unit():
    score = Score("l/t", "base", 61.0, 44, "percentile", "lower", "ms", Interval(60.1, 63.4, 0.95, "order statistics"))
    assert (value(score), interval(score)) == ("61 ms", "60.1 to 63.4 ms")
    memory = Score("l/m", "base", 2.0**30, 44, "maximum", "lower", "bytes", Interval(2.0**29, 2.0**31, 0.95, "x"))
    assert (value(memory), interval(memory)) == ("1.0 GiB", "512 MiB to 2.0 GiB")
