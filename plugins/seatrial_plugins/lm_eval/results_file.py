"""Results and samples as lm-eval writes them, for the tools that read these: a folder a system, a samples file a task.

Where lm-eval writes the text "N/A" there is null, and under `reasons` why. A scorer that asks no task file is a task of its
alias, its metrics under the filter `none`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import SeatrialError
from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file
from seatrial_plugins.lm_eval.task_metrics import Measured, of_all
from seatrial_plugins.lm_eval.task_set import TaskSet

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ResultsFiles"]

_OWN = "lm_eval"
"""The scorer whose entries of a suite name task files."""


class ResultsFiles:
    """Writes `lm-eval/<system>/results_<time>.json` and `samples_<task>_<time>.jsonl`."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """Two kinds of file for each system that was scored."""
        written: list[Path] = []
        time = datetime.fromisoformat(str(result.manifest["started"]))
        stamp = time.isoformat(timespec="microseconds").partition("+")[0].replace(":", "-")
        systems = dict.fromkeys(name for table in result.samples.values() for name in table["system"].to_pylist())
        for system in systems:
            inside = folder / "lm-eval" / system
            inside.mkdir(parents=True, exist_ok=True)
            found = _Results(result, system)
            document = found.document(time)
            path = inside / f"results_{stamp}.json"
            with atomic_file(path) as part:
                part.write_text(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n", "utf-8")
            written.append(path)
            for task, lines in found.samples.items():
                path = inside / f"samples_{re.sub('[^A-Za-z0-9_.-]', '_', task)}_{stamp}.jsonl"
                with atomic_file(path) as part:
                    said = (json.dumps(line, allow_nan=False, ensure_ascii=False) + "\n" for line in lines)
                    part.write_text("".join(said), "utf-8")
                written.append(path)
        return written


class _Results:
    """What one system left, put together scorer by scorer."""

    def __init__(self, result: Result, system: str) -> None:
        self._result = result
        self._system = system
        self._keys: dict[str, dict[str, Any]] = {
            name: {}
            for name in (
                *("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better"),
                *("n-samples", "reasons"),
            )
        }
        self.samples: dict[str, list[dict[str, Any]]] = {}
        """Task → its lines."""

    def document(self, time: datetime) -> dict[str, Any]:
        """The results file."""
        for alias, table in self._result.samples.items():
            rows = [row for row in table.to_pylist() if row["system"] == self._system]
            entry = _entry(self._result.suite, alias)
            tasks = None if entry is None else self._tasks_of_run(alias, entry)
            if tasks is None:
                self._other(alias, table, rows, "" if entry is None else _CHANGED)
            else:
                self._own(alias, tasks, rows)
        manifest = self._result.manifest
        git, model = manifest.get("git"), manifest.get("model")
        address = model.get("address") if isinstance(model, Mapping) else None
        return {
            **self._keys,
            "config": {
                "model": "seatrial",
                "model_args": address,
                "system": self._system,
                "seed": manifest.get("seed"),
            },
            "git_hash": git.get("commit") if isinstance(git, Mapping) else None,
            "date": time.timestamp(),
            "seatrial_version": manifest.get("seatrial"),
            "model_source": "seatrial",
            "model_name": address,
        }

    def _tasks_of_run(self, alias: str, entry: Mapping[str, Any]) -> TaskSet | None:
        """The task files that an entry names; None where they are not what was scored by: changed, or there no more."""
        from seatrial_plugins.lm_eval import tasks_of

        own = {key: value for key, value in entry.items() if key in _OPTIONS}
        scored = next((one for one in self._result.records if one.stage == f"score[{alias}]"), None)
        try:
            found: TaskSet = tasks_of(**own)
            same = scored is not None and found.reads == scored.facts.get("reads")
        except (SeatrialError, OSError):
            return None
        return found if same else None

    # ---- task files -----------------------------------------------------------------------------------------------

    def _own(self, alias: str, tasks: TaskSet, rows: list[dict[str, Any]]) -> None:
        details = {row["row"]: json.loads(row["detail"]) for row in rows}
        facts = tasks.facts()
        named = self._free_names(alias, [*tasks.tasks, *(group.name for group in tasks.named.groups)])
        for own, config in tasks.tasks.items():
            name, measured = named[own], tasks.measured[own]
            of_task = [row for row in rows if row["slice"] == own]
            counted: dict[str, Any] = {"alias": config.get("task_alias", name), "sample_len": len(of_task)}
            self._keys["results"][name] = counted
            for one in measured:
                self._measure(name, own, one, of_task, details, tasks, counted)
            self._keys["configs"][name] = _config(config.keys.values)
            self._keys["versions"][name] = facts[own]["version"]
            self._keys["n-shot"][name] = facts[own]["num_fewshot"]
            original = details[of_task[0]["row"]]["of"] if of_task else 0
            self._keys["n-samples"][name] = {"original": original, "effective": len(of_task)}
            self._keys["higher_is_better"][name] = {one.name: one.higher_is_better for one in measured}
            self.samples[name] = [
                line for row in of_task for line in self._lines(row, details[row["row"]], measured, tasks)
            ]
        for group in tasks.named.groups:
            name, below = named[group.name], [named[task] for task in group.tasks]
            self._keys["group_subtasks"][name] = below
            counted = {"alias": group.alias or name}
            for metric, by_size in group.metrics.items():
                self._aggregate(name, metric, by_size, below, counted)
            self._keys["results"][name] = counted
            if group.metrics:
                self._keys["groups"][name] = counted

    def _free_names(self, alias: str, names: Sequence[str]) -> dict[str, str]:
        """Task or group → the name of its results: lm-eval's, or with the entry's before it where another entry has it."""
        taken = self._keys["results"]
        return {name: f"{alias}/{name}" if name in taken else name for name in names}

    def _measure(
        self,
        task: str,
        own: str,
        one: Measured,
        rows: list[dict[str, Any]],
        details: Mapping[str, dict[str, Any]],
        tasks: TaskSet,
        counted: dict[str, Any],
    ) -> None:
        key, error_key = f"{one.name},{one.filter}", f"{one.name}_stderr,{one.filter}"
        failed = [row for row in rows if row["error"] is not None and row[f"value:{one.column}"] is None]
        if failed or all(row[f"value:{one.column}"] is None for row in rows):
            why = f"{len(failed)} of {len(rows)} samples failed, the first {failed[0]['row']}: {failed[0]['error']}" if failed else "no samples"  # fmt: skip
            counted |= {key: None, error_key: None}
            self._reason(task, {key: why, error_key: why})
            return
        rows = [row for row in rows if row[f"value:{one.column}"] is not None]
        values = [row[f"value:{one.column}"] / tasks.weight(own, one.column) for row in rows]
        try:
            value = of_all(one, [details[row["row"]] for row in rows], values)
        except ValueError as error:  # as F1 of more than two classes
            value = None
            self._reason(task, {key: str(error)})
        counted[key] = value if value is not None and math.isfinite(value) else None
        if counted[key] is None and key not in self._keys["reasons"].get(task, {}):
            self._reason(task, {key: "the number is not finite"})
        counted[error_key] = None
        if one.of_row != one.name or one.name == "bits_per_byte":
            self._reason(
                task, {error_key: "no standard error: a number of all rows together; scores have intervals of its mean"}
            )
        elif len(values) > 1:
            counted[error_key] = _standard_error(values)
        else:
            self._reason(task, {error_key: "one sample has no spread"})

    def _aggregate(self, group: str, metric: str, by_size: bool, names: Sequence[str], counted: dict[str, Any]) -> None:
        """A group's number, of its tasks' numbers: each counts as its rows do, or all the same."""
        results = self._keys["results"]
        keys = dict.fromkeys(key for name in names for key in results.get(name, {}) if key.partition(",")[0] == metric)
        for key in keys:
            those = [results[name] for name in names if key in results.get(name, {})]
            if any(one[key] is None for one in those):
                counted[key] = None
                self._reason(group, {key: "one of its tasks has no number"})
                continue
            weights = [one["sample_len"] if by_size else 1 for one in those]
            counted[key] = sum(one[key] * w for one, w in zip(those, weights, strict=True)) / sum(weights)
            error_key = key.replace(",", "_stderr,", 1)
            counted[error_key] = None
            self._reason(group, {error_key: "the group's scores have an interval over all rows"})
        counted["sample_len"] = sum(results[name]["sample_len"] for name in names if name in results)

    def _lines(
        self, row: dict[str, Any], detail: dict[str, Any], measured: list[Measured], tasks: TaskSet
    ) -> Iterator[dict[str, Any]]:
        for name in dict.fromkeys(one.filter for one in measured):
            these = [one for one in measured if one.filter == name]
            weight = {one.column: tasks.weight(row["slice"], one.column) for one in these}
            values = {
                one.name: None
                if row[f"value:{one.column}"] is None
                else row[f"value:{one.column}"] / weight[one.column]
                for one in these
            }
            answers: Any = detail.get("resps")
            if answers is None and "logprobs" in detail:
                greedy = detail.get("greedy") or [None] * len(detail["logprobs"])
                answers = [[pair] for pair in zip(detail["logprobs"], greedy, strict=False)]
            yield {
                "doc_id": detail["doc_id"],
                "doc": None,
                "target": row["target"],
                "arguments": None,
                "resps": [answers] if "resps" in detail else answers,
                "filtered_resps": [detail["filtered"][name]] if "filtered" in detail else answers,
                "filter": name,
                "metrics": list(values),
                **{key: detail[key] for key in ("doc_hash", "prompt_hash", "target_hash")},
                **values,
                "row": row["row"],
                "error": row["error"],
                "reasons": {"doc": _BY_HASH, "arguments": _BY_HASH},
            }

    # ---- other scorers --------------------------------------------------------------------------------------------

    def _other(self, alias: str, table: pa.Table, rows: list[dict[str, Any]], why: str) -> None:
        name = f"{alias} (scorer)" if alias in self._keys["results"] else alias
        if why:
            self._reason(name, {"configs": why})
        counted: dict[str, Any] = {"alias": alias, "sample_len": len(rows)}
        better = {}
        for score in self._result.scores:
            scorer, _, metric = score.metric.partition("/")
            if scorer != alias or score.system != self._system:
                continue
            key, error_key = f"{metric},none", f"{metric}_stderr,none"
            counted |= {key: score.value, error_key: None}
            better[metric] = score.better == "higher"
            said = {error_key: "the score has an interval, in scores.json, and no standard error"}
            if score.value is None:
                said[key] = str(score.missing)
            self._reason(name, said)
        columns = [name.removeprefix("value:") for name in table.column_names if name.startswith("value:")]
        self._keys["results"][name] = counted
        self._keys["higher_is_better"][name] = better
        self._keys["n-samples"][name] = {"original": len(rows), "effective": len(rows)}
        self.samples[name] = [
            {
                "doc_id": place,
                "target": row["target"],
                "filtered_resps": [row["prediction"]],
                "filter": "none",
                "metrics": columns,
                "prompt_hash": row["prompt_hash"],
                **{name: row[f"value:{name}"] for name in columns},
                "row": row["row"],
                "error": row["error"],
            }
            for place, row in enumerate(rows)
        ]

    def _reason(self, task: str, said: Mapping[str, str]) -> None:
        self._keys["reasons"].setdefault(task, {}).update(said)


_CHANGED = "the task files, rows or code are not there any more, or not those of the run"
_BY_HASH = "kept by its hash"


def _standard_error(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def _entry(suite: Mapping[str, object], alias: str) -> Mapping[str, Any] | None:
    """The options of a suite's entry that names task files; None where another scorer has the name."""
    score = suite.get("score")
    for entry in score if isinstance(score, list) else ():
        options = entry.get(_OWN) if isinstance(entry, Mapping) else None
        if isinstance(options, Mapping) and options.get("as", _OWN) == alias:
            return options
    return None


_OPTIONS = frozenset({"task", "tasks", "rows", "num_fewshot", "fewshot_seed", "limit", "functions"})


def _config(values: Mapping[str, Any]) -> dict[str, Any]:
    """A task file's keys as JSON; functions by their names."""
    said: dict[str, Any] = json.loads(json.dumps(dict(values), default=lambda one: str(getattr(one, "name", one))))
    return said
