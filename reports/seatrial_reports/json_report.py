"""results.json: the run for programs. Strict JSON: what is missing or no finite number is null.

format, version   `seatrial-results`, 2: raised when a key changes its meaning
run               suite, description, folder, model, subject, started, seconds
verdict           state (of the data where the data stages alone ran; null where no gate decides), exit_code, reason, warnings
gates             every decision: metric, outcome, severity, condition, reason, value, lower, upper, n, method, needed_n,
                  clusters, seeds
scores            every score: metric, system, value, n (rows, each once), kind, better, unit, interval, missing, summary,
                  clusters (that the n rows form; null where none repeats another), seeds (of training, that value is the mean
                  over; null for a system without)
since             what changed since an earlier run; null where none is named: run, started, missing (why nothing can be told; ""
                  where it can), changes (subject, what, before, now; "" where there is nothing), scores (metric, system, before
                  and now as in scores, or null, paired as in comparisons, with value, lower, upper and n, or null, unpaired: why
                  not), same (how many scores are equal in both)
comparisons       the system on trial against each other one, row by row: metric, system, standing, said, bounds, note
scorers           alias, dimension, samples, failed, tried (null: all rows), blocks (as `seatrial.blocks.codec` writes them)
data              read, dropped, kept, stages, splits; filters with rows (that findings are about), findings, dropped, rules,
                  pairs (the first of pairs_total rows that were matched with another one) and blocks
components        the suite's filters and scorers as they describe themselves
unmeasured        sentences: what the run cannot show
added             plugin → the blocks that it adds
search            the facts of the search's last stage: trials, finalists, chosen, importance; null where nothing was searched
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

from seatrial.blocks.codec import to_json
from seatrial.runs.result import Result, ScoreChange
from seatrial.runs.store import atomic_file
from seatrial_reports.filtering import FilterBlock
from seatrial_reports.rivals import rival_of
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
        "version": 2,
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
        "since": _since(result),
        "comparisons": _comparisons(view),
        "scorers": _scorers(view),
        "data": _data(view),
        "components": [asdict(one) for one in result.components],
        "unmeasured": view.unmeasured,
        "added": {plugin: [to_json(block) for block in blocks] for plugin, blocks in view.added.items()},
        "search": next((dict(r.facts) for r in result.records if r.base == "search" and r.facts.get("chosen")), None),
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


def _since(result: Result) -> dict[str, object] | None:
    since = result.since
    if since is None:
        return None
    return {
        "run": since.run,
        "started": since.started,
        "missing": since.missing,
        "changes": [{"subject": name, **asdict(one)} for name, changes in since.groups.items() for one in changes],
        "scores": [
            {
                "metric": one.metric,
                "system": one.system,
                "before": asdict(one.before) if one.before else None,
                "now": asdict(one.now) if one.now else None,
                "paired": _paired(one, result),
                "unpaired": one.unpaired,
            }
            for one in since.scores
        ],
        "same": since.same,
    }


def _paired(change: ScoreChange, result: Result) -> dict[str, object] | None:
    found, metric = change.paired, result.metrics.get(change.metric)
    if found is None or metric is None:
        return None
    bounds = found.improvement.bounds()
    numbers = {"value": found.improvement.value, "lower": bounds.lower, "upper": bounds.upper, "n": found.n}
    return {**asdict(rival_of(found, metric)), **numbers}


def _comparisons(view: View) -> list[dict[str, object]]:
    return [
        {"metric": block.metric, "system": line.system, **asdict(line.rival)}
        for measured in view.measured
        for block in measured.metrics()
        for line in block.lines
        if line.rival
    ]


def _scorers(view: View) -> list[dict[str, object]]:
    return [
        {
            "alias": scored.alias,
            "dimension": measured.name,
            "samples": scored.samples,
            "failed": scored.failed,
            "tried": scored.tried or None,
            "blocks": [to_json(block) for block in scored.blocks],
        }
        for measured in view.measured
        for scored in measured.scorers
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
        "filters": [_filter(block) for block in data.filters],
        "splits": dict(data.composition.splits),
    }


def _filter(block: FilterBlock) -> dict[str, object]:
    told = ("stage", "filter", "plugin", "weak", "unseen", "findings", "rows", "dropped")
    of_rule = ("rule", "version", "action", "findings", "rows", "dropped")
    return {
        **{name: getattr(block, name) for name in told},
        "rules": [{name: getattr(rule, name) for name in of_rule} for rule in block.rules],
        "pairs_total": block.pairs.total if block.pairs else 0,
        "pairs": [
            {"row": pair.row, "matched": pair.other_row, "rules": pair.rules}
            for pair in (block.pairs.pairs if block.pairs else ())
        ],
        "blocks": [to_json(one) for one in block.blocks],
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
