"""Task files by name: a task, a group of tasks, or a tag that tasks bear, as lm-eval finds them in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from seatrial.errors import UsageError, did_you_mean
from seatrial_plugins.lm_eval.files import find, is_address
from seatrial_plugins.lm_eval.task_config import GROUP_KEYS, TaskConfig
from seatrial_plugins.lm_eval.task_yaml import Keys, read_keys

__all__ = ["Group", "Named", "named_tasks"]

_NAMES = re.compile(r"^[\"']?(task|group)[\"']?[ \t]*:[ \t]*[\"']?([^\s\"'#\[]+)", re.MULTILINE)
_TAG = re.compile(r"^[\"']?tag[\"']?[ \t]*:[ \t]*(.*(?:\n[ \t]*-.*)*)", re.MULTILINE)
_INCLUDE = re.compile(r"^[\"']?include[\"']?[ \t]*:[ \t]*[\"']?([^\s\"'#\[]+)", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|\s)#.*|\n")
_WORD = re.compile(r"[\w.:+-]+")
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Group:
    """A group, and how its tasks' metrics become its own."""

    name: str
    tasks: tuple[str, ...]
    """All tasks below it."""
    metrics: Mapping[str, bool]
    """Metric → whether each task weighs as much as it has rows (`weight_by_size`); empty where nothing is aggregated."""
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for."""

    tasks: tuple[TaskConfig, ...]
    groups: tuple[Group, ...]
    """The outermost first."""
    files: tuple[Path, ...]


def named_tasks(task: str, tasks: str) -> Named:
    """The tasks that a suite names.

    Args:
        task: a task's, a group's or a tag's name, or the address of a task file.
        tasks: the address of the folder of task files in which names are looked up; "" with a file's address alone, whose
            folder it then is.

    Raises:
        UsageError: nothing is called so, or a file has a key that is not known.
    """
    if is_address(task):
        file = find(task, "task")
        return _Finding(find(tasks, "tasks") if tasks else file.parent).of(read_keys(file))
    if not tasks:
        raise UsageError(
            f"lm_eval: task: {task!r} is a name; say in which folder its file lies: `tasks: package:lm_eval/tasks` or "
            f"`tasks: path:FOLDER`, or name the file: `task: path:{task}.yaml`"
        )
    finding = _Finding(find(tasks, "tasks"))
    return finding.by_name(task)


class _Finding:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._groups: list[Group] = []
        self._files: list[Path] = []

    def by_name(self, name: str) -> Named:
        return self._named(list(self._tasks(name, {}, 0)))

    def of(self, keys: Keys) -> Named:
        return self._named(list(self._inside(keys, {}, 0)))

    def _named(self, tasks: list[TaskConfig]) -> Named:
        first = {task.name: task for task in reversed(tasks)}
        for task in tasks:
            if task != first[task.name] and task.keys.values != first[task.name].keys.values:
                raise UsageError(
                    f"{task.keys.path}: the task {task.name!r} is named twice, with other keys each; give one another name"
                )
        ordered = tuple(first[name] for name in dict.fromkeys(task.name for task in tasks))
        return Named(ordered, tuple(reversed(self._groups)), tuple(dict.fromkeys(self._files)))

    def _tasks(self, name: str, beside: Mapping[str, Any], depth: int) -> Iterator[TaskConfig]:
        if depth > _DEEPEST:
            raise UsageError(f"{self._folder}: groups lie more than {_DEEPEST} deep at {name!r}; one may hold itself")
        files, tags = _index(self._folder)
        if name in files:
            yield from self._inside(read_keys(files[name]), beside, depth)
        elif name in tags:
            for file in tags[name]:
                yield from self._inside(read_keys(file), beside, depth)
        else:
            raise UsageError(
                f"{self._folder}: no task, group or tag is called {name!r}{did_you_mean(name, [*files, *tags])}"
            )

    def _inside(self, keys: Keys, beside: Mapping[str, Any], depth: int) -> Iterator[TaskConfig]:
        self._files += keys.files
        if "group" not in keys.values or isinstance(keys.values.get("task"), str):
            yield TaskConfig.of(replace(keys, values={**keys.values, **beside}))
            return
        own = {key: value for key, value in keys.values.items() if key not in GROUP_KEYS}
        members = keys.values.get("task") or ()
        inside: list[TaskConfig] = []
        for member in [members] if isinstance(members, str) else members:
            inside += self._member(member, keys, {**own, **beside}, depth)
        weights = _weights(keys)
        by_size = {str(entry["metric"]): bool(entry.get("weight_by_size", True)) for entry in weights}
        names = tuple(dict.fromkeys(task.name for task in inside))
        alias = str(keys.values.get("group_alias") or keys.values["group"])
        self._groups.append(Group(str(keys.values["group"]), names, by_size, alias))
        yield from inside

    def _member(self, member: Any, keys: Keys, beside: Mapping[str, Any], depth: int) -> Iterator[TaskConfig]:
        if isinstance(member, str):
            yield from self._tasks(member, beside, depth + 1)
            return
        place = keys.place("task")
        if not isinstance(member, Mapping) or not {"task", "group"} & member.keys():
            raise UsageError(
                f"{place}: a member of the group is {member!r:.80}; write a name, or a mapping with `task`"
            )
        if "group" in member and "task" in member:
            yield from self._inside(replace(keys, values=dict(member)), beside, depth + 1)
            return
        name = str(member.get("task", member.get("group")))
        own = {key: value for key, value in member.items() if key not in {"task", "group"}}
        if name in _index(self._folder)[0] or name in _index(self._folder)[1]:
            yield from self._tasks(name, {**beside, **own}, depth + 1)
        else:
            yield TaskConfig.of(replace(keys, values={**beside, **own, "task": name}))


def _tags(file: Path, text: str, depth: int) -> list[str]:
    """What stands behind `tag:` in a task file; else in the one that it includes."""
    if (found := _TAG.findall(text)) or depth > _DEEPEST:
        return found
    for name in _INCLUDE.findall(text):
        below = file.parent / name
        if below.is_file():
            return _tags(below, below.read_text("utf-8", errors="replace"), depth + 1)
    return []


def _weights(keys: Keys) -> list[Mapping[str, Any]]:
    """The entries of a group's `aggregate_metric_list`."""
    said, place = keys.values.get("aggregate_metric_list") or [], keys.place("aggregate_metric_list")
    said = [said] if isinstance(said, Mapping) else said
    for entry in said if isinstance(said, list) else [said]:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("metric"), str):
            raise UsageError(f"{place}: an entry names no `metric`: {entry!r:.80}")
        for key in entry:
            if key not in _AGGREGATE:
                raise UsageError(
                    f"{place}: an entry has a key {key!r} that is not followed{did_you_mean(str(key), _AGGREGATE)}"
                )
        if entry.get("aggregation", "mean") != "mean":
            raise UsageError(f"{place}: aggregation is mean, and nothing else")
        if not isinstance(entry.get("weight_by_size", True), bool):
            raise UsageError(f"{place}: weight_by_size is {entry['weight_by_size']!r:.40}; write true or false")
    return list(said)


_AGGREGATE = ("metric", "aggregation", "weight_by_size", "filter_list")


@lru_cache(maxsize=8)
def _index(folder: Path) -> tuple[dict[str, Path], dict[str, list[Path]]]:
    """Name → file, and tag → files, of a folder; files are searched for names and not parsed, since lm-eval has 14,000."""
    files: dict[str, Path] = {}
    tags: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*.yaml") if folder.is_dir() else [folder]):
        text = file.read_text("utf-8", errors="replace")
        said = dict(reversed(_NAMES.findall(text)))
        name = said.get("group") or said.get("task")
        if name is not None:
            files.setdefault(name, file)
        for found in _tags(file, text, 0) if "task" in said else ():
            for word in _WORD.findall(_COMMENT.sub(" ", found)):
                if word.strip("-"):
                    tags.setdefault(word, []).append(file)
    return files, {tag: listed for tag, listed in tags.items() if tag not in files}
