"""Cosines that do not hang on how many are taken at a time."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.data import cosines as module
from seatrial.data.cosines import cosines, pairwise_cosines


def units(seed, rows, dimensions=384):
    vectors = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_they_are_the_products_of_unit_vectors():
    ones, others = units(0, 7), units(1, 5)
    assert np.allclose(cosines(ones, others), ones.astype(float) @ others.T.astype(float), atol=1e-6)
    assert np.allclose(pairwise_cosines(ones[:5], others), np.diag(cosines(ones[:5], others)))
    assert cosines(ones[:1], np.zeros((2, 384), np.float32)).tolist() == [[0.0, 0.0]]
    assert cosines(ones[:1], ones[:1])[0, 0] == pytest.approx(1, abs=1e-6)


def test_there_may_be_none():
    none = np.zeros((0, 3), dtype=np.float32)
    assert cosines(none, units(0, 2, 3)).shape == (0, 2)
    assert cosines(units(0, 2, 3), none).shape == (2, 0)
    assert pairwise_cosines(none, none).shape == (0,)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 99), rows=st.integers(1, 40), step=st.integers(1, 40))
def test_no_bit_hangs_on_how_many_are_taken_at_a_time(seed, rows, step):
    ones, others = units(seed, rows), units(seed + 100, 33)
    whole = cosines(ones, others)
    parts = [cosines(ones[start : start + step], others) for start in range(0, rows, step)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(cosines(others[::-1], ones).T[:, ::-1], whole)
    mixed = np.random.default_rng(seed).permutation(384)
    assert np.array_equal(cosines(ones[:, mixed], others[:, mixed]), whole)
    assert np.array_equal(pairwise_cosines(ones[:1].repeat(33, axis=0), others), whole[0])


def test_they_are_exact():
    one, other = units(3, 1)[0], units(4, 1)[0]
    scale = Fraction(2) ** 24
    exact = sum(
        Fraction(round(Fraction(float(a)) * scale)) * round(Fraction(float(b)) * scale)
        for a, b in zip(one, other, strict=True)
    )
    assert Fraction(float(cosines(one[None], other[None])[0, 0])) == exact / scale**2


def test_pairs_are_multiplied_part_by_part(monkeypatch):
    ones, others = units(5, 20), units(6, 20)
    expected = pairwise_cosines(ones, others)
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    assert np.array_equal(pairwise_cosines(ones, others), expected)
