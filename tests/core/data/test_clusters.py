"""Clusters: what several filters say is merged."""

from hypothesis import given
from hypothesis import strategies as st

from seatrial.data.clusters import Clusters, read_clusters


def test_statements_of_two_filters_are_joined_through_a_shared_row():
    clusters = Clusters()
    clusters.merge({"a": "1", "b": "1", "c": "2"})
    clusters.merge({"b": "x", "c": "x"})
    assert clusters.named() == {"a": "a", "b": "a", "c": "a"}


def test_the_same_cluster_name_of_two_filters_is_not_the_same_cluster():
    clusters = Clusters()
    clusters.merge({"a": "1", "b": "1"})
    clusters.merge({"c": "1", "d": "1"})
    assert clusters.named() == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_they_are_read_as_they_were_written(tmp_path):
    clusters = Clusters()
    clusters.merge({"b": "1", "a": "1"})
    clusters.write(tmp_path / "clusters.parquet")
    assert read_clusters(tmp_path / "clusters.parquet") == {"a": "a", "b": "a"}


rows = st.sampled_from("abcdefgh")


@given(st.lists(st.dictionaries(rows, st.sampled_from("xyz"), max_size=5), max_size=4))
def test_rows_of_one_named_cluster_always_share_a_root(statements):
    clusters = Clusters()
    for statement in statements:
        clusters.merge(statement)
    named = clusters.named()
    for statement in statements:
        for row, cluster in statement.items():
            for other, other_cluster in statement.items():
                if cluster == other_cluster:
                    assert named[row] == named[other]
    assert all(root <= row for row, root in named.items())
