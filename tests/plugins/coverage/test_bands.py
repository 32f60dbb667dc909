"""Bands of lengths."""

import numpy as np

from seatrial_plugins.coverage.bands import band_names, bands_of


def test_each_length_lies_in_the_band_that_its_name_says():
    names = band_names()
    lengths = np.array([0, 1, 9, 10, 19, 20, 99_999, 100_000, 10**9])
    assert [names[place] for place in bands_of(lengths)] == [
        *("0", "1 to 9", "1 to 9", "10 to 19", "10 to 19", "20 to 49"),
        *("10,000 to 99,999", "100,000 or more", "100,000 or more"),
    ]
