"""Diversity by vectors and by pairs of words."""

import numpy as np
import pytest

from seatrial_plugins.coverage.diversity import Likeness, distinct


def likeness(vectors, block=2):
    found = Likeness(np.shape(vectors)[1])
    for start in range(0, len(vectors), block):
        found.add(np.array(vectors[start : start + block], dtype=np.float32))
    return found


def test_the_vendi_score_counts_unlike_rows():
    assert likeness(np.eye(4)).vendi() == pytest.approx(4)
    assert likeness([[1.0, 0.0]] * 7).vendi() == pytest.approx(1)
    assert likeness([[1.0, 0.0], [0.0, 1.0]] * 5).vendi() == pytest.approx(2)


def test_it_is_that_of_the_matrix_of_cosines():
    vectors = np.random.default_rng(3).normal(size=(9, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(vectors @ vectors.T / 9)
    values = values[values > 1e-9]
    assert likeness(vectors).vendi() == pytest.approx(np.exp(-np.sum(values * np.log(values))), rel=1e-5)
    cosines = (vectors @ vectors.T)[~np.eye(9, dtype=bool)]
    assert likeness(vectors).similarity() == pytest.approx(cosines.mean(), abs=1e-6)


def test_empty_texts_are_left_out():
    found = likeness([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    assert (found.rows, found.vendi(), found.similarity()) == (2, pytest.approx(2), pytest.approx(0))


def test_of_one_row_or_none_there_is_no_mean_cosine():
    assert (likeness([[1.0, 0.0]]).vendi(), likeness([[1.0, 0.0]]).similarity()) == (pytest.approx(1), None)
    assert likeness(np.zeros((3, 2))).vendi() is None


def test_distinct_looks_at_equally_many_pairs():
    shares, pairs = distinct([["a b c d"], ["x y x y x y"]])
    assert pairs == 3
    assert shares == [1.0, pytest.approx(2 / 3)]  # of `x y, y x, x y`
    assert distinct([["a b a b"], []]) == ([pytest.approx(2 / 3), None], 3)
    assert distinct([["one", ""], [""]]) == ([None, None], 0)
