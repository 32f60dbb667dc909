"""Samples are read as they were written, and those of an earlier version as if it had known what came later."""

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.evaluation.samples import by_seed, read_samples, sample_clusters, sample_schema, samples_to_table
from seatrial.evaluation.scores import Metric, Sample
from seatrial.evaluation.summary import summarise

RIGHT = Metric("accuracy", "correct", "proportion", "higher", "Right answers.")


def written(tmp_path, *, without=()):
    samples = [Sample("a", {"correct": 1.0}), Sample("b", {}, error="no answer", lacks=("distance",))]
    table = samples_to_table("tuned", samples, ["correct"])
    pq.write_table(table.drop_columns(list(without)), tmp_path / "choice.parquet")
    return table, read_samples(tmp_path / "choice.parquet")


def test_what_is_written_is_read(tmp_path):
    table, read = written(tmp_path)
    assert read.schema.equals(sample_schema(["correct"]))
    assert read.equals(table)


def test_a_column_that_came_later_is_null_in_older_samples(tmp_path):
    _, read = written(tmp_path, without=["lacks", "cluster", "seed"])
    assert read["cluster"].to_pylist() == read["seed"].to_pylist() == [None, None]
    assert sample_clusters(read) == [("row", "a"), ("row", "b")]
    assert list(by_seed(read)) == [None]
    assert read["lacks"].to_pylist() == [None, None]
    assert read["value:correct"].to_pylist() == [1.0, None]
    score = summarise(RIGHT, "choice", "tuned", read)
    assert score.value is None
    assert "no answer" in score.missing


def test_a_row_belongs_to_the_cluster_that_is_named_or_stands_for_itself():
    samples = [Sample(row, {"correct": 1.0}) for row in ("a", "b", "c")]
    table = samples_to_table("tuned", samples, ["correct"], clusters={"a": "said twice", "c": "said twice"})
    assert sample_clusters(table) == [("cluster", "said twice"), ("row", "b"), ("cluster", "said twice")]
    # Not the row `said twice`, whose own name that is.
    alike = samples_to_table("tuned", [Sample("said twice", {})], ["correct"])
    assert sample_clusters(alike) == [("row", "said twice")]


def test_seeds_are_told_apart():
    tables = [
        samples_to_table("tuned", [Sample("a", {"correct": value})], ["correct"], seed=seed)
        for seed, value in ((7, 1.0), (8, 0.0), (None, 1.0))
    ]
    found = by_seed(pa.concat_tables(tables))
    assert list(found) == ["7", "8", None]
    assert [table["value:correct"].to_pylist() for table in found.values()] == [[1.0], [0.0], [1.0]]
