"""MinHash bands: two texts share a band as often as their Jaccard similarity says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seatrial.errors import UsageError
from seatrial_plugins.deduplication.minhash import MIN_BANDS, Banding, band_keys, banding
from seatrial_plugins.deduplication.shingles import Shingles


def keys_of(sets: list[list[int]], form: Banding, seed: int = 0) -> np.ndarray:
    flat = np.array([value for each in sets for value in each], dtype=np.uint64)
    return band_keys(Shingles(flat, np.array([len(each) for each in sets])), form, seed)


def test_the_banding_of_a_threshold():
    assert banding(0.8, 128) == Banding(25, 5)
    assert banding(1.0, 128) == Banding(16, 8)
    assert banding(0.1, 128) == Banding(128, 1)
    # By hand: 1 - 0.8^5 = 0.67232, to the 25th.
    assert Banding(25, 5).missed(0.8) == pytest.approx(4.887e-5, rel=1e-3)


@pytest.mark.parametrize("permutations", [16, 100, 128, 256, 1000])
@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0])
def test_there_are_always_16_bands_or_more_and_little_is_missed(threshold, permutations):
    form = banding(threshold, permutations)
    assert form.bands >= MIN_BANDS
    assert form.bands * form.rows <= permutations
    assert form.missed(threshold) <= 1e-3 or form.rows == 1


def test_too_few_permutations_are_refused():
    with pytest.raises(UsageError, match="at least 16"):
        banding(0.8, 15)


@pytest.mark.parametrize("common", [10, 40, 80, 95])
def test_minima_agree_as_often_as_the_jaccard_similarity_says(common):
    rng = np.random.default_rng(common)
    form = Banding(4000, 1)
    values = rng.integers(0, 2**63, 200 - common, dtype=np.uint64).tolist()
    keys = keys_of([values[:100], values[100 - common :]], form)
    similarity = common / (200 - common)
    agreed = float((keys[0] == keys[1]).mean())
    assert agreed == pytest.approx(similarity, abs=4 * math.sqrt(similarity * (1 - similarity) / 4000))


def test_order_and_repetition_do_not_count_and_the_seed_does():
    form = Banding(20, 3)
    one, other = keys_of([[1, 2, 3], [3, 1, 2, 2, 1]], form)
    assert (one == other).all()
    for seed in (1, -1, 2**64, 10**30):
        found = keys_of([[1, 2, 3]], form, seed=seed)
        assert (found != one).all() == (seed % 2**64 > 0)


def test_texts_without_shingles_have_no_keys():
    keys = keys_of([[], [5], [], [5], []], Banding(16, 2))
    assert (keys[[0, 2, 4]] == 0).all()
    assert (keys[1] == keys[3]).all()
    assert keys[1].any()
    assert keys_of([], Banding(16, 2)).shape == (0, 16)
