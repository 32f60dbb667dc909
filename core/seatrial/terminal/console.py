"""The terminal: progress while a run goes, and the answer when it is done.

Four modes. `live` draws progress bars and tables (rich); `plain` writes a line for each stage and the same tables, for
logs; `quiet` writes the verdict's line and the report's path; `json` writes the verdict as one JSON document on standard
output and everything else to standard error. Text out of data can neither colour the terminal nor move its cursor.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Literal

from seatrial.errors import SuiteError
from seatrial.evaluation.scores import Score
from seatrial.evaluation.summary import DATA
from seatrial.plugin.kinds import KINDS
from seatrial.runs.result import Result
from seatrial.terminal.documents import dataset_document, report_of, verdict_document, warnings_of
from seatrial.terminal.figures import figure, rows_counted, with_unit
from seatrial.terminal.measures import memory
from seatrial.terminal.progress import RunProgress
from seatrial.terminal.screen import Line, Screen, cell, clean, styled
from seatrial.terminal.search_found import found_document, print_found
from seatrial.terminal.streams import forgiving
from seatrial.terminal.training_plan import plan_document, print_plan
from seatrial.verdict import Decision, Verdict

if TYPE_CHECKING:
    from seatrial.runs.searching.found import Found
    from seatrial.runs.training_plan import TrainingPlan

__all__ = ["Console", "Mode"]

Mode = Literal["live", "plain", "quiet", "json"]

_SIGNS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "error": "!"}
_STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow", "error": "bold magenta"}

_PARTS = {"Dataset": "dataset", "Ledger": "ledger", "Report": "report"}
"""What a run of the data stages alone leaves, as a line begins and as its document calls it."""


class Console:
    """What the user sees. `progress` follows a run once it is registered with the host; the methods print answers."""

    def __init__(self, mode: Mode = "plain", *, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> None:
        self.mode = mode
        self._stdout = forgiving(stdout or sys.stdout)
        self._stderr = forgiving(stderr or sys.stderr)
        self._screen = Screen(self._stdout, live=mode == "live")
        self.progress = RunProgress(
            self._stderr if mode == "json" else self._stdout, live=mode == "live", silent=mode == "quiet"
        )

    # ---- how a run ended ------------------------------------------------------------------------------------------

    def verdict(self, result: Result) -> int:
        """Scores, gates, warnings; last the verdict in one line and where the report is. Returns the exit code."""
        self.progress.close()
        verdict = result.verdict
        if verdict is None:
            raise ValueError("a run of the data stages alone has no verdict")
        if self.mode == "json":
            self._print_json(verdict_document(result, verdict))
            return verdict.exit_code
        if self.mode != "quiet":
            self._print_scores(result.scores)
            self._print_gates(verdict.decisions)
            self._print_warnings(warnings_of(result))
        self._print_state(result, verdict)
        self.lines([f"Report: {clean(str(report_of(result)))}"])
        return verdict.exit_code

    def dataset(self, result: Result) -> int:
        """How many rows were read and kept, what the gates on data say, and where the dataset, the ledger and the report
        are. Returns the exit code.
        """
        self.progress.close()
        document = dataset_document(result)
        if self.mode == "json":
            self._print_json(document)
            return result.exit_code
        if result.verdict and self.mode != "quiet":
            self._print_gates(result.verdict.decisions)
        splits = document["splits"]
        kept = ", ".join(f"{name} {n:,}" for name, n in splits.items() if n) if isinstance(splits, Mapping) else ""
        name = clean(str(document["suite"] or ""))
        counted = f"{document['read']:,} records read, {document['dropped']:,} dropped, {document['kept']:,} kept"
        self._print_warnings(document["warnings"])
        if result.verdict and result.verdict.decides:
            self._print_state(result, result.verdict)
        self.lines(
            [
                f"{name}: {counted}" + (f" ({kept})" if kept else ""),
                *(f"{what}: {clean(str(document[key]))}" for what, key in _PARTS.items()),
            ]
        )
        return result.exit_code

    def _print_state(self, result: Result, verdict: Verdict) -> None:
        """The verdict in one line."""
        name = clean(str(result.suite.get("name", "")))
        line = f"{name}: {clean(verdict.reason)}" if name else clean(verdict.reason)
        self._screen.line(styled(verdict.state.upper(), _STYLES[verdict.state]), styled(f"  {line}"))

    def _print_json(self, document: object) -> None:
        json.dump(document, self._stdout, indent=1, allow_nan=False)
        self._stdout.write("\n")
        self._stdout.flush()

    def _print_scores(self, scores: Sequence[Score]) -> None:
        shown = [score for score in scores if score.system != DATA]
        if not shown:
            return
        table = self._screen.table("Score", "System", ">Value", "Two-sided 95% interval", ">n")
        lines: list[Line] = []
        before = ""
        order = list(dict.fromkeys(score.metric for score in shown))
        for score in sorted(shown, key=lambda score: order.index(score.metric)):
            metric = score.metric if score.metric != before else ""
            value, interval = _value(score), _interval(score)
            rows = rows_counted(score.n, score.clusters, score.seeds)
            table.add_row(*map(cell, (metric, score.system, value, interval, rows)))
            lines += [(0, clean(metric))] if metric else []
            said = ", ".join(part for part in (value, interval, f"n = {rows}") if part)
            lines.append((2, clean(f"{score.system}: {said}")))
            before = score.metric
        self._screen.table_or_lines(table, lines)

    def _print_gates(self, decisions: Sequence[Decision]) -> None:
        if not decisions:
            return
        table = self._screen.table("Gate", "Decision", "Severity", "Reason")
        lines: list[Line] = []
        for decision in decisions:
            outcome = f"{_SIGNS[decision.outcome]} {decision.outcome}"
            lines.append((0, clean(f"{outcome}: {decision.condition} ({decision.severity})")))
            lines.append((2, clean(decision.reason)))
            table.add_row(
                cell(decision.condition),
                styled(outcome, _STYLES[decision.outcome]),
                cell(decision.severity),
                cell(decision.reason),
            )
        self._screen.table_or_lines(table, lines)

    def _print_warnings(self, warnings: Iterable[str]) -> None:
        for warning in warnings:
            self._screen.line(styled("Warning: ", "bold yellow"), styled(clean(warning)))

    # ---- other answers --------------------------------------------------------------------------------------------

    def problems(self, error: SuiteError) -> None:
        """Every problem of a suite file on a line of its own, on standard error."""
        screen = Screen(self._stderr)
        count = len(error.problems)
        where = f"{clean(str(error.path))}: " if error.path else ""
        screen.line(styled(f"seatrial: {where}{count} problem{'' if count == 1 else 's'}", "bold red"))
        screen.lines(f"  {clean(str(problem))}" for problem in error.problems)

    def plugins(self, rows: Sequence[Mapping[str, object]]) -> None:
        """The installed plugins, a line a component: `plugin`, `distribution`, `version`, `blocked`, `components`, and beside
        the first what other hooks it has, and how long its import took: `hooks`, `import_seconds`.
        """
        table = self._screen.table("Plugin", "From", ">Import", "Kind", "Name", "What it is")
        lines: list[Line] = []
        for row in rows:
            origin = f"{row.get('distribution', '')} {row.get('version', '')}".strip()
            name = f"{row.get('plugin', '')}{' (blocked)' if row.get('blocked') else ''}"
            components = row.get("components")
            listed = [c for c in components if isinstance(c, Mapping)] if isinstance(components, list | tuple) else []
            seconds = row.get("import_seconds")
            took = "" if row.get("blocked") or not isinstance(seconds, float) else f"{1000 * seconds:,.0f} ms"
            hooks = row.get("hooks")
            others = [
                str(hook).removeprefix("seatrial_") for hook in (hooks if isinstance(hooks, list | tuple) else ())
            ]
            others = [hook for hook in others if hook not in KINDS]
            lines.append((0, clean(f"{name}, from {origin}{f', imported in {took}' if took else ''}")))
            if others:
                lines.append((2, clean(f"hooks: {', '.join(others)}")))
                listed = [*listed, {"kind": "hooks", "name": ", ".join(others), "summary": ""}]
            for component in listed or [{}]:
                kind, part, summary = (str(component.get(key, "")) for key in ("kind", "name", "summary"))
                table.add_row(*map(cell, (name, origin, took, kind, part, summary)))
                if component and kind != "hooks":
                    lines.append((2, clean(f"{part} ({kind}): {summary}")))
                name = origin = took = ""
        self._screen.table_or_lines(table, lines)

    def suites(self, rows: Sequence[Mapping[str, object]]) -> None:
        """The installed suites: `name`, `description`, `path`."""
        table = self._screen.table("Suite", "What it tries", "File")
        lines: list[Line] = []
        for row in rows:
            name, description, path = (str(row.get(key, "")) for key in ("name", "description", "path"))
            table.add_row(*map(cell, (name, description, path)))
            lines += [(0, clean(name)), (2, clean(description)), (2, clean(path))]
        self._screen.table_or_lines(table, lines)

    def runs(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Run folders: `folder`, `suite`, `started`, `state`, `reason`."""
        table = self._screen.table("Run", "Started", "Verdict", "Why")
        lines: list[Line] = []
        for row in rows:
            folder, started, state, reason = (str(row[key]) for key in ("folder", "started", "state", "reason"))
            table.add_row(*map(cell, (folder, started[:16], state, reason)))
            lines += [(0, clean(folder)), (2, clean(f"{state}: {reason}" if reason else state))]
        self._screen.table_or_lines(table, lines)

    def training_plan(self, plan: TrainingPlan) -> None:
        """What a training will take."""
        self.progress.close()
        if self.mode == "json":
            self._print_json(plan_document(plan))
        else:
            print_plan(plan, self._screen)

    def found(self, found: Found) -> None:
        """What a search came to."""
        self.progress.close()
        if self.mode == "json":
            self._print_json(found_document(found))
        else:
            print_found(found, self._screen, brief=self.mode == "quiet")

    def document(self, document: Mapping[str, object]) -> None:
        """An answer as JSON."""
        self._print_json(document)

    def lines(self, lines: Iterable[str]) -> None:
        """Lines that are clean already, each on its own, wrapped only where the terminal ends."""
        self._screen.lines(lines)

    def outline(self, lines: Iterable[Line]) -> None:
        """Lines that are clean already, each set in by so many columns, also where it goes on in the next line."""
        self._screen.outline(lines)


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
