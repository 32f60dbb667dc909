"""Neighbours of test rows."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial import Measured
from seatrial_plugins.coverage import nearness, topics
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
PAIRS = 1_000_000
IDS = pa.chunked_array([pa.array(["r0", "r1", "r2", "t0", "t1", "t2"])])


def test_each_test_row_has_its_nearest_train_row():
    near = find_near(VECTORS, SPLIT, DRAW, None, PAIRS)
    assert near.similarity.tolist() == pytest.approx([0.96, 0, 0], abs=1e-6)
    assert near.train[0].tolist() == [1, 0] + [-1] * 8  # the third one is empty
    assert (near.said_in_train, near.said_in_test) == (2, 2)
    # The third has no text, or none that the encoder reads: it is not judged.
    assert near.measured(None) == Measured({"no_neighbour": 1, "no_neighbour_share": 0.5})
    assert [(one.row, one.rule, one.matched_row) for one in near.findings(IDS)] == [
        ("t1", "no-neighbour", None),
        ("t2", "unread", None),
    ]
    assert near.facts()["unread"] == 1


def test_where_no_test_row_is_read_nothing_is_counted():
    vectors = Vectors(pa.chunked_array([pa.FixedSizeListArray.from_arrays(pa.array(MATRIX[[0, 2, 2]].ravel()), 3)]))
    near = find_near(vectors, np.array([0, 2, 2]), np.arange(3), None, PAIRS)
    assert near.measured(None).measures == {}
    assert set(near.measured(None).missing.values()) == {"no test row has a text that the encoder reads"}

    assert near.facts()["threshold"] == 0.5


def test_what_is_near_enough_is_the_suites_to_say():
    (first, *_) = find_near(VECTORS, SPLIT, DRAW, 0.99, PAIRS).findings(IDS)
    assert (first.row, first.matched_row, round(first.score, 2)) == ("t0", "r1", 0.96)
    assert first.detail == "its nearest train row has a cosine of 0.96, below 0.99"


def test_a_topic_counts_if_none_of_its_test_rows_has_a_neighbour():
    near = find_near(VECTORS, SPLIT, DRAW, None, PAIRS)
    assert near.measured(Topics(np.array([0, 0, -1, 0, 1, -1]), (0, 4), 6)).measures["topics_without_neighbour"] == 1
    assert near.measured(Topics(np.array([0, 0, -1, 0, 0, -1]), (0,), 6)).measures["topics_without_neighbour"] == 0
    none = near.measured(Topics(np.array([0, 0, -1, -1, -1, -1]), (0,), 6))
    assert none.missing == {"topics_without_neighbour": "no test row has a topic"}
    assert set(none.measures) == {"no_neighbour", "no_neighbour_share"}


def test_of_too_many_pairs_test_rows_are_drawn_and_their_counts_are_not_those_of_all():
    draw = np.array([0, 0, 0, 3, 1, 2], dtype=np.uint64)
    near = find_near(VECTORS, SPLIT, draw, None, 10)  # 2 × (3 + 2)
    assert near.rows.tolist() == [4, 5]
    assert (near.facts()["compared"], near.facts()["of"]) == (2, 3)
    measured = near.measured(Topics(np.zeros(6, dtype=int), (0,), 6))
    why = "2 of 3 test rows were compared, drawn at random because there are more pairs of rows than `pairs` allows"
    assert measured == Measured(
        missing=dict.fromkeys(("no_neighbour", "no_neighbour_share", "topics_without_neighbour"), why)
    )
    assert len(find_near(VECTORS, SPLIT, draw, None, 17).rows) == 2
    whole = find_near(VECTORS, SPLIT, draw, None, 18)  # 3 × (3 + 3)
    assert (len(whole.rows), whole.drawn) == (3, "")
    assert len(find_near(VECTORS, SPLIT, draw, None, 1).rows) == 1


@pytest.mark.parametrize("others", [11, 10_000])
def test_of_equally_near_rows_the_first_are_taken(monkeypatch, others):
    monkeypatch.setattr(nearness, "_OTHERS", others)
    monkeypatch.setattr(topics, "_BLOCK", others)
    matrix = np.zeros((80, 4), dtype=np.float32)
    matrix[:, 0] = 1  # all alike, so that no multiplication rounds …
    matrix[[7, 30, 70]] = [0, 1, 0, 0]
    vectors = Vectors(pa.chunked_array([pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), 4)]))
    split = np.array([0] * 40 + [2] * 40)
    near = find_near(vectors, split, np.arange(80, dtype=np.uint64), None, PAIRS)
    like_the_first = [at for at in range(40) if at not in {7, 30}]
    assert near.train[0].tolist() == like_the_first[:10]
    assert near.train[30].tolist() == [7, 30, *like_the_first[:8]]
    assert near.test[5].tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]


def test_how_the_column_was_put_together_does_not_matter():
    random = np.random.default_rng(5)
    matrix = random.normal(size=(200, 16)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    split, draw = np.where(np.arange(200) % 3 == 0, 2, 0), np.arange(200, dtype=np.uint64)
    found = []
    for cuts in ([], [1, 60, 199], list(range(0, 200, 7))):
        parts = np.split(matrix, cuts)
        column = pa.chunked_array([pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), 16) for part in parts])
        found.append(find_near(Vectors(column), split, draw, None, PAIRS))
    for other in found[1:]:
        assert (other.train == found[0].train).all()
        assert (other.to_train == found[0].to_train).all()


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
    near = find_near(vectors, split, np.arange(90, dtype=np.uint64), None, PAIRS)
    train, test = np.flatnonzero(split == 0), np.flatnonzero(split == 2)
    cosines = matrix[test] @ matrix[train].T
    assert near.train.tolist() == train[np.argsort(-cosines, axis=1)[:, :10]].tolist()
    among = matrix[test] @ matrix[test].T - 9 * np.eye(len(test))
    assert near.test.tolist() == np.argsort(-among, axis=1)[:, :10].tolist()
    assert np.allclose(near.to_test, -np.sort(-among, axis=1)[:, :10], atol=1e-6)
    assert near.said_in_train == 60


def test_without_train_or_test_rows_nothing_is_near():
    assert find_near(VECTORS, np.zeros(6, dtype=int), DRAW, None, PAIRS) is None
    assert find_near(VECTORS, np.full(6, 2), DRAW, None, PAIRS) is None
