"""Documents: the records of a task's splits, out of files on this machine, typed as the library datasets types them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError, UsageError, did_you_mean
from seatrial_plugins.lm_eval.files import find
from seatrial_plugins.lm_eval.task_config import TaskConfig

__all__ = ["Document", "check_rows", "files_of", "read_documents"]

Document = dict[str, Any]

_LOCAL = {"json", "csv", "parquet", "text"}
_FORMATS = {".jsonl": "json", ".json": "json", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "text"}

_MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL"),
    *("NaN", "None", "n/a", "nan", "null"),
)  # fmt: skip
"""What pandas reads as no value, through which datasets reads CSV."""

_WHOLE = re.compile(r"\s*[-+]?[0-9]{1,19}\s*")
_NUMBER = re.compile(
    r"\s*[-+]?(?:[0-9]{1,19}|[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?:\.[0-9]*)?e[-+]?[0-9]+)\s*", re.IGNORECASE
)
_TRUTHS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_LONGEST_CELL = 1 << 24
_SWALLOWED = 3
"""Lines inside of a cell that are each as wide as the table before they are taken for its rows: prose may have one or two."""


def check_rows(tasks: Sequence[TaskConfig], rows: Mapping[str, Any]) -> None:
    """Refuse what the suite says under `rows` of no split and no task: other rows would be asked than those it names.

    Raises:
        UsageError: so it does; the message says what there is.
    """
    named = {task.name: splits_of(task) for task in tasks}
    every = set().union(*named.values())
    for key, said in rows.items():
        if isinstance(said, Mapping) and key in named:
            known, unknown, of = named[key], [split for split in said if split not in named[key]], f" of {key}"
        elif isinstance(said, str):
            known, unknown, of = every, [key] if key not in every else [], ""
        else:
            known, unknown, of = set(named), [key], " with rows of its own"
        if unknown:
            what = "task" if known == set(named) else "split"
            raise UsageError(
                f"lm_eval: rows: {unknown[0]!r} is no {what}{of}{did_you_mean(str(unknown[0]), sorted(known))}; "
                f"there are: {', '.join(sorted(known)) or 'none'}"
            )


def splits_of(task: TaskConfig) -> set[str]:
    """The splits that a task names."""
    return set(task.splits.values()) | ({str(task.fewshot["split"])} if task.fewshot.get("split") else set())


def files_of(task: TaskConfig, rows: Mapping[str, Any]) -> dict[str, list[Path]]:
    """Split → the files that hold it: those that the suite names, else those of the task's own `data_files`.

    Args:
        task: whose splits.
        rows: split → address, or task → such a mapping. `{task}` and `{dataset_name}` in an address are the task's.

    Raises:
        UsageError: the task's rows are nowhere on this machine; the message says what to write.
    """
    of_task = rows.get(task.name)
    own = of_task if isinstance(of_task, Mapping) else rows
    named = {str(split): address for split, address in own.items() if isinstance(address, str)}
    names = {"task": task.name, "dataset_name": str(task.get("dataset_name", ""))}
    found = {}
    for split, address in named.items():
        for name, value in names.items():
            address = address.replace("{" + name + "}", value)  # noqa: PLW2901  # the address, filled in
        found[split] = [find(address, f"rows: {split}")]
    wanted = splits_of(task)
    if wanted <= found.keys():
        return found
    path = task.get("dataset_path")
    if path in _LOCAL:
        return _own_files(task) | found
    lacks = ", ".join(f"{split}: path:…" for split in sorted(wanted - found.keys()))
    where = f"{task.keys.place('dataset_path')}: {task.name}: dataset_path {path!r} is a data set of a hub, and nothing is fetched"
    raise UsageError(f"{where}; say where its rows lie (JSON Lines, JSON, CSV or Parquet): `rows: {{{lacks}}}`")


def _own_files(task: TaskConfig) -> dict[str, list[Path]]:
    place = task.keys.place("dataset_kwargs")
    kwargs = task.get("dataset_kwargs", {})
    given = kwargs.get("data_files")
    if unknown := sorted(kwargs.keys() - {"data_files", "field", "delimiter", "sep", "trust_remote_code"}):
        raise UsageError(f"{place}: dataset_kwargs has a key {unknown[0]!r} that is not followed")
    if given is None:
        raise UsageError(f"{place}: `dataset_kwargs: {{data_files: …}}` names no file of the rows")
    by_split = given if isinstance(given, Mapping) else {"train": given}
    return {
        str(split): [_own_file(task, str(file)) for file in ([files] if isinstance(files, str) else files)]
        for split, files in by_split.items()
    }


def _own_file(task: TaskConfig, name: str) -> Path:
    place = task.keys.place("dataset_kwargs")
    if "://" in name:
        raise UsageError(f"{place}: data_files names {name}, and nothing is fetched; get the file, and name that")
    tried = [Path(name).absolute(), task.keys.path.parent / name]
    found = next((path for path in tried if path.is_file()), None)
    if found is None:
        raise UsageError(f"{place}: data_files: there is no {tried[0]}, and none beside the task file")
    return found


def read_documents(files: Sequence[Path], kwargs: Mapping[str, Any]) -> list[Document]:
    """All records of a split's files; a key that a record lacks and another has is None.

    Raises:
        SourceError: a file cannot be read.
    """
    found: list[Document] = []
    for file in files:
        kind = _FORMATS.get(Path(file.name.removesuffix(".gz")).suffix.lower())
        if kind is None:
            raise SourceError(f"{file}: its ending names no format of rows; there are: {', '.join(_FORMATS)}")
        try:
            records = _READERS[kind](file, kwargs)
        except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, RecursionError, csv.Error) as error:
            raise SourceError(f"{file}: cannot be read as {kind}: {type(error).__name__}: {error}") from error
        if not all(isinstance(record, dict) for record in records):
            raise SourceError(f"{file}: holds a record that is no mapping of keys to values")
        found += records
    keys = dict.fromkeys(key for record in found for key in record)
    return [{key: record.get(key) for key in keys} for record in found]


def _text(file: Path) -> str:
    data = gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()
    return data.decode("utf-8-sig")


def _json(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    text = _text(file)
    if kwargs.get("field"):
        found = json.loads(text, object_pairs_hook=_object)[kwargs["field"]]
        if not isinstance(found, list):
            raise ValueError(f"its field {kwargs['field']!r} is no list")
        return found
    if text.lstrip()[:1] == "[":
        return list(json.loads(text, object_pairs_hook=_object))
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                found.append(json.loads(line, object_pairs_hook=_object))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice in one object"
        )
    return found


def _csv(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    sign = kwargs.get("delimiter") or kwargs.get("sep") or ("\t" if ".tsv" in file.name else ",")
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(_text(file), newline=""), delimiter=sign)
    names = next(reader, [])
    if len(set(names)) < len(names):
        raise ValueError(f"two of its columns are called {next(name for name in names if names.count(name) > 1)!r}")
    rows: list[list[str]] = []
    for row in reader:
        if len(row) > len(names):
            raise ValueError(f"line {reader.line_num}: {len(row)} cells, where there are {len(names)} columns")
        for cell in row:
            _check_swallowed(cell, sign, len(names), reader.line_num)
        if row:
            rows.append([*row, *[""] * (len(names) - len(row))])
    columns = [_typed([None if row[place] in _MISSING else row[place] for row in rows]) for place in range(len(names))]
    return [dict(zip(names, each, strict=True)) for each in zip(*columns, strict=True)]


def _check_swallowed(cell: str, sign: str, width: int, line: int) -> None:
    """Refuse a cell that is lines of the table: a quote was opened there and closed nowhere, or much later."""
    inside = cell.splitlines()[1:-1] if "\n" in cell else []
    if width > 1 and len(inside) >= _SWALLOWED and all(one.count(sign) == width - 1 for one in inside):
        raise ValueError(f"line {line}: a quote is not closed where it should be, and swallows {len(inside)} lines")


def _typed(values: list[str | None]) -> list[Any]:
    """A column as pandas types it, through which `datasets` reads CSV: whole numbers, numbers, truths, or texts as they are."""
    said = [one for one in values if one is not None]
    if said and all(map(_WHOLE.fullmatch, said)) and all(-(2**63) <= int(one) < 2**63 for one in said):
        kind: Any = int if len(said) == len(values) else float  # pandas has no whole number beside a missing one
    elif said and all(map(_NUMBER.fullmatch, said)) and not all(map(_WHOLE.fullmatch, said)):
        kind = float
    elif said and all(one in _TRUTHS for one in said):
        kind = _TRUTHS.__getitem__
    else:
        kind = str
    return [None if one is None else kind(one) for one in values]


def _parquet(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    import pyarrow.parquet as pq

    del kwargs
    return list(pq.read_table(file).to_pylist())


def _lines(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    del kwargs
    lines = _text(file).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [{"text": line} for line in (lines if lines[-1] else lines[:-1])]


_READERS = {"json": _json, "csv": _csv, "parquet": _parquet, "text": _lines}
