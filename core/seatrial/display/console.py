"""The terminal: progress while a run goes, its verdict when it is done. It is a watching plugin of its own.

Four modes. `live` draws progress bars and tables (rich); `plain` writes a line for each stage and the same tables, for
logs; `quiet` writes the verdict's line and the report's path; `json` writes the verdict as one JSON document on standard
output and everything else to standard error. Text out of data can neither colour the terminal nor move its cursor.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from seatrial.display.figures import figure, with_unit
from seatrial.display.legible import one_line, without_escapes
from seatrial.display.measures import duration, memory
from seatrial.display.streams import forgiving
from seatrial.errors import SuiteError
from seatrial.events import Plan, Record, Step
from seatrial.hooks import hookimpl
from seatrial.judging.summary import DATA
from seatrial.reporting import Result
from seatrial.scores import Score
from seatrial.verdict import Decision, Verdict

if TYPE_CHECKING:
    from rich.console import Console as Screen
    from rich.progress import Progress, TaskID
    from rich.table import Table
    from rich.text import Text

__all__ = ["Console", "Mode"]

Mode = Literal["live", "plain", "quiet", "json"]

_SIGNS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "error": "!"}
_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow", "error": "bold magenta"}

_LOSSES = {"loss": "loss", "validation_loss": "validation loss"}

LOG_WIDTH = 180
"""Columns of tables where the output is no terminal."""
WIDE = 72
"""Columns from which on a table of long sentences can be read."""
NARROWEST = 20
"""Columns that a line set in is given at least."""
LOSS_LINES = 10
"""Lines about the loss that a plain log gets of one training, evaluations not counted."""


class Console:
    """What the user sees. Registered with the host, it follows a run; its methods print answers."""

    def __init__(self, mode: Mode = "plain", *, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> None:
        self.mode = mode
        self._stdout = forgiving(stdout or sys.stdout)
        self._stderr = forgiving(stderr or sys.stderr)
        self._talk = self._stderr if mode == "json" else self._stdout
        self._stages: tuple[str, ...] = ()
        self._finished: list[str] = []
        self._tenths: dict[str, int] = {}
        self._bars: Progress | None = None
        self._bar: tuple[str, TaskID] | None = None

    # ---- watching a run -------------------------------------------------------------------------------------------

    @hookimpl
    def seatrial_run_started(self, plan: Plan) -> None:
        """Say what runs where, and what an earlier process left."""
        self._stages = plan.stages
        kept = f", {len(plan.resumed)} of them already done" if plan.resumed else ""
        self._say(f"Trial {_clean(plan.suite)}: {len(plan.stages)} stages{kept}, in {_clean(str(plan.folder))}")
        self._next_bar()

    @hookimpl
    def seatrial_step_logged(self, step: Step) -> None:
        """Move the stage's bar; in a plain log, now and then a line with the loss."""
        if self.mode == "live":
            self._move_bar(step)
        elif step.values and self.mode != "quiet" and self._worth_a_line(step):
            self._say(f"  {_clean(step.stage)}: step {step.done} of {step.total}, {_losses(step.values)}")

    @hookimpl
    def seatrial_stage_finished(self, record: Record) -> None:
        """One line: the stage, what came out of it, and how long it took."""
        self._finished.append(record.stage)
        self._drop_bar()
        took = "earlier result" if record.resumed else duration(record.seconds)
        place = f"{len(self._finished)}/{len(self._stages)}" if self._stages else ""
        said = [f"✓ {place:>5} {_clean(record.stage)}", took, _outcome(record)]
        self._say("  ".join(part for part in said if part))
        for warning in _warnings([record]):
            self._say(f"  Warning: {_clean(warning)}")
        self._next_bar()

    @hookimpl
    def seatrial_run_finished(self, result: Result) -> None:
        """Take the progress bars away; the command prints the verdict."""
        del result
        self.close()

    def close(self) -> None:
        """Take the progress bars away, also after an error. May be called twice."""
        self._drop_bar()
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    # ---- answers --------------------------------------------------------------------------------------------------

    def verdict(self, result: Result) -> int:
        """Scores, gates, warnings; last the verdict in one line and where the report is. Returns the exit code."""
        self.close()
        verdict = result.verdict
        if verdict is None:
            raise ValueError("a run of the data stages alone has no verdict")
        if self.mode == "json":
            self._print_json(_document(result, verdict))
            return verdict.exit_code
        if self.mode != "quiet":
            self._print_scores(result.scores)
            self._print_gates(verdict.decisions)
            self._print_warnings([*_warnings(result.records), *verdict.warnings])
        state = verdict.state
        name = _clean(str(result.suite.get("name", "")))
        line = f"{name}: {_clean(verdict.reason)}" if name else _clean(verdict.reason)
        screen = self._screen(self._stdout)
        screen.print(_styled(state.upper(), _STYLES[state]), _styled(f"  {line}"), sep="", soft_wrap=True)
        screen.print(_styled(f"Report: {_clean(str(_report(result)))}"), soft_wrap=True)
        return verdict.exit_code

    def dataset(self, result: Result) -> None:
        """How many rows were read and kept, and where the dataset, the ledger and the report are."""
        self.close()
        document = _dataset(result)
        if self.mode == "json":
            self._print_json(document)
            return
        splits = result.facts("leakage").get("splits")
        kept = ", ".join(f"{name} {n:,}" for name, n in splits.items() if n) if isinstance(splits, Mapping) else ""
        name = _clean(str(document["suite"] or ""))
        counted = f"{document['read']:,} records read, {document['dropped']:,} dropped, {document['kept']:,} kept"
        self._print_warnings(document["warnings"])
        self.lines(
            [
                f"{name}: {counted}" + (f" ({kept})" if kept else ""),
                *(f"{what}: {_clean(str(document[key]))}" for what, key in _PARTS.items()),
            ]
        )

    def _print_json(self, document: object) -> None:
        json.dump(document, self._stdout, indent=1, allow_nan=False)
        self._stdout.write("\n")
        self._stdout.flush()

    def problems(self, error: SuiteError) -> None:
        """Every problem of a suite file on a line of its own, on standard error."""
        screen = self._screen(self._stderr)
        count = len(error.problems)
        where = f"{_clean(str(error.path))}: " if error.path else ""
        heading = f"seatrial: {where}{count} problem{'' if count == 1 else 's'}"
        screen.print(_styled(heading, "bold red"), soft_wrap=True)
        for problem in error.problems:
            screen.print(_styled(f"  {_clean(str(problem))}"), soft_wrap=True)

    def plugins(self, rows: Sequence[Mapping[str, object]]) -> None:
        """The installed plugins, a line a component: `plugin`, `distribution`, `version`, `blocked`, `components`."""
        table = self._table("Plugin", "From", "Kind", "Name", "What it is")
        lines: list[tuple[int, str]] = []
        for row in rows:
            origin = f"{row.get('distribution', '')} {row.get('version', '')}".strip()
            name = f"{row.get('plugin', '')}{' (blocked)' if row.get('blocked') else ''}"
            components = row.get("components")
            listed = [c for c in components if isinstance(c, Mapping)] if isinstance(components, list | tuple) else []
            lines.append((0, _clean(f"{name}, from {origin}")))
            for component in listed or [{}]:
                kind, part, summary = (str(component.get(key, "")) for key in ("kind", "name", "summary"))
                table.add_row(*map(_cell, (name, origin, kind, part, summary)))
                if component:
                    lines.append((2, _clean(f"{part} ({kind}): {summary}")))
                name = origin = ""
        self._table_or_lines(table, lines)

    def lines(self, lines: Iterable[str]) -> None:
        """Lines that are clean already, each on its own, wrapped only where the terminal ends."""
        screen = self._screen(self._stdout)
        for line in lines:
            screen.print(_styled(line), soft_wrap=True)

    def outline(self, lines: Iterable[tuple[int, str]]) -> None:
        """Lines that are clean already, each set in by so many columns, also where it goes on in the next line."""
        screen = self._screen(self._stdout)
        for indent, line in lines:
            whole = _styled(line, "" if indent else "bold")
            for part in whole.wrap(screen, max(NARROWEST, screen.width - indent)):
                part.rstrip()
                screen.print(_styled(" " * indent), part, sep="", soft_wrap=True)

    def suites(self, rows: Sequence[Mapping[str, object]]) -> None:
        """The installed suites: `name`, `description`, `path`."""
        table = self._table("Suite", "What it tries", "File")
        lines: list[tuple[int, str]] = []
        for row in rows:
            name, description, path = (str(row.get(key, "")) for key in ("name", "description", "path"))
            table.add_row(*map(_cell, (name, description, path)))
            lines += [(0, _clean(name)), (2, _clean(description)), (2, _clean(path))]
        self._table_or_lines(table, lines)

    def _table_or_lines(self, table: Table, lines: Iterable[tuple[int, str]]) -> None:
        """The table, where the terminal is wide enough for it; else the lines that say the same."""
        screen = self._screen(self._stdout)
        if screen.width < WIDE:
            self.outline(lines)
        else:
            screen.print(table)

    # ---- tables ---------------------------------------------------------------------------------------------------

    def _print_scores(self, scores: Sequence[Score]) -> None:
        shown = [score for score in scores if score.system != DATA]
        if not shown:
            return
        table = self._table("Score", "System", ">Value", "Two-sided 95% interval", ">n")
        lines: list[tuple[int, str]] = []
        before = ""
        order = list(dict.fromkeys(score.metric for score in shown))
        for score in sorted(shown, key=lambda score: order.index(score.metric)):
            metric = score.metric if score.metric != before else ""
            value, interval = _value(score), _interval(score)
            table.add_row(*map(_cell, (metric, score.system, value, interval, f"{score.n:,}")))
            lines += [(0, _clean(metric))] if metric else []
            said = ", ".join(part for part in (value, interval, f"n = {score.n:,}") if part)
            lines.append((2, _clean(f"{score.system}: {said}")))
            before = score.metric
        self._table_or_lines(table, lines)

    def _print_gates(self, decisions: Sequence[Decision]) -> None:
        if not decisions:
            return
        table = self._table("Gate", "Decision", "Severity", "Reason")
        lines: list[tuple[int, str]] = []
        for decision in decisions:
            outcome = f"{_SIGNS[decision.outcome]} {decision.outcome}"
            lines.append((0, _clean(f"{outcome}: {decision.condition} ({decision.severity})")))
            lines.append((2, _clean(decision.reason)))
            table.add_row(
                _cell(decision.condition),
                _styled(outcome, _STYLES[decision.outcome]),
                _cell(decision.severity),
                _cell(decision.reason),
            )
        self._table_or_lines(table, lines)

    def _print_warnings(self, warnings: Iterable[str]) -> None:
        screen = self._screen(self._stdout)
        for warning in warnings:
            screen.print(_styled("Warning: ", "bold yellow"), _styled(_clean(warning)), sep="", soft_wrap=True)

    def _table(self, *headings: str) -> Table:
        """A table; a heading that starts with `>` is of a column of numbers."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD if self.mode == "live" else None, pad_edge=False, header_style="bold")
        for heading in headings:
            justify: Literal["left", "right"] = "right" if heading.startswith(">") else "left"
            table.add_column(heading.removeprefix(">"), justify=justify, overflow="fold")  # a name cut short is no name
        return table

    def _screen(self, stream: IO[str]) -> Screen:
        """A rich console on a stream; markup, emoji names and highlighting are off, since data passes through it."""
        from rich.console import Console as Screen

        width = None if stream.isatty() else LOG_WIDTH
        return Screen(file=stream, width=width, markup=False, emoji=False, highlight=False)

    # ---- progress -------------------------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        """A line about the run: above the bars, or in the log."""
        if self._bars is not None:
            self._bars.console.print(_styled(line), soft_wrap=True)
        elif self.mode == "live":
            self._screen(self._talk).print(_styled(line), soft_wrap=True)
        elif self.mode != "quiet":
            self._talk.write(f"{line}\n")
            self._talk.flush()

    def _worth_a_line(self, step: Step) -> bool:
        """Every evaluation, and the loss about ten times in a training."""
        if "validation_loss" in step.values:
            return True
        tenth = LOSS_LINES * step.done // max(step.total, 1)
        if tenth <= self._tenths.get(step.stage, 0):
            return False
        self._tenths[step.stage] = tenth
        return True

    def _next_bar(self) -> None:
        """Show the stage that comes next as busy: how much there is to do, its first step will say."""
        waiting = [stage for stage in self._stages if stage not in self._finished]
        if self.mode == "live" and waiting:
            self._start_bar(waiting[0])

    def _start_bar(self, stage: str) -> TaskID:
        if self._bars is None:
            self._bars = _bars(self._screen(self._talk))
            self._bars.start()
        self._drop_bar()
        task = self._bars.add_task(_clean(stage), total=None, note="")
        self._bar = (stage, task)
        return task

    def _move_bar(self, step: Step) -> None:
        task = self._bar[1] if self._bar and self._bar[0] == step.stage else self._start_bar(step.stage)
        assert self._bars is not None
        self._bars.update(task, completed=step.done, total=step.total)
        if step.values:
            self._bars.update(task, note=_losses(step.values))

    def _drop_bar(self) -> None:
        if self._bars is not None and self._bar is not None:
            self._bars.remove_task(self._bar[1])
        self._bar = None


def _bars(screen: Screen) -> Progress:
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TimeElapsedColumn(),
        TextColumn("left:", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=screen,
        transient=True,
    )


def _clean(text: str) -> str:
    """Text out of data as one line that a terminal only shows."""
    return one_line(without_escapes(text))


def _styled(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(text, style=style)


def _cell(text: str) -> Text:
    return _styled(_clean(text))


def _losses(values: Mapping[str, float]) -> str:
    return ", ".join(f"{said} {figure(values[name])}" for name, said in _LOSSES.items() if name in values)


def _outcome(record: Record) -> str:
    """The one thing to know about what a stage did."""
    counts = {name: f"{n:,}" for name, n in record.facts.items() if isinstance(n, int)}
    if {"read", "rows", "problems"} <= counts.keys():
        return f"{counts['read']} records, {counts['rows']} rows, {counts['problems']} unusable"
    if {"rows_in", "dropped", "rows_out"} <= counts.keys():
        return f"{counts['rows_in']} rows in, {counts['dropped']} dropped, {counts['rows_out']} kept"
    if record.stage == "split":
        return ", ".join(f"{name} {counts[name]}" for name in ("train", "validation", "test") if name in counts)
    if {"steps", "supervised_tokens"} <= counts.keys():
        return f"{counts['steps']} steps, {counts['supervised_tokens']} supervised tokens"
    return ""


def _warnings(records: Iterable[Record]) -> list[str]:
    """What the stages warn of."""
    found = (record.facts.get("warnings") for record in records)
    return [str(warning) for warnings in found if isinstance(warnings, list | tuple) for warning in warnings]


def _value(score: Score) -> str:
    if score.value is None or not math.isfinite(score.value):
        return "missing"
    return with_unit(_measured(score.value, score), "" if score.unit == "bytes" else score.unit)


def _interval(score: Score) -> str:
    """The interval in the value's unit; why there is none, where the score is missing."""
    if score.value is None or not math.isfinite(score.value):
        return score.missing or ""
    if score.interval is None:
        return ""
    return f"{_measured(score.interval.low, score)} to {_measured(score.interval.high, score)}"


