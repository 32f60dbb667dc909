"""All tasks that one entry of a suite names, with their items, metrics and groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from seatrial import Metric
from seatrial.errors import UsageError
from seatrial.terminal.names import listed
from seatrial_plugins.lm_eval.documents import check_rows, files_of
from seatrial_plugins.lm_eval.files import digests
from seatrial_plugins.lm_eval.functions import check_allowed, code_files
from seatrial_plugins.lm_eval.items import Item, Settings, items_of
from seatrial_plugins.lm_eval.task_config import TaskConfig
from seatrial_plugins.lm_eval.task_folder import Group, Named, named_tasks
from seatrial_plugins.lm_eval.task_metrics import Measured, measured

__all__ = ["TaskSet"]


@dataclass(frozen=True)
class TaskSet:
    """One task, or those of a group or a tag."""

    named: Named
    settings: Settings
    measured: Mapping[str, list[Measured]] = field(default_factory=dict)

    @classmethod
    def of(cls, task: str, tasks: str, settings: Settings) -> TaskSet:
        """The tasks of these names; their files are read, their rows are not.

        Raises:
            UsageError: a file, a key of it, its rows or its metrics are not known, or its code is not allowed.
        """
        named = named_tasks(task, tasks)
        if not named.tasks:
            raise UsageError(f"lm_eval: {task}: holds no task")
        for one in named.tasks:
            for function in one.functions:
                check_allowed(function, settings.functions)
        check_rows(named.tasks, settings.rows)
        return cls(named, settings, {one.name: measured(one) for one in named.tasks})

    @property
    def not_known(self) -> str:
        """What else results may hang on."""
        names = list(dict.fromkeys(function.name for task in self.named.tasks for function in task.functions))
        return (
            f"what {listed(names)} {'reads' if len(names) == 1 else 'read'}, loads or asks by itself" if names else ""
        )

    @cached_property
    def tasks(self) -> Mapping[str, TaskConfig]:
        """By name."""
        return {task.name: task for task in self.named.tasks}

    @property
    def _group(self) -> Group | None:
        return self.named.groups[0] if self.named.groups else None

    def by_task(self, metric: str) -> bool:
        """Whether the tasks of the group weigh the same in a metric, whatever their rows."""
        group = self._group
        return group is not None and not group.metrics.get(metric, True)

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """What gates can hold, over all tasks."""
        found = {
            one.column: one.metric(weighted=self.by_task(one.name)) for each in self.measured.values() for one in each
        }
        return tuple(found.values())

    @cached_property
    def reads(self) -> dict[str, str]:
        """Name → digest of every file that results hang on: task files, rows, code, as they are when it is first asked for."""
        paths = [*self.named.files]
        for task in self.named.tasks:
            paths += [file for files in files_of(task, self.settings.rows).values() for file in files]
            paths += [file for function in task.functions for file in code_files(function.file.resolve())]
        return digests([Path(path) for path in paths])

    @cached_property
    def items(self) -> dict[str, Item]:
        """Every item by its id, task after task; the rows are read."""
        return {item.id: item for task in self.named.tasks for item in items_of(task, self.settings)}

    @cached_property
    def _weights(self) -> Mapping[tuple[str, str], float]:
        """Task and column → what its rows count for, where tasks weigh the same; in a column that each of them has."""
        counts = Counter(item.task for item in self.items.values())
        found: dict[tuple[str, str], float] = {}
        for column in {one.column for each in self.measured.values() for one in each if self.by_task(one.name)}:
            having = [name for name in counts if any(one.column == column for one in self.measured[name])]
            total = sum(counts[name] for name in having)
            found |= {(name, column): total / (len(having) * counts[name]) for name in having}
        return found

    def weight(self, task: str, column: str) -> float:
        """What a task's rows count for, so that a column's mean over all rows is its mean over the tasks; else 1."""
        return self._weights.get((task, column), 1.0)

    def facts(self) -> dict[str, Any]:
        """What lm-eval writes of its configuration, for results files."""
        return {
            name: {
                "version": (task.get("metadata") or {}).get("version", "Yaml")
                if isinstance(task.get("metadata"), Mapping)
                else "Yaml",
                "output_type": task.output_type,
                "num_fewshot": self.shots(task),
                "repeats": int(task.get("repeats", 1)),
            }
            for name, task in self.tasks.items()
        }

    def shots(self, task: TaskConfig) -> int:
        """How many examples stand before each question."""
        own, said = task.get("num_fewshot"), self.settings.num_fewshot
        return int((said if said is not None and own != 0 else own) or 0)
