"""Splitting a run's rows: what is said where none is left to score."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.data.clusters import Clusters
from seatrial.errors import UsageError
from seatrial.rows.table import write_rows
from seatrial.runs.events import Artifact
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages.split import Split

LONG = {"rule": "length/too-long", "rows": 31, "first": "rows.csv:2"}
COPY = {"rule": "duplicates/copy", "rows": 40, "first": "rows.csv:9"}


@pytest.fixture
def given(tmp_path):
    def make(rows, *drops):
        write_rows(tmp_path / "deduplicated.parquet", rows)
        Clusters().write(tmp_path / "clusters.parquet")
        files = {name: tmp_path / f"{name}.parquet" for name in ("deduplicated", "clusters")}
        return Artifact(files, {"clean": {"drops": list(drops[:1])}, "deduplicate": {"drops": list(drops[1:])}})

    return make


def split(given, tmp_path, *, test=0.0, asked=("test",)):
    stage = Split(test=test, validation=0, by_cluster=True, stratify=True, seed=0, asked=asked)
    return stage.run(given, RunFolder(tmp_path), lambda *_: None)


def test_where_every_row_was_dropped_the_rules_are_named_and_a_row_to_ask_about(given, tmp_path):
    with pytest.raises(UsageError) as caught:
        split(given([], LONG, COPY), tmp_path, test=0.5)
    assert str(caught.value) == (
        "split: the filters dropped every row, so nothing can be trained or scored: duplicates/copy 40 (first rows.csv:9), "
        "length/too-long 31 (first rows.csv:2); give rules that are not meant for such rows `action: flag`, or leave them "
        f"out; the ledger names the rule of each, and `seatrial why {tmp_path} rows.csv:9` tells of one row"
    )


def test_where_no_test_row_is_left_the_rules_are_named_if_any_dropped(given, labelled, tmp_path):
    train = labelled(("a", "x"), ("b", "y"), split="train")
    with pytest.raises(UsageError, match=r"or raise `data\.split\.test`$"):
        split(given(train), tmp_path)
    with pytest.raises(UsageError, match=r"; filters dropped length/too-long 31 \(first rows\.csv:2\); the ledger"):
        split(given(train, LONG), tmp_path)


def test_data_alone_may_end_with_nothing(given, tmp_path):
    assert split(given([], LONG), tmp_path, asked=()).facts["test"] == 0


def test_few_groups_miss_the_share_and_a_label_and_both_are_warned_of(given, labelled, tmp_path):
    rows = labelled(*((f"text {at}", "ab"[at % 2]) for at in range(40)))
    grouped = [replace(row, group=row.label) for row in rows]
    share, label = split(given(grouped), tmp_path, test=0.3).facts["warnings"]
    assert share.startswith("test has 50% of the rows (asked: 30%)")
    assert "2 clusters" in share
    assert label.startswith("train has no row of the labels ")
    assert label.endswith("and 20 held-out rows have them")
    assert split(given(rows), tmp_path, test=0.3).facts["warnings"] == []
    empty = split(given([replace(row, group="one") for row in rows]), tmp_path, test=0.3, asked=())
    assert empty.facts["warnings"][0].startswith("test has 0% of the rows (asked: 30%)")
