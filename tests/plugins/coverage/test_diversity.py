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
    different = " ".join(f"w{at}" for at in range(121))
    shares, pairs = distinct([[different], ["x y " * 200]])
    assert pairs == 120
    assert shares == [1.0, pytest.approx(2 / 120)]  # `x y` and `y x`
    assert distinct([["a b " * 100], []]) == ([pytest.approx(2 / 199), None], 199)
    assert distinct([["one", ""], [""]]) == ([None, None], 0)


def test_a_handful_of_pairs_says_nothing_and_takes_nothing_from_the_others():
    # Of three pairs each, both would be wholly diverse.
    assert distinct([["a b c d"] * 500, ["x y z a"]]) == ([pytest.approx(3 / 1500), None], 1500)
    assert distinct([["a b"] * 99, ["a b"] * 100]) == ([None, 0.01], 100)
