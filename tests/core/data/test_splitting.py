"""Splitting: exact partitions, whole clusters, the same result whatever the order of rows."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.data import splitting
from seatrial.errors import UsageError
from seatrial.rows import Label, Row, Turn, rows_to_table


@dataclass
class Done:
    assignment: dict[str, str]
    notes: tuple[str, ...]


def split(rows: list[Row], **options) -> Done:
    done = splitting.split(rows_to_table(rows), **options)
    return Done(dict(zip((one.id for one in rows), done.splits.to_pylist(), strict=True)), done.notes)


def row(name: str, label: str | None = None, group: str = "") -> Row:
    return Row(
        name, (Turn("user", name),), "chat", "s", "f", 1, expected=None if label is None else Label(label), group=group
    )


def labelled(**counts: int) -> list[Row]:
    return [row(f"{label}{i:04}", label) for label, count in counts.items() for i in range(count)]


def sizes(done) -> Counter[str]:
    return Counter(done.assignment.values())


def of_labels(rows, done) -> dict[str, Counter[str]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in rows:
        counts[one.label][done.assignment[one.id]] += 1
    return counts


@st.composite
def corpora(draw):
    count = draw(st.integers(0, 40))
    rows = [
        row(f"r{i:02}", draw(st.sampled_from(["a", "b", "c", None])), draw(st.sampled_from(["", "", "", "g1", "g2"])))
        for i in range(count)
    ]
    clusters = {
        one.id: cluster
        for one in rows
        if (cluster := draw(st.sampled_from([None, None, "c1", "c2", "c3"]))) is not None
    }
    return rows, clusters


@given(
    corpora(), st.sampled_from([0.0, 0.1, 0.3, 0.6]), st.sampled_from([0.0, 0.1, 0.3]), st.booleans(), st.integers(0, 3)
)
def test_no_cluster_straddles_and_the_partition_is_exact(corpus, test, validation, stratify, seed):
    rows, clusters = corpus
    done = split(rows, test=test, validation=validation, clusters=clusters, stratify=stratify, seed=seed)
    assert set(done.assignment) == {one.id for one in rows}
    together: defaultdict[str, set[str]] = defaultdict(set)
    for one in rows:
        for name in filter(None, (clusters.get(one.id), one.group)):
            together[name].add(done.assignment[one.id])
    assert all(len(splits) == 1 for splits in together.values())
    names = sizes(done)
    assert names["train"] or not rows
    assert test or not names["test"]
    assert validation or not names["validation"]


@given(corpora(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(corpus, stratify, shuffle):
    rows, clusters = corpus
    options = {"test": 0.3, "validation": 0.1, "stratify": stratify, "seed": 5}
    once = split(rows, clusters=clusters, **options)
    shuffled = rows.copy()
    shuffle.shuffle(shuffled)
    assert split(shuffled, clusters=dict(reversed(clusters.items())), **options) == once


@given(corpora(), st.booleans())
def test_no_split_is_empty_where_there_are_enough_units(corpus, stratify):
    rows, _ = corpus
    rows = [row(one.id, one.label) for one in rows]
    done = split(rows, test=0.3, validation=0.1, clusters={}, stratify=stratify, seed=1)
    names = sizes(done)
    assert bool(names["train"]) == (len(rows) >= 1)
    assert bool(names["test"]) == (len(rows) >= 2)
    assert bool(names["validation"]) == (len(rows) >= 3)


@given(st.lists(st.integers(2, 60), min_size=1, max_size=8), st.sampled_from([0.1, 0.25, 0.3, 0.5]), st.integers(0, 9))
def test_shares_are_kept_in_total_and_label_by_label(counts, share, seed):
    rows = labelled(**{f"l{i}": count for i, count in enumerate(counts)})
    done = split(rows, test=share, validation=0, clusters={}, stratify=True, seed=seed)
    assert abs(sizes(done)["test"] - share * len(rows)) <= 1
    for counter in of_labels(rows, done).values():
        assert abs(counter["test"] - share * counter.total()) < 2
        assert counter["train"]


@given(st.lists(st.integers(1, 6), min_size=10, max_size=40), st.integers(0, 9))
def test_with_clusters_the_share_is_kept_within_one_cluster(cluster_sizes, seed):
    rows = [row(f"{c}-{i}") for c, size in enumerate(cluster_sizes) for i in range(size)]
    clusters = {one.id: one.id.split("-")[0] for one in rows}
    done = split(rows, test=0.3, validation=0, clusters=clusters, stratify=False, seed=seed)
    assert abs(sizes(done)["test"] - 0.3 * len(rows)) <= max(cluster_sizes)


def test_another_seed_draws_other_rows():
    rows = labelled(a=50)
    drawn = {
        frozenset(
            name
            for name, where in split(
                rows, test=0.2, validation=0, clusters={}, stratify=True, seed=seed
            ).assignment.items()
            if where == "test"
        )
        for seed in range(5)
    }
    assert len(drawn) == 5


def test_a_cluster_and_a_group_that_share_a_row_are_one():
    rows = [row("a", group="g"), row("b", group="g"), row("c"), *labelled(x=20)]
    for seed in range(20):
        done = split(rows, test=0.5, validation=0, clusters={"b": "k", "c": "k"}, stratify=False, seed=seed)
        assert len({done.assignment[name] for name in "abc"}) == 1


def test_a_label_with_one_cluster_goes_to_train_and_is_named():
    rows = labelled(many=40, copied=30, single=1)
    clusters = {one.id: "copies" for one in rows if one.label == "copied"}
    done = split(rows, test=0.3, validation=0, clusters=clusters, stratify=True, seed=3)
    counts = of_labels(rows, done)
    assert counts["copied"] == {"train": 30}
    assert counts["single"] == {"train": 1}
    assert counts["many"] == {"test": 12, "train": 28}
    assert done.notes == ("labels with a single cluster of rows, which was not divided: 'copied', 'single'",)


def test_labels_too_small_for_a_share_are_named():
    rows = labelled(big=50, small=2)
    done = split(rows, test=0.1, validation=0.1, clusters={}, stratify=True, seed=0)
    missing = {name for name in ("test", "validation") if not of_labels(rows, done)["small"][name]}
    assert missing
    for name in missing:
        assert f"labels with too few rows for a share of the {name} split: 'small'" in done.notes


def test_labels_that_cannot_be_divided_at_all_are_not_stratified():
    rows = [row(f"r{i:02}", f"label {i}") for i in range(30)]
    done = split(rows, test=0.3, validation=0, clusters={}, stratify=True, seed=0)
    assert sizes(done) == {"train": 21, "test": 9}
    assert done.notes[0].startswith("not stratified: most of the 30 labels have a single cluster")
    assert done.notes[1].endswith("and 20 more")


def test_one_cluster_alone_cannot_be_divided():
    rows = [row("a"), row("b")]
    done = split(rows, test=0.5, validation=0, clusters={"a": "k", "b": "k"}, stratify=True, seed=0)
    assert sizes(done) == {"train": 2}
    assert done.notes == ("the test split is empty: there are too few clusters of rows to divide",)
    assert split([], test=0.5, validation=0, clusters={}, stratify=True, seed=0).assignment == {}


@pytest.mark.parametrize(("test", "validation"), [(1.0, 0), (-0.1, 0), (0.5, 0.5), (0, 1), (float("nan"), 0)])
def test_impossible_shares_are_refused(test, validation):
    with pytest.raises(UsageError, match="a share of the rows"):
        split([row("a")], test=test, validation=validation, clusters={}, stratify=True, seed=0)


def test_two_rows_with_one_id_are_refused():
    with pytest.raises(UsageError, match="two rows have the id 'a'"):
        split([row("a"), row("a")], test=0.5, validation=0, clusters={}, stratify=True, seed=0)


def test_a_large_corpus_keeps_every_labels_share():
    generator = random.Random(0)
    rows = [row(f"{i:05}", f"l{generator.randrange(77)}") for i in range(10_000)]
    done = split(rows, test=0.3, validation=0.1, clusters={}, stratify=True, seed=7)
    assert sizes(done) == {"train": 6000, "validation": 1000, "test": 3000}
    for counter in of_labels(rows, done).values():
        assert abs(counter["test"] - 0.3 * counter.total()) < 2
        assert abs(counter["validation"] - 0.1 * counter.total()) < 2
