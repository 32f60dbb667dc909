"""Topics by k-means."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial_plugins.coverage.topics import Vectors, find_topics, how_many


def column(matrix, chunk=3):
    matrix = np.asarray(matrix, dtype=np.float32)
    parts = [matrix[start : start + chunk] for start in range(0, len(matrix), chunk)] or [matrix]
    return Vectors(
        pa.chunked_array([pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), matrix.shape[1]) for part in parts])
    )


def draws(count):
    return np.random.default_rng(1).integers(0, 2**63, count).astype(np.uint64)


def found(matrix, **options):
    said = {"topics": None, "sample": 100, "seed": 0, **options}
    return find_topics(column(matrix), draws(len(matrix)), **said)


CLUSTERS = np.repeat(np.eye(3), [5, 9, 2], axis=0) + np.linspace(0, 0.05, 16)[:, None] * np.ones(3)
CLUSTERS /= np.linalg.norm(CLUSTERS, axis=1, keepdims=True)


@pytest.mark.parametrize("sample", [100, 10])
def test_rows_that_are_alike_are_one_topic_the_largest_first(sample):
    topics = found(CLUSTERS, topics=3, sample=sample, seed=2)
    assert topics.of.tolist() == [1] * 5 + [0] * 9 + [2] * 2
    assert topics.fitted == min(sample, 16)
    assert [topics.of[row] for row in topics.central] == [0, 1, 2]


def test_the_same_seed_gives_the_same_topics():
    matrix = np.random.default_rng(0).normal(size=(60, 8))
    first, again = (found(matrix, seed=4) for _ in range(2))
    assert first.of.tolist() == again.of.tolist()
    assert first.central == again.central


def test_the_central_row_is_the_one_nearest_to_the_centre():
    topics = found([[1, 0], [0.98, 0.199], [0.92, 0.392]], topics=1)
    assert topics.central == (1,)


def test_there_are_never_more_topics_than_different_rows():
    assert found([[1, 0]] * 8, topics=5).of.tolist() == [0] * 8
    assert found([[1, 0]]).of.tolist() == [0]
    assert found([[1, 0], [0, 1], [1, 0]], topics=9).count == 2


def test_empty_texts_have_no_topic():
    topics = found([[1, 0], [0, 0], [0, 1]], topics=2)
    assert topics.of[1] == -1
    assert sorted(topics.of[[0, 2]].tolist()) == [0, 1]
    nothing = found(np.zeros((3, 2)))
    assert (nothing.of.tolist(), nothing.count, nothing.fitted) == ([-1] * 3, 0, 0)
    assert found(np.zeros((0, 2))).count == 0


def test_how_many_follows_the_rule_of_thumb():
    assert [how_many(rows) for rows in (1, 2, 8, 538, 13_083, 10**6)] == [1, 1, 2, 16, 81, 100]


def test_vectors_are_taken_across_chunks():
    matrix = np.arange(20, dtype=np.float32).reshape(10, 2)
    rows = np.array([0, 2, 3, 9])
    assert column(matrix).take(rows).tolist() == matrix[rows].tolist()
    assert column(matrix).take(np.array([], dtype=int)).shape == (0, 2)
