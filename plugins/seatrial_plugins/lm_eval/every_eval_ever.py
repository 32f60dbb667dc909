"""Results in the schema of Every Eval Ever (version 0.2.1, arXiv 2606.14516): one file a system.

The schema wants a number for each score, and a smallest and largest value of each metric that is no share: scores that are
missing, and those of metrics without limits, are named with the reason under `source_metadata.additional_details`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from seatrial import Metric, Score
from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file

__all__ = ["EveryEvalEver"]

_VERSION = "0.2.1"


class EveryEvalEver:
    """Writes `every-eval-ever/<system>.json`."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """One file for each system that was scored."""
        inside = folder / "every-eval-ever"
        inside.mkdir(exist_ok=True)
        written = []
        for system in dict.fromkeys(score.system for score in result.scores if _scorer(score) in result.samples):
            path = inside / f"{system}.json"
            with atomic_file(path) as part:
                said = json.dumps(_document(result, system), indent=2, allow_nan=False, ensure_ascii=False)
                part.write_text(said + "\n", "utf-8")
            written.append(path)
        return written


def _scorer(score: Score) -> str:
    return score.metric.partition("/")[0]


def _document(result: Result, system: str) -> dict[str, Any]:
    manifest = result.manifest
    time = datetime.fromisoformat(str(manifest["started"]))
    model = manifest.get("model")
    address = str(model.get("address", "")) if isinstance(model, Mapping) else ""
    name = str(result.suite.get("name", "suite"))
    found, left_out = [], {}
    for score in result.scores:
        if score.system != system or _scorer(score) not in result.samples:
            continue
        metric = result.metrics.get(score.metric)
        if score.value is None:
            left_out[score.metric] = str(score.missing)
        elif metric is None or _limits(metric) is None:
            left_out[score.metric] = f"{score.value!r}; the metric has no smallest and largest value"
        else:
            found.append(_result(score, metric))
    return {
        "schema_version": _VERSION,
        "evaluation_id": f"{name}/{address}:{system}/{time.timestamp():.0f}",
        "evaluation_timestamp": time.isoformat(),
        "retrieved_timestamp": f"{time.timestamp():.0f}",
        "source_metadata": {
            "source_name": name,
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
            "additional_details": {f"left_out:{metric}": why for metric, why in left_out.items()},
        },
        "eval_library": {"name": "seatrial", "version": str(manifest.get("seatrial", "unknown"))},
        "model_info": {
            "name": f"{address} ({system})",
            "id": address or "unknown",
            "additional_details": {"system": system, "seed": str(manifest.get("seed", ""))},
        },
        "evaluation_results": found,
    }


def _limits(metric: Metric) -> tuple[float, float] | None:
    return (0.0, 1.0) if metric.kind == "proportion" else metric.limits


def _result(score: Score, metric: Metric) -> dict[str, Any]:
    scorer, _, name = score.metric.partition("/")
    low, high = _limits(metric) or (0.0, 1.0)
    uncertainty: dict[str, Any] = {"num_samples": score.n}
    if score.interval is not None:
        uncertainty["confidence_interval"] = {
            "lower": score.interval.low,
            "upper": score.interval.high,
            "confidence_level": score.interval.level,
            "method": score.interval.method,
        }
    return {
        "evaluation_name": f"{scorer}.{name}",
        "source_data": {"dataset_name": scorer, "source_type": "other"},
        "metric_config": {
            "evaluation_description": score.summary or name,
            "lower_is_better": score.better == "lower",
            "score_type": "continuous",
            "min_score": low,
            "max_score": high,
        },
        "score_details": {"score": score.value, "uncertainty": uncertainty},
    }
