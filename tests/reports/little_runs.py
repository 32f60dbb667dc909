"""Little runs, for one thing each."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from tests.reports.router_stages import STARTED

from seatrial.data.findings import Span
from seatrial.data.ledger import Entry, entries_to_table
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scores import Interval, Metric, Sample, Score
from seatrial.runs.events import Record
from seatrial.runs.result import Result
from seatrial.verdict import Verdict


def bare_run(**fields):
    """As little as a result can hold, and what a test adds."""
    bare = {
        "folder": Path("runs/x"),
        "suite": {"name": "bare"},
        "manifest": {},
        "records": [],
        "scores": [],
        "verdict": Verdict("pass", "said", ()),
        "ledger": entries_to_table([]),
    }
    return Result(**(bare | fields))


def scored_run(**systems):
    """A run whose systems are right on the first of 100 rows, as many as is said."""
    tables = [
        samples_to_table(
            name, [Sample(f"r{i:03}", {"correct": float(i < right)}, target="t") for i in range(100)], ["correct"]
        )
        for name, right in systems.items()
    ]
    scores = [
        Score("choice/accuracy", name, right / 100, 100, "proportion", "higher", interval=Interval(0, 1, 0.95, "x"))
        for name, right in systems.items()
    ]
    return bare_run(
        scores=scores,
        samples={"choice": pa.concat_tables(tables)},
        metrics={"choice/accuracy": Metric("accuracy", "correct", "proportion", "higher", "Right answers.")},
    )


def record(stage, took=1.0, at=0, /, **facts):
    """A stage's record: its name, how long it took, how many seconds after the start it began, its facts."""
    return Record(stage, "k", STARTED + timedelta(seconds=at), took, False, 1, {}, facts)


def entry(row, rule="exact", stage="decontaminate", **more):
    """An entry of a ledger: what differs from a train row that is dropped as leaked."""
    fields = {
        "source": "path:x",
        "file": "train.csv",
        "line": int(row[1:]),
        "split": "train",
        "stage": stage,
        "filter": "leakage" if stage == "decontaminate" else "f",
        "plugin": "p",
        "rule": rule,
        "rule_version": "1",
        "action": "drop",
        "decisive": True,
        "detail": "found",
        "score": 1.0,
        "spans": (Span(0, 0, 1),),
        "matched_row": "t1",
        "matched_text": "shared",
        "excerpt": f" {row} says\nlabel",
    }
    return Entry(row=row, **(fields | more))
