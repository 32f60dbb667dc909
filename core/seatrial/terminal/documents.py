"""How a run ended, as JSON values for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seatrial.runs.result import Result
from seatrial.verdict import Verdict

__all__ = ["dataset_document", "report_of", "verdict_document", "warnings_of"]

_OUT = ("data/unreadable", "data/dropped_by_cleaning", "data/dropped_by_comparing", "data/dropped_for_leakage")


def warnings_of(result: Result) -> list[str]:
    """What the stages warn of, and what stands beside the verdict."""
    of_stages = [warning for record in result.records for warning in record.warnings]
    return list(dict.fromkeys([*of_stages, *(result.verdict.warnings if result.verdict else ())]))


def report_of(result: Result) -> Path:
    """The file to open first; the run folder where no report was written."""
    files = result.facts("report").get("files")
    folder = result.folder / "report"
    if isinstance(files, list) and files:
        return folder / str(files[0])
    return folder / "index.html" if (folder / "index.html").is_file() else result.folder


def dataset_document(result: Result) -> dict[str, Any]:
    """What a run of the data stages alone left."""
    counts = {score.metric: int(score.value) for score in result.scores if score.value is not None}
    splits = result.facts("decontaminate").get("splits")
    kept = sum(splits.values()) if isinstance(splits, Mapping) else 0
    verdict = result.verdict
    document = {
        "suite": result.suite.get("name"),
        "read": counts.get("data/read", 0),
        "dropped": sum(counts.get(name, 0) for name in _OUT),
        "kept": kept,
        "splits": splits,
        "verdict": verdict.state if verdict and verdict.decides else None,
        "exit_code": result.exit_code,
        "reason": verdict.reason if verdict and verdict.decides else None,
        "gates": [asdict(decision) for decision in verdict.decisions] if verdict else [],
        "warnings": warnings_of(result),
        "folder": str(result.folder),
        "dataset": str(result.folder / "dataset"),
        "ledger": str(result.folder / "ledger.parquet"),
        "report": str(report_of(result)),
    }
    strict = _strict(document)
    assert isinstance(strict, dict)
    return strict


def verdict_document(result: Result, verdict: Verdict) -> object:
    """The verdict, gates and scores: what is no finite number is null."""
    return _strict(
        {
            "suite": result.suite.get("name"),
            "verdict": verdict.state,
            "exit_code": verdict.exit_code,
            "reason": verdict.reason,
            "warnings": warnings_of(result),
            "gates": [asdict(decision) for decision in verdict.decisions],
            "scores": [asdict(score) for score in result.scores],
            "folder": str(result.folder),
            "report": str(report_of(result)),
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
