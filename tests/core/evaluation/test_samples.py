"""Samples are read as they were written, and those of an earlier version as if it had known what came later."""

import pyarrow.parquet as pq

from seatrial.evaluation.samples import read_samples, sample_schema, samples_to_table
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
    _, read = written(tmp_path, without=["lacks"])
    assert read["lacks"].to_pylist() == [None, None]
    assert read["value:correct"].to_pylist() == [1.0, None]
    score = summarise(RIGHT, "choice", "tuned", read)
    assert score.value is None
    assert "no answer" in score.missing
