"""Neighbours of test rows."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial_plugins.coverage import nearness
from seatrial_plugins.coverage.nearness import find_near
from seatrial_plugins.coverage.topics import Topics, Vectors

MATRIX = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 0], [0.8, 0.6, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32)
SPLIT = np.array([0, 0, 0, 2, 2, 2])
DRAW = np.arange(6, dtype=np.uint64)
VECTORS = Vectors(
    pa.chunked_array(
        [pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), 3) for part in (MATRIX[:2], MATRIX[2:5], MATRIX[5:])]
    )
)
IDS = pa.chunked_array([pa.array(["r0", "r1", "r2", "t0", "t1", "t2"])])


def test_each_test_row_has_its_nearest_train_row():
    near = find_near(VECTORS, SPLIT, DRAW, None)
    assert near.similarity.tolist() == pytest.approx([0.96, 0, 0], abs=1e-6)
    assert near.train[0].tolist() == [1, 0, 2] + [-1] * 7
    assert near.measures(None) == {"no_neighbour": 2, "no_neighbour_share": pytest.approx(2 / 3)}
    assert [(one.row, one.rule, one.matched_row) for one in near.findings(IDS)] == [
        ("t1", "no-neighbour", None),
        ("t2", "no-neighbour", None),
    ]
    assert near.facts()["threshold"] == 0.5


def test_what_is_near_enough_is_the_suites_to_say():
    (first, *_) = find_near(VECTORS, SPLIT, DRAW, 0.99).findings(IDS)
    assert (first.row, first.matched_row, round(first.score, 2)) == ("t0", "r1", 0.96)
    assert first.detail == "its nearest train row has a cosine of 0.96, below 0.99"


def test_a_topic_counts_if_none_of_its_test_rows_has_a_neighbour():
    near = find_near(VECTORS, SPLIT, DRAW, None)
    assert near.measures(Topics(np.array([0, 0, -1, 0, 1, -1]), (0, 4), 6))["topics_without_neighbour"] == 1
    assert near.measures(Topics(np.array([0, 0, -1, 0, 0, -1]), (0,), 6))["topics_without_neighbour"] == 0


def test_of_too_many_pairs_test_rows_are_drawn(monkeypatch):
    monkeypatch.setattr(nearness, "PAIRS", 10)  # 2 × (3 + 2)
    near = find_near(VECTORS, SPLIT, np.array([0, 0, 0, 3, 1, 2], dtype=np.uint64), None)
    assert near.rows.tolist() == [4, 5]
    assert near.facts()["compared"] == 2


def test_the_nearest_are_those_of_all_pairs(monkeypatch):
    monkeypatch.setattr(nearness, "_BLOCK", 7)
    monkeypatch.setattr(nearness, "_OTHERS", 11)
    matrix = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    parts = [matrix[:40], matrix[40:45], matrix[45:]]
    vectors = Vectors(
        pa.chunked_array([pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), 5) for part in parts])
    )
    split = np.where(np.arange(90) % 3 == 0, 2, 0)
    near = find_near(vectors, split, np.arange(90, dtype=np.uint64), None)
    train, test = np.flatnonzero(split == 0), np.flatnonzero(split == 2)
    cosines = matrix[test] @ matrix[train].T
    assert near.train.tolist() == train[np.argsort(-cosines, axis=1)[:, :10]].tolist()
    among = matrix[test] @ matrix[test].T - 9 * np.eye(len(test))
    assert near.test.tolist() == np.argsort(-among, axis=1)[:, :10].tolist()
    assert np.allclose(near.to_test, -np.sort(-among, axis=1)[:, :10], atol=1e-6)
    assert near.train_rows == 60


def test_without_train_or_test_rows_nothing_is_near():
    assert find_near(VECTORS, np.zeros(6, dtype=int), DRAW, None) is None
    assert find_near(VECTORS, np.full(6, 2), DRAW, None) is None
