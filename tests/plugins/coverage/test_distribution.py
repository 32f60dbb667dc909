"""Counts by part and split, gaps and divergence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Measured
from seatrial_plugins.coverage.distribution import SPLITS, count_parts


def counted(table, **options):
    """From part → (train, validation, test)."""
    parts = list(table)
    of = [place for place, name in enumerate(parts) for _ in range(sum(table[name]))]
    split = [at for name in parts for at, n in enumerate(table[name]) for _ in range(n)]
    said = {"thin": 0.2, "expected": 5.0, **options}
    return count_parts("label", parts, np.array(of, dtype=int), np.array(split, dtype=int), **said)


def gaps(found):
    return {part.name: (part.gap.split, part.gap.kind) for part in found.parts if part.gap}


def test_parts_are_counted_by_split_the_largest_first():
    found = counted({"a": (1, 1, 1), "b": (4, 0, 2)})
    assert [(part.name, dict(part.rows)) for part in found.parts] == [
        ("b", {"train": 4, "validation": 0, "test": 2}),
        ("a", {"train": 1, "validation": 1, "test": 1}),
    ]
    assert found.rows == {"train": 5, "validation": 1, "test": 3}


def test_bands_keep_their_order_and_the_empty_ones_between():
    found = counted({"0": (0, 0, 0), "1 to 9": (1, 0, 0), "10 to 19": (0, 0, 0), "20 to 49": (5, 0, 5)}, ordered=True)
    assert [part.name for part in found.parts] == ["1 to 9", "10 to 19", "20 to 49"]


def test_what_one_side_lacks_is_a_gap_where_rows_would_be_expected():
    # 100 rows each, so that half of what both have would be expected: of `rare` 2.
    table = {"common": (87, 0, 46), "absent": (0, 0, 30), "thin": (1, 0, 20), "rare": (0, 0, 4), "only": (12, 0, 0)}
    found = counted(table)
    assert gaps(found) == {"absent": ("train", "absent"), "thin": ("train", "thin"), "only": ("test", "absent")}
    assert {part.name: part.gap.expected for part in found.parts if part.gap} == {"absent": 15, "thin": 10.5, "only": 6}
    assert gaps(counted(table, expected=2.0))["rare"] == ("train", "absent")
    assert "thin" not in gaps(counted(table, thin=0.0))
    assert found.measured() == Measured(
        {"label_gaps_in_train": 2, "label_gaps_in_test": 1, "label_divergence": found.divergence}
    )


def test_one_row_is_no_gap_however_few_there_are():
    assert gaps(counted({"common": (50, 0, 0), "other": (0, 0, 1)})) == {}


def test_a_name_that_people_gave_is_a_gap_however_rare():
    assert gaps(counted({"common": (99, 0, 50), "rare": (0, 0, 1)}, always=True)) == {"rare": ("train", "absent")}
    assert gaps(counted({"common": (99, 0, 50), "rare": (0, 0, 1)})) == {}


def test_divergence_is_jensen_shannons_in_bits():
    assert counted({"a": (5, 0, 7)}).divergence == 0
    assert counted({"a": (5, 0, 0), "b": (0, 0, 3)}).divergence == pytest.approx(1)
    # By hand: P = (1, 0), Q = (1/2, 1/2), M = (3/4, 1/4).
    by_hand = (math.log2(4 / 3) + 0.5 * math.log2(2 / 3) + 0.5 * math.log2(2)) / 2
    assert counted({"a": (2, 0, 1), "b": (0, 0, 1)}).divergence == pytest.approx(by_hand)


def test_chance_is_what_equal_sources_give_on_average():
    random = np.random.default_rng(0)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    seen = []
    for _ in range(400):
        drawn = zip(random.multinomial(300, shares), random.multinomial(120, shares), strict=True)
        found = counted({str(at): (int(train), 0, int(test)) for at, (train, test) in enumerate(drawn)})
        seen.append(found.divergence)
    assert np.mean(seen) == pytest.approx(
        found.chance, rel=0.3
    )  # the chance of one table is told from twenty divisions
    both = {str(at): (int(300 * share), 0, int(120 * share)) for at, share in enumerate(shares)}
    expansion = 3 * (1 / 300 + 1 / 120) / (8 * np.log(2))
    assert counted(both).chance == pytest.approx(expansion, rel=0.3)


def test_chance_is_never_more_than_there_can_be():
    # (parts - 1)(1/train + 1/test) / (8 ln 2) would be 18 bits.
    found = counted({f"label {at}": (1, 0, int(at < 10)) for at in range(1_000)})
    assert 0 <= found.divergence <= 1
    assert found.divergence == pytest.approx(found.chance, abs=0.1)


def test_without_train_or_test_nothing_is_compared():
    for table in ({"a": (3, 1, 0), "b": (2, 0, 0)}, {"a": (0, 0, 4)}, {"a": (0, 0, 0)}):
        found = counted(table, always=True)
        assert (found.divergence, found.chance, gaps(found), found.measured().measures) == (None, None, {}, {})
        assert set(found.measured().missing) == {"label_gaps_in_train", "label_gaps_in_test", "label_divergence"}
        assert found.lacks == f"no {'train' if not found.rows.get('train') else 'test'} row has a label"


def test_where_no_part_could_be_a_gap_their_number_is_missing_and_not_zero():
    table = {"common": (5_000, 0, 0), "other": (5_000, 0, 0), "new": (0, 0, 4)}
    found = counted(table)
    assert found.lacks.startswith(
        "test has 4 rows with a label: too few to tell what is lacking from chance, by `expected: 5`"
    )
    assert gaps(found) == {}
    assert found.measured().measures == {"label_divergence": found.divergence}
    assert counted(table, expected=3.0).measured().measures["label_gaps_in_train"] == 1
    named = counted(table, always=True)
    assert (named.lacks, named.measured().measures["label_gaps_in_train"]) == ("", 1)
    assert counted({"a": (1, 0, 900)}).lacks.startswith("train has 1 row with a label: too few")


def test_a_few_test_rows_make_no_part_thin_in_train():
    # Ten train rows each of a hundred labels; test has two rows of one of them among thirty: by chance in a third of draws.
    table = {f"label {at}": (10, 0, 2 if at == 0 else int(at < 29)) for at in range(100)}
    assert "train" not in {split for split, _ in gaps(counted(table)).values()}
    table["label 0"] = (10, 0, 9)
    assert gaps(counted(table))["label 0"] == ("train", "thin")


def test_a_hundred_thousand_labels_are_counted_in_a_moment():
    of = np.arange(200_000) % 100_000
    split = np.where(np.arange(200_000) < 150_000, 0, 2)
    found = count_parts("label", [str(at) for at in range(100_000)], of, split, thin=0.2, expected=5, always=True)
    assert len(found.gaps("test")) == 50_000
    assert found.gaps("train") == []
    assert found.divergence <= 1
    assert 0.3 < found.chance < 1


def test_of_very_many_parts_gaps_and_the_largest_are_told():
    table = {f"label {at}": (at + 1, 0, at + 1) for at in range(300)} | {"odd": (0, 0, 1)}
    facts = counted(table, always=True).facts()
    told = {part["name"] for part in facts["parts"]}
    assert (len(told), facts["others"]) == (200, 101)
    assert {"odd", "label 299", "label 101"} <= told
    assert "label 100" not in told
    assert facts["rows"]["train"] == sum(range(301))


@given(st.dictionaries(st.text(max_size=3), st.tuples(*[st.integers(0, 30)] * 3), max_size=8))
def test_every_row_is_in_one_part_and_gaps_are_in_one_split(table):
    found = (
        counted(table) if table else count_parts("x", [], np.array([], int), np.array([], int), thin=0.2, expected=5)
    )
    assert sum(part.rows.get(name, 0) for part in found.parts for name in SPLITS) == sum(map(sum, table.values()))
    assert found.divergence is None or -1e-9 <= found.divergence <= 1 + 1e-9
    for part in found.parts:
        if part.gap:
            other = "test" if part.gap.split == "train" else "train"
            assert part.rows[other]
