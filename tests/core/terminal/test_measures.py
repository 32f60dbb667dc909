"""Durations and sizes read as people say them."""

import pytest

from seatrial.terminal.measures import duration, memory


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (106.4, "1 min 46 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (300 * 2**20, "300 MiB"), (2.1 * 2**30, "2.1 GiB")],
)
def test_sizes(size, said):
    assert memory(size) == said
