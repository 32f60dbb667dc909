"""results.json: the run for programs. Strict JSON: what is missing or no finite number is null.

format, version   `seatrial-results`, 1: raised when a key changes its meaning
run               suite, description, folder, model, subject, started, seconds
verdict           state (of the data where the data stages alone ran; null where no gate decides), exit_code, reason, warnings
gates             every decision: metric, outcome, severity, condition, reason, value, lower, upper, n, method, needed_n
scores            every score: metric, system, value, n, kind, better, unit, interval, missing, summary
comparisons       the system on trial against each other one, row by row: metric, system, standing, said, bounds, note
data              read, dropped, kept, stages, filters (with rules and counts), splits, leaked, leaks (the first of leaks_total),
                  conflicting_labels
unmeasured        sentences: what the run cannot show
training          the facts of the training stage, null where nothing was trained
stages            stage, seconds, resumed, peak_bytes
environment       the manifest
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file
from seatrial_reports.view import View, build_view

__all__ = ["JsonReport", "results"]


class JsonReport:
    """Writes results.json."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """One file."""
        path = folder / "results.json"
        with atomic_file(path) as part:
            part.write_text(json.dumps(results(result), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        return [path]


def results(result: Result) -> dict[str, object]:
    """The document, as in the module's description."""
    view = build_view(result)
    headline, verdict = view.headline, result.verdict
    document = {
        "format": "seatrial-results",
        "version": 1,
        "run": {
            "suite": headline.suite,
            "description": headline.description,
            "folder": result.folder.name,
            "model": headline.model,
            "subject": headline.subject,
            "started": result.manifest.get("started"),
            "seconds": sum(record.seconds for record in result.records),
        },
        "verdict": {
            "state": headline.state if headline.state != "data" else None,
            "exit_code": result.exit_code,
            "reason": verdict.reason if verdict else "the data stages alone were run",
            "warnings": headline.warnings,
        },
        "gates": [asdict(decision) for decision in (verdict.decisions if verdict else ())],
        "scores": [asdict(score) for score in result.scores],
        "comparisons": _comparisons(view),
        "data": _data(view),
        "unmeasured": view.unmeasured,
        "training": dict(result.facts("train")) or None,
        "stages": [
            {"stage": r.stage, "seconds": r.seconds, "resumed": r.resumed, "peak_bytes": r.peak_bytes}
            for r in result.records
        ],
        "environment": dict(result.manifest),
    }
    strict = _strict(document)
    assert isinstance(strict, dict)
    return strict


def _comparisons(view: View) -> list[dict[str, object]]:
    return [
        {"metric": block.metric, "system": line.system, **asdict(line.rival)}
        for block in view.comparison.all()
        for line in block.lines
        if line.rival
    ]


def _data(view: View) -> dict[str, object]:
    data = view.data
    return {
        "read": data.read,
        "dropped": data.dropped,
        "kept": data.kept,
        "stages": [
            {"stage": step.stage, "rows_in": step.rows_in, "dropped": step.dropped, "rows_out": step.rows_out}
            for step in data.flow
        ],
        "filters": [
            {
                "stage": block.stage,
                "filter": block.filter,
                "plugin": block.plugin,
                "weak": block.weak,
                "unseen": block.unseen,
                "findings": block.findings,
                "dropped": block.dropped,
                "rules": [
                    {
                        "rule": rule.rule,
                        "version": rule.version,
                        "action": rule.action,
                        "findings": rule.findings,
                        "rows": rule.rows,
                        "dropped": rule.dropped,
                    }
                    for rule in block.rules
                ],
            }
            for block in data.filters
        ],
        "splits": dict(data.cover.splits),
        "leaked": data.leaks.findings,
        "leaks_total": data.leaks.pairs_total,
        "leaks": [
            {"train": pair.train_row, "gives_away": pair.other_row, "rules": pair.rules} for pair in data.leaks.pairs
        ],
        "conflicting_labels": data.conflicts_total,
    }


def _strict(value: object) -> object:
    """The value in what JSON knows; text that cannot be UTF-8 has U+FFFD where a surrogate stood alone."""
    if isinstance(value, Mapping):
        return {str(_strict(str(key))): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in str(value))
