"""Documents: the records of a task's splits, out of files on this machine, typed as the library datasets types them."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError, UsageError, did_you_mean
from seatrial_plugins.lm_eval.files import find
from seatrial_plugins.lm_eval.swallowed_rows import refuse_swallowed
from seatrial_plugins.lm_eval.task_config import TaskConfig

__all__ = ["Document", "check_rows", "files_of", "read_documents"]

Document = dict[str, Any]

_LOCAL = {"json", "csv", "parquet", "text"}
_FORMATS = {".jsonl": "json", ".json": "json", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "text"}


def files_of(task: TaskConfig, rows: Mapping[str, Any]) -> dict[str, list[Path]]:
    """Split → the files that hold it: those that the suite names, else those of the task's own `data_files`.

    Args:
        task: whose splits.
        rows: as of `check_rows`. `{task}` and `{dataset_name}` in an address are the task's.

    Raises:
        UsageError: the task's rows are nowhere on this machine; the message says what to write.
    """
    own = rows.get(task.name)
    both = {**rows, **(own if isinstance(own, Mapping) else {})}
    named = {split: both[split] for split in _splits(task) if isinstance(both.get(split), str)}
    names = {"task": task.name, "dataset_name": str(task.get("dataset_name", ""))}
    found = {}
    for split, address in named.items():
        for name, value in names.items():
            address = address.replace("{" + name + "}", value)  # noqa: PLW2901  # the address, filled in
        found[split] = [find(address, f"rows: {split}")]
    wanted = set(_splits(task))
    if wanted <= found.keys():
        return found
    path = task.get("dataset_path")
    if path in _LOCAL:
        return _own_files(task) | found
    lacks = ", ".join(f"{split}: path:…" for split in sorted(wanted - found.keys()))
    where = f"{task.keys.place('dataset_path')}: {task.name}: dataset_path {path!r} is a data set of a hub, and nothing is fetched"
    raise UsageError(f"{where}; say where its rows lie (JSON Lines, JSON, CSV or Parquet): `rows: {{{lacks}}}`")


def check_rows(tasks: Sequence[TaskConfig], rows: Mapping[str, Any]) -> None:
    """Refuse what would be passed over: a split or a task that there is none of, an address that is no text.

    Args:
        tasks: all of the entry.
        rows: split → address, or task → such a mapping.

    Raises:
        UsageError: there is such a key; the message names it, and those that there are.
    """
    by_name = {task.name: task for task in tasks}
    every = dict.fromkeys(split for task in tasks for split in _splits(task))
    for key, said in rows.items():
        if isinstance(said, Mapping):
            if key not in by_name:
                raise UsageError(f"lm_eval: rows: there is no task {key!r}{did_you_mean(key, by_name)}")
            inside, known = said, list(dict.fromkeys(_splits(by_name[key])))
        else:
            inside, known = {key: said}, list(every)
        of = key if inside is said else ", ".join(by_name)
        for split, address in inside.items():
            if split not in known:
                raise UsageError(
                    f"lm_eval: rows: {of} names no split {split!r}{did_you_mean(str(split), known)}; its splits: {', '.join(known)}"
                )
            if not isinstance(address, str):
                raise UsageError(f"lm_eval: rows: {split}: {address!r:.60} is no address; write path:FILE")


def _splits(task: TaskConfig) -> list[str]:
    """The splits that a task's file names."""
    own = task.fewshot.get("split")
    return [*task.splits.values(), *([str(own)] if own else [])]


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
        except (
            OSError,
            EOFError,
            zlib.error,
            ValueError,
            LookupError,
            TypeError,
            RecursionError,
            OverflowError,
        ) as error:
            raise SourceError(f"{file}: cannot be read as {kind}: {error}") from error
        if not all(isinstance(record, dict) for record in records):
            raise SourceError(f"{file}: holds a record that is no mapping of keys to values")
        found += _numbers_alike(records) if kind == "json" else records
    keys = dict.fromkeys(key for record in found for key in record)
    return [{key: record.get(key) for key in keys} for record in found]


def _numbers_alike(records: list[Document]) -> list[Document]:
    """Whole numbers of a column that has fractions, as such: a column has one type in datasets."""
    mixed = {key for one in records for key, value in one.items() if isinstance(value, float)}
    mixed -= {key for one in records for key in mixed & one.keys() if _is_no_number(one[key])}
    return [
        {key: float(value) if key in mixed and value is not None else value for key, value in one.items()}
        for one in records
    ]


def _is_no_number(value: object) -> bool:
    return value is not None and (isinstance(value, bool) or not isinstance(value, int | float))


def _text(file: Path) -> str:
    data = gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()
    return data.decode("utf-8-sig")


def _json(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    text = _text(file)
    if kwargs.get("field"):
        found = _loaded(text)[kwargs["field"]]
        if not isinstance(found, list):
            raise ValueError(f"its field {kwargs['field']!r} is no list")
        return found
    if text.lstrip()[:1] == "[":
        return list(_loaded(text))
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                found.append(_loaded(line))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return found


def _loaded(text: str) -> Any:
    """JSON of which no key stands twice in an object: which of the two values is meant, nobody can tell."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in names if names.count(key) > 1)!r} stands twice in an object")
    return found


def _csv(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    import pandas as pd
    import pyarrow as pa

    sign = str(kwargs.get("delimiter") or kwargs.get("sep") or ("\t" if ".tsv" in file.name else ","))
    text = _text(file)
    table = pa.Table.from_pandas(pd.read_csv(io.StringIO(text), sep=sign), preserve_index=False)  # as datasets does
    refuse_swallowed(text, sign)
    return list(table.to_pylist())


def _parquet(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    import pyarrow.parquet as pq

    del kwargs
    return list(pq.read_table(file).to_pylist())


def _lines(file: Path, kwargs: Mapping[str, Any]) -> list[Document]:
    del kwargs
    lines = _text(file).replace("\r\n", "\n").replace("\r", "\n").split("\n")  # no other sign ends a line in datasets
    return [{"text": line} for line in (lines if lines[-1] else lines[:-1])]


_READERS = {"json": _json, "csv": _csv, "parquet": _parquet, "text": _lines}
