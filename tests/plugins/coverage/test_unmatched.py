"""Test rows that stand among test rows alone."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial import Measured
from seatrial_plugins.coverage import unmatched as module
from seatrial_plugins.coverage.nearness import find_near
from seatrial_plugins.coverage.topics import Vectors
from seatrial_plugins.coverage.unmatched import find_unmatched, least_rows, most_by_chance


def around(centre, count, seed, spread=0.15, dimensions=12):
    """Unit vectors near a direction."""
    vectors = np.eye(dimensions)[centre] + np.random.default_rng(seed).normal(size=(count, dimensions)) * spread
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def near_of(train, test, pairs=1_000_000):
    matrix = np.concatenate([train, test])
    vectors = Vectors(pa.chunked_array([pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])]))
    split = np.array([0] * len(train) + [2] * len(test))
    return find_near(vectors, split, np.arange(len(matrix), dtype=np.uint64), None, pairs)


def test_a_kind_that_train_lacks_is_found_though_it_is_near():
    # Everything is about one subject (the first direction), so that no cosine is low.
    shared = 2 * np.eye(12)[0]

    def about(*given):
        vectors = around(*given) + shared
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    train = np.concatenate([about(1, 60, 1), about(2, 60, 2)])
    test = np.concatenate([about(1, 25, 3), about(3, 20, 4), about(2, 25, 5), about(4, 15, 6)])
    near = near_of(train, test)
    found = find_unmatched(near, 0.2)
    assert not near.alone.any()
    assert found.rows.tolist() == [*range(25, 45), *range(70, 85)]
    assert found.kind.tolist() == [0] * 20 + [1] * 15
    assert found.central[0] in range(25, 45)
    assert found.measured(near) == Measured({"unmatched_rows": 35, "unmatched_kinds": 2})
    ids = pa.chunked_array([pa.array([f"r{at}" for at in range(len(train) + len(test))])])
    first = next(found.findings(near, ids))
    assert (first.row, first.rule) == ("r145", "unmatched")
    assert first.detail.startswith("0 of its 10 nearest rows stand in train, at most 0 where train lacks its kind;")


def test_rows_of_one_source_are_matched():
    found = find_unmatched(near_of(around(0, 300, 1, spread=1.0), around(0, 120, 2, spread=1.0)), 0.2)
    assert len(found.rows) <= 1
    assert not found.central


def test_what_has_its_match_is_matched_however_many_test_rows_are_nearer():
    train = np.concatenate([around(0, 80, 1), np.eye(12, dtype=np.float32)[[5]]])
    test = np.repeat(np.eye(12, dtype=np.float32)[[5]], 40, axis=0)
    assert not len(find_unmatched(near_of(train, test), 0.2).rows)


FEW_IN_TRAIN = "train has so few rows beside test that chance alone may leave none among the nearest"


@pytest.mark.parametrize(
    ("train", "test", "why"),
    [
        (1, 1, "1 test row has a text, and a kind that train lacks is found from 6 rows on"),
        (1, 30, FEW_IN_TRAIN),
        (28, 30, FEW_IN_TRAIN),
        (30, 1, "1 test row has a text, and a kind that train lacks is found from 6 rows on"),
        (30, 5, "5 test rows have a text, and a kind that train lacks is found from 6 rows on"),
        (40, 0, "0 test rows have a text, and a kind that train lacks is found from 6 rows on"),
    ],
)
def test_where_no_row_could_be_unmatched_their_number_is_missing_and_not_zero(train, test, why):
    empty = np.zeros((25 if not test else 3, 12), dtype=np.float32)
    near = near_of(np.concatenate([around(0, train, 1), empty]), np.concatenate([around(1, test, 2), empty]))
    found = find_unmatched(near, 0.2)
    assert (found.rows.tolist(), found.kind.tolist(), found.central) == ([], [], ())
    assert found.measured(near) == Measured(missing={"unmatched_rows": why, "unmatched_kinds": why})


@pytest.mark.parametrize(("test", "found"), [(5, 0), (6, 6), (9, 9)])
def test_the_smallest_kind_that_is_found(test, found):
    near = near_of(around(0, 90, 1), around(1, test, 2))
    unmatched = find_unmatched(near, 0.2)
    assert unmatched.most == 2
    assert len(unmatched.rows) == found
    assert bool(unmatched.lacks) == (not found)
    assert len(unmatched.central) == bool(found)


def test_what_a_sample_lacks_is_not_counted_for_all():
    near = near_of(around(0, 90, 1), around(1, 40, 2), pairs=20 * 110)
    found = find_unmatched(near, 0.2)
    assert (len(near.rows), len(found.rows), len(found.central)) == (20, 20, 1)
    measured = found.measured(near)
    assert not measured.measures
    assert measured.missing["unmatched_kinds"].startswith("20 of 40 test rows were compared, drawn at random")


def test_empty_texts_are_nobodys_neighbours():
    empty = np.zeros((900, 12), dtype=np.float32)
    assert find_unmatched(near_of(around(0, 60, 1), empty[:40]), 0.2).rows.tolist() == []
    # Empty train rows could stand nowhere: among those with a text, 5 of 14 are train rows, and none may be near by chance.
    near = near_of(np.concatenate([around(0, 5, 1), empty]), around(0, 10, 2))
    assert find_unmatched(near, 0.2).most == -1
    # A row whose like are empty is not one of a kind with them.
    near = near_of(around(0, 90, 1), np.concatenate([around(1, 3, 2), empty[:30]]))
    assert find_unmatched(near, 0.2).rows.tolist() == []


def test_of_more_test_rows_a_kind_has_more():
    assert [least_rows(test) for test in (0, 1, 1_000, 1_155, 1_500, 2_000, 3_080, 10_000, 100_000)] == [
        *(4, 4, 4, 4, 5, 6, 7, 11, 17)
    ]


def test_a_group_of_fewer_rows_is_no_kind(monkeypatch):
    monkeypatch.setattr(module, "GROWN_FROM", 100)
    apart = [np.pad(around(0, rows, rows, spread=0.9), ((0, 0), (0, 2))) for rows in (1_500, 500)]
    kinds = [around(12 + at, 9, at, spread=0.05, dimensions=14) for at in range(2)]
    found = find_unmatched(near_of(apart[0], np.concatenate([apart[1], *kinds]), pairs=10_000_000), 0.2)
    assert (found.least, len(found.central)) == (9, 2)
    found = find_unmatched(near_of(apart[0], np.concatenate([apart[1], kinds[0], kinds[1][1:]]), pairs=10_000_000), 0.2)
    assert (found.least, len(found.central)) == (9, 1)
    assert {*range(509, 517)} <= {*found.rows.tolist()}  # found all the same, row by row


def test_how_many_train_neighbours_come_by_chance():
    # binom.cdf(2, 10, .75) = 4e-4, binom.cdf(1, 10, .7) = 1.4e-4, binom.cdf(2, 10, .7) = 1.6e-3, .5 ** 10 = 9.8e-4
    assert [most_by_chance(share, 0.2) for share in (0.75, 0.7, 0.5, 0.4, 0.9999)] == [2, 1, 0, -1, 2]
    assert most_by_chance(0.9999, 0.0) == 0


def test_kinds_of_few_rows_are_told_apart_though_other_rows_stand_among_them():
    # Two kinds of 12 rows each that train lacks, beside eight that it has.
    def kind(centre, count, seed):
        return around(centre, count, seed, spread=0.2)

    train = np.concatenate([kind(centre, 40, centre) for centre in range(8)])
    test = np.concatenate([kind(centre, 12, 100 + centre) for centre in range(10)])
    found = find_unmatched(near_of(train, test), 0.2)
    named = [{int(row) // 12 for row in found.rows[found.kind == kind_]} for kind_ in range(len(found.central))]
    assert sorted(map(sorted, named)) == [[8], [9]]
    assert (found.together <= 0.45).all()
    assert not len(find_unmatched(near_of(np.concatenate([train, kind(8, 40, 8), kind(9, 40, 9)]), test), 0.2).central)
