"""A little run as the display gets to see it, and streams to see it on."""

import io
from datetime import UTC, datetime
from pathlib import Path

from seatrial.data.ledger import ledger_schema
from seatrial.evaluation.scores import Interval, Score
from seatrial.runs.events import Plan, Record, Step
from seatrial.runs.result import Result
from seatrial.verdict import Decision, Verdict


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def plan(**changes):
    fields = {
        "suite": "router",
        "folder": Path("runs/r"),
        "stages": ("read", "clean", "train", "gate"),
        "resumed": (),
        "seed": 7,
        "offline": True,
    }
    return Plan(**(fields | changes))


def record(stage, *, resumed=False, **facts):
    return Record(stage, "k", datetime(2026, 11, 3, tzinfo=UTC), 106.2, resumed, 2**30, {}, facts)


def result(state="pass", *, text="", folder=Path("runs/r"), records=()):
    scores = [
        Score(
            "choice/accuracy", "tuned", 0.8904, 163, "proportion", "higher", "", Interval(0.832, 0.929, 0.95, "Wilson")
        ),
        Score("choice/accuracy", f"base{text}", None, 0, "proportion", "higher", missing=f"crashed{text}"),
        Score("latency/peak_bytes", "tuned", 1.5 * 2**30, 44, "maximum", "lower", "bytes"),
        Score("data/read", "data", 2026, 1, "exact", "higher", "rows"),
    ]
    decision = Decision(
        "choice/accuracy", state, "block", f"choice/accuracy ≥ 0.75{text}", f"the bounds decide{text}", 0.89, 0.84, float("nan"), 163
    )  # fmt: skip
    verdict = Verdict(state, f"1 of 1 gates{text}", (decision,), (f"tuned does not beat minilm{text}",))
    ledger = ledger_schema().empty_table()
    return Result(folder, {"name": f"router{text}"}, {}, records, scores, verdict, ledger)


def run(progress):
    progress.seatrial_run_started(plan=plan(resumed=("read",)))
    progress.seatrial_stage_finished(record=record("read", resumed=True, read=2026, rows=2020, problems=6))
    progress.seatrial_step_logged(step=Step("clean", 1000, 2020))
    progress.seatrial_stage_finished(record=record("clean", rows_in=2020, dropped=20, rows_out=2000))
    for step in range(1, 101):
        progress.seatrial_step_logged(step=Step("train", step, 100, {"loss": 2.5 / step, "epoch": step / 25}))
    progress.seatrial_step_logged(step=Step("train", 100, 100, {"validation_loss": 0.31}))
    progress.seatrial_stage_finished(record=record("train", steps=100, supervised_tokens=12345))
    progress.seatrial_stage_finished(record=record("gate"))
    progress.seatrial_run_finished(result=result())