def _measured(number: float, score: Score) -> str:
    if score.unit == "bytes":
        return memory(number)
    return f"{int(number):,}" if score.kind == "exact" else figure(number)


def _report(result: Result) -> Path:
    """The file to open first; the run folder where no report was written."""
    files = result.facts("report").get("files")
    folder = result.folder / "report"
    if isinstance(files, list) and files:
        return folder / str(files[0])
    return folder / "index.html" if (folder / "index.html").is_file() else result.folder


_OUT = ("data/unreadable", "data/dropped_by_cleaning", "data/dropped_by_comparing", "data/dropped_for_leakage")
_PARTS = {"Dataset": "dataset", "Ledger": "ledger", "Report": "report"}


def _dataset(result: Result) -> dict[str, Any]:
    """What a run of the data stages alone left, as JSON values."""
    counts = {score.metric: int(score.value) for score in result.scores if score.value is not None}
    splits = result.facts("leakage").get("splits")
    kept = sum(splits.values()) if isinstance(splits, Mapping) else 0
    return {
        "suite": result.suite.get("name"),
        "read": counts.get("data/read", 0),
        "dropped": sum(counts.get(name, 0) for name in _OUT),
        "kept": kept,
        "splits": splits,
        "warnings": _warnings(result.records),
        "folder": str(result.folder),
        "dataset": str(result.folder / "dataset"),
        "ledger": str(result.folder / "ledger.parquet"),
        "report": str(_report(result)),
    }


def _document(result: Result, verdict: Verdict) -> object:
    """The verdict as JSON values: what is no finite number is null."""
    return _strict(
        {
            "suite": result.suite.get("name"),
            "verdict": verdict.state,
            "exit_code": verdict.exit_code,
            "reason": verdict.reason,
            "warnings": [*_warnings(result.records), *verdict.warnings],
            "gates": [asdict(decision) for decision in verdict.decisions],
            "scores": [asdict(score) for score in result.scores],
            "folder": str(result.folder),
            "report": str(_report(result)),
        }
    )


def _strict(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
