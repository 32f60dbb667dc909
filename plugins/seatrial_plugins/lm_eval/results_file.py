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
from seatrial_plugins.lm_eval.task_metrics import CORPUS, Measured, of_all
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
                path = inside / f"samples_{re.sub('[^A-Za-z0-9_.-]+', '_', task).strip('_')}_{stamp}.jsonl"
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
        self._aliases = set(result.samples)
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
            tasks = _task_set(self._result, alias)
            if tasks is None:
                self._other(alias, table, rows)
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

    # ---- task files -----------------------------------------------------------------------------------------------

    def _own(self, alias: str, tasks: TaskSet, rows: list[dict[str, Any]]) -> None:
        details = {row["row"]: json.loads(row["detail"]) for row in rows}
        facts = tasks.facts()
        called = {
            name: self._free(name, alias) for name in (*tasks.tasks, *(group.name for group in tasks.named.groups))
        }
        for task, config in tasks.tasks.items():
            name = called[task]
            of_task = [row for row in rows if row["slice"] == task]
            counted: dict[str, Any] = {"alias": config.get("task_alias", name), "sample_len": len(of_task)}
            for one in tasks.measured[task]:
                self._measure(name, one, of_task, details, tasks, counted)
            self._keys["results"][name] = counted
            self._keys["configs"][name] = _config(config.keys.values)
            self._keys["versions"][name] = facts[task]["version"]
            self._keys["n-shot"][name] = facts[task]["num_fewshot"]
            self._keys["n-samples"][name] = {"original": len(of_task), "effective": len(of_task)}
            self._keys["higher_is_better"][name] = {one.name: one.higher_is_better for one in tasks.measured[task]}
            self.samples[name] = [
                line for row in of_task for line in self._lines(row, details[row["row"]], tasks.measured[task], tasks)
            ]
        for group in tasks.named.groups:
            name, inside = called[group.name], [called[one] for one in group.tasks]
            self._keys["group_subtasks"][name] = inside
            counted = {"alias": group.alias or name}
            for metric, by_size in group.metrics.items():
                self._aggregate(name, metric, by_size, inside, counted)
            self._keys["results"][name] = counted
            if group.metrics:
                self._keys["groups"][name] = counted

    def _free(self, name: str, alias: str) -> str:
        """What a task or a group is called here: its name, and behind it the entry's where another entry has taken it."""
        taken = self._keys["results"]
        return name if name not in taken and name not in self._aliases - {alias} else f"{name} ({alias})"

    def _measure(
        self,
        task: str,
        one: Measured,
        rows: list[dict[str, Any]],
        details: Mapping[str, dict[str, Any]],
        tasks: TaskSet,
        counted: dict[str, Any],
    ) -> None:
        key, error_key = f"{one.name},{one.filter}", f"{one.name}_stderr,{one.filter}"
        failed = [row for row in rows if row["error"] is not None]
        if failed or not rows:
            why = f"{len(failed)} of {len(rows)} samples failed, the first {failed[0]['row']}: {failed[0]['error']}" if failed else "no samples"  # fmt: skip
            counted |= {key: None, error_key: None}
            self._reason(task, {key: why, error_key: why})
            return
        weight = tasks.weight(rows[0]["slice"], one)
        found = [row[f"value:{one.column}"] for row in rows]
        if None in found:
            why = f"{found.count(None)} of {len(rows)} samples have none"
            counted |= {key: None, error_key: None}
            self._reason(task, {key: why, error_key: why})
            return
        values = [one_value / weight for one_value in found]
        try:
            value = of_all("" if one.own else one.name, [details[row["row"]] for row in rows], values, one.filter)
        except ValueError as error:  # as F1 of more than two classes
            value = None
            self._reason(task, {key: str(error)})
        counted[key] = value if value is not None and math.isfinite(value) else None
        if counted[key] is None and key not in self._keys["reasons"].get(task, {}):
            self._reason(task, {key: "the number is not finite"})
        counted[error_key] = None
        if (one.name in CORPUS and not one.own) or one.name == "bits_per_byte":
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
            weight = {one.column: tasks.weight(row["slice"], one) for one in these}
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

    def _other(self, alias: str, table: pa.Table, rows: list[dict[str, Any]]) -> None:
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
            self._reason(alias, said)
        columns = [name.removeprefix("value:") for name in table.column_names if name.startswith("value:")]
        if _is_task(self._result.suite, alias):
            why = "the task files are no more what the run read, so they are not taken for its own"
            self._reason(alias, dict.fromkeys(("configs", "versions", "n-shot"), why))
        self._keys["results"][alias] = counted
        self._keys["higher_is_better"][alias] = better
        self._keys["n-samples"][alias] = {"original": len(rows), "effective": len(rows)}
        self.samples[alias] = [
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


_BY_HASH = "kept by its hash"


def _standard_error(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def _task_set(result: Result, alias: str) -> TaskSet | None:
    """The task files that a suite's entry names; None where it names none, or they are no more what the run read."""
    from seatrial_plugins.lm_eval import tasks_of

    score = result.suite.get("score")
    read = next(
        (one.facts.get("reads") for one in result.records if (one.base, one.instance) == ("score", alias)), None
    )
    for entry in score if isinstance(score, list) else ():
        options = entry.get(_OWN) if isinstance(entry, Mapping) else None
        if isinstance(options, Mapping) and options.get("as", _OWN) == alias:
            own = {key: value for key, value in options.items() if key in _OPTIONS}
            try:
                found: TaskSet = tasks_of(**own)
                same = read is None or found.reads == read
            except SeatrialError:
                return None
            return found if same else None
    return None


def _is_task(suite: Mapping[str, object], alias: str) -> bool:
    score = suite.get("score")
    named = (entry.get(_OWN) for entry in (score if isinstance(score, list) else ()) if isinstance(entry, Mapping))
    return any(isinstance(one, Mapping) and one.get("as", _OWN) == alias for one in named)


_OPTIONS = frozenset({"task", "tasks", "rows", "num_fewshot", "fewshot_seed", "limit", "functions"})


def _config(values: Mapping[str, Any]) -> dict[str, Any]:
    """A task file's keys as JSON; functions by their names."""
    said: dict[str, Any] = json.loads(json.dumps(dict(values), default=lambda one: str(getattr(one, "name", one))))
    return said
