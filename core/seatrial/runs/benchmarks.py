"""Benchmarks: the sources that a component's option names become items, or an error that says which record is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from seatrial.data.benchmark import Benchmark
from seatrial.errors import SourceError
from seatrial.rows import RawRecord, Row
from seatrial.rows.format_error import FormatError
from seatrial.rows.formats import Parsed, parse
from seatrial.runs.inputs import Input, NamedReader, list_files, reader_of
from seatrial.runs.left_files import left_files, left_warning
from seatrial.sources import Reader, Resolved
from seatrial.suite.benchmark_keys import BenchmarkKeys
from seatrial.suite.keys import DataFileKeys

__all__ = ["read_benchmarks"]


def read_benchmarks(
    named: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, str]], **readers: Reader
) -> dict[str, Benchmark]:
    """All items of each benchmark, in the order of its files.

    Unlike rows, items are never left out: one that cannot be read would not be looked for, and nobody would know.

    Args:
        named: a benchmark's name → its `BenchmarkKeys`, as plain values.
        found: a benchmark's name → the `path` and the `address` that its source was resolved to.
        readers: every reader by its name.

    Raises:
        SourceError: a record cannot be read, lacks a key, or there is none.
    """
    known = {name: NamedReader(name, "", reader) for name, reader in readers.items()}
    benchmarks: dict[str, Benchmark] = {}
    for name, given in named.items():
        keys = BenchmarkKeys.model_validate(given, strict=False)
        resolved = Resolved(found[name]["address"], Path(found[name]["path"]))
        items = tuple(_Reading(name, keys, resolved, known).items())
        if not items:
            raise SourceError(f"benchmark {name}: {resolved.address} holds no record")
        benchmarks[name] = Benchmark(name, items)
    return benchmarks


class _Reading:
    def __init__(self, name: str, keys: BenchmarkKeys, resolved: Resolved, readers: Mapping[str, NamedReader]) -> None:
        self._name = name
        self._keys = keys
        self._readers = readers
        self._copies: dict[str, int] = {}
        file = DataFileKeys(source=resolved.address, format=keys.format, columns=dict(keys.columns), limit=keys.limit)
        self._source = Input(resolved=resolved, split="", file=file, reader=keys.reader)

    def items(self) -> Iterator[Row]:
        if left := left_files(self._source, self._readers):
            raise SourceError(f"benchmark {self._name}: {self._source.resolved.address}: {left_warning(left)}")
        for file in list_files(self._source, self._readers):
            reader = reader_of(self._source, file, self._readers)
            for record in islice(reader.reader.read(file), self._source.file.limit):
                try:
                    yield self._item(file, record)
                except FormatError as error:
                    raise SourceError(f"benchmark {self._name}: {file}:{record.line}: {error}") from error

    def _item(self, file: Path, record: RawRecord) -> Row:
        if record.problem or record.lost:
            raise FormatError(record.problem or "more of the file could not be read", rule="undecodable")
        parsed = self._parse(record.value)
        root = self._source.resolved.path
        place = file.name if root.is_file() else file.relative_to(root).as_posix()
        return Row(
            id=self._unique(f"{self._name}/{self._named(record) or f'{place}:{record.line}'}"),
            turns=parsed.turns,
            format=parsed.format,
            source=self._source.resolved.address,
            file=place,
            line=record.line,
            expected=parsed.expected,
            tools=parsed.tools,
        )

    def _parse(self, record: Any) -> Parsed:
        if self._keys.text is None:
            return parse(record, format=self._keys.format, columns=self._keys.columns)
        asked = (self._keys.text,) if isinstance(self._keys.text, str) else self._keys.text
        said = [{"role": "user", "content": _value(record, key)} for key in asked]
        if self._keys.answer is not None:
            answer = _value(record, self._keys.answer)
            said.append({"role": "assistant", "content": str(answer) if isinstance(answer, int | float) else answer})
        return parse({"messages": said}, format="chat")

    def _named(self, record: RawRecord) -> str:
        return "" if self._keys.id is None else str(_value(record.value, self._keys.id))

    def _unique(self, name: str) -> str:
        copy = self._copies[name] = self._copies.get(name, 0) + 1
        return name if copy == 1 else f"{name}.{copy}"


def _value(record: Any, key: str) -> Any:
    if not isinstance(record, Mapping):
        raise FormatError("the record is not a mapping of keys to values", rule="unrecognised")
    if key not in record:
        there = ", ".join(map(repr, record)) or "none"
        raise FormatError(f"the record has no key {key!r}; its keys are {there}", rule="missing-key")
    return record[key]
