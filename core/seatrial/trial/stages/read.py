"""Read: files become rows; what is no row becomes a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from seatrial.data.formats import FormatError, Parsed, parse
from seatrial.data.label_names import LabelNames
from seatrial.data.ledger import Entry, LedgerWriter, write_ledger
from seatrial.data.table import write_rows
from seatrial.errors import SourceError
from seatrial.events import Artifact
from seatrial.rows import Format, RawRecord, Row, content_id
from seatrial.sources import Reader, Resolved
from seatrial.store import RunFolder, digest_path
from seatrial.trial import answers
from seatrial.trial.drops import Drops
from seatrial.trial.stages import Progress, blame

__all__ = ["Input", "NamedReader", "Read", "list_files", "reader_of"]

LOOKED_AT = 10_000
"""Rows that a look before a run reads at most, to find out whether the labels are there that the suite renames."""


@dataclass(frozen=True, slots=True)
class Input:
    """One source of rows, and how its files are read."""

    resolved: Resolved
    split: str
    """`train`, `validation` or `test` where the suite says so; "" where rows are split later."""
    reader: str | None
    """The name of the suite's reader; None chooses by each file's ending."""
    format: Format | None
    columns: Mapping[str, str]
    labels: Mapping[str, str]
    label_style: Literal["as-is", "words"]
    limit: int | None


@dataclass(frozen=True, slots=True)
class NamedReader:
    """A reader, built with the suite's options, and who provides it."""

    name: str
    plugin: str
    reader: Reader
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """Reads every input, in order, into `data/raw.parquet`."""

    inputs: Sequence[Input]
    readers: Mapping[str, NamedReader]
    """By name; those chosen by ending have default options."""
    excerpts: bool
    """Whether unreadable records may be quoted: not where a filter of the suite redacts, which never sees them."""

    name = "read"
    after = ()

    def parts(self) -> object:
        """The inputs' options and the digests of their files."""
        return [
            {
                "address": given.resolved.address,
                "digest": digest_path(given.resolved.path),
                "split": given.split,
                "reader": given.reader,
                "format": given.format,
                "columns": dict(given.columns),
                "labels": dict(given.labels),
                "label_style": given.label_style,
                "limit": given.limit,
            }
            for given in self.inputs
        ] + [{name: dict(reader.options) for name, reader in self.readers.items()}]

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Every record becomes a row or a ledger entry."""
        del given
        files = [
            (source, file, reader_of(source, file, self.readers))
            for source in self.inputs
            for file in list_files(source, self.readers)
        ]

        raw, ledger = folder / "data/raw.parquet", folder / "ledger/read.parquet"
        with write_ledger(ledger) as writer:
            reading = _Reading(writer, excerpts=self.excerpts)
            count = write_rows(raw, self._every(files, reading, progress))
        if not count:
            raise _nothing_read(", ".join(source.resolved.address for source in self.inputs), reading)
        reading.refuse_useless_names()
        facts = {
            "read": count + reading.problems,
            "rows": count,
            "problems": reading.problems,
            "files": reading.files,
            "drops": reading.drops.facts(),
            "warnings": reading.warnings(count),
        }
        return Artifact({"raw": raw, "ledger:read": ledger}, facts)

    def _every(
        self, files: Sequence[tuple[Input, Path, NamedReader]], reading: _Reading, progress: Progress
    ) -> Iterator[Row]:
        for done, (source, file, reader) in enumerate(files):
            progress(done, len(files), {})
            with blame("read", f"reader {reader.name}", reader.plugin):
                yield from reading.rows(source, file, reader)
        progress(len(files), len(files), {})

    def look(self, source: Input) -> tuple[Row, str | None]:
        """The first row of one input, and what is wrong with its `labels:`, without a ledger: for a look before a run.

        Where labels are renamed, records are read until each name was met, up to `LOOKED_AT` of them.

        Raises:
            SourceError: no record of it becomes a row, or none of its labels is one of those that are renamed.
        """
        reading = _Reading(None, excerpts=self.excerpts)
        first: Row | None = None
        for count, row in enumerate(self._rows(source, reading)):
            first = first or row
            if reading.names(source).complete:
                return first, None
            if count + 1 >= LOOKED_AT:
                return first, reading.names(source).problem(f"what was looked at ({LOOKED_AT:,} rows)")
        if first is None:
            raise _nothing_read(source.resolved.address, reading)
        reading.refuse_useless_names()
        return first, reading.names(source).problem("the data")

    def _rows(self, source: Input, reading: _Reading) -> Iterator[Row]:
        for file in list_files(source, self.readers):
            reader = reader_of(source, file, self.readers)
            with blame("read", f"reader {reader.name}", reader.plugin):
                yield from reading.rows(source, file, reader)


def _nothing_read(addresses: str, reading: _Reading) -> SourceError:
    first = f"; the first: {reading.first.row}: {reading.first.detail}" if reading.first else ""
    return SourceError(f"{addresses}: no row could be read ({reading.problems} unusable records{first})")


def reader_of(source: Input, file: Path, readers: Mapping[str, NamedReader]) -> NamedReader:
    """The reader that the source names, else the one for the file's ending: `file` is one of `list_files`."""
    if source.reader is not None:
        return readers[source.reader]
    return next(reader for reader in readers.values() if _reads(reader.reader, file))


def list_files(source: Input, readers: Mapping[str, NamedReader]) -> list[Path]:
    """The files of a source that its reader takes, sorted.

    Raises:
        SourceError: no reader is known for the file, or no file of the folder can be read.
    """
    path = source.resolved.path
    if path.is_file():
        if source.reader is None and not any(_reads(reader.reader, path) for reader in readers.values()):
            endings = ", ".join(sorted({ending for reader in readers.values() for ending in _endings(reader.reader)}))
            raise SourceError(
                f"{source.resolved.address}: no reader takes {path.name!r} by its ending; name one under `reader:` "
                f"({', '.join(sorted(readers))}), or use one of {endings}"
            )
        return [path]
    wanted = (
        [readers[source.reader].reader]
        if source.reader
        else [reader.reader for reader in readers.values() if reader.reader.by_suffix]
    )
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not file.name.startswith(".") and any(_takes(reader, file) for reader in wanted)
    )
    if not files:
        endings = ", ".join(sorted({ending for reader in wanted for ending in reader.suffixes}))
        raise SourceError(f"{source.resolved.address}: the folder holds no file that can be read ({endings})")
    return files


def _endings(reader: Reader) -> tuple[str, ...]:
    return reader.suffixes if reader.by_suffix else ()


def _takes(reader: Reader, file: Path) -> bool:
    """Whether the file's ending is one of the reader's, compressed or not."""
    return file.name.lower().removesuffix(".gz").endswith(reader.suffixes)


def _reads(reader: Reader, file: Path) -> bool:
    return reader.by_suffix and _takes(reader, file)


class _Reading:
    """The state of one reading: the contents seen so far, and counts."""

    def __init__(self, ledger: LedgerWriter | None, *, excerpts: bool) -> None:
        self.files: list[dict[str, object]] = []
        self.problems = 0
        self.drops = Drops()
        self.first: Entry | None = None
        """The first record that was no row."""
        self._ledger = ledger
        self._excerpts = excerpts
        # Numbers, and counts only of what is there twice: a hundred bytes a row are what this costs in memory.
        self._seen: set[int] = set()
        self._copies: dict[int, int] = {}
        self._names: dict[tuple[str, str], LabelNames] = {}

    def names(self, source: Input) -> LabelNames:
        """The names of that source's labels."""
        key = source.resolved.address, source.split
        if key not in self._names:
            self._names[key] = LabelNames(source.labels)
        return self._names[key]

    def refuse_useless_names(self) -> None:
        """Raises SourceError where no label of a source is one of those that the suite renames."""
        for (address, _), names in self._names.items():
            if names.useless:
                raise SourceError(f"{address}: {names.problem('the data')}; name them as the file writes them")

    def rows(self, source: Input, file: Path, reader: NamedReader) -> Iterator[Row]:
        root = source.resolved.path
        name = file.name if root.is_file() else file.relative_to(root).as_posix()
        names, records, problems = self.names(source), 0, self.problems
        who = f"read: reader {reader.name} (plugin {reader.plugin})"
        for record in answers.each(reader.reader.read(file), RawRecord, who):
            if source.limit is not None and records >= source.limit:
                break
            records += 1
            try:
                parsed = _parse(source, record, names)
            except FormatError as error:
                self._note(self._entry(source, name, record, error, reader))
            else:
                yield self._row(source, name, record, parsed)
        self.files.append(
            {
                "file": name,
                "source": source.resolved.address,
                "records": records,
                "problems": self.problems - problems,
            }
        )

    def warnings(self, rows: int) -> list[str]:
        """What must be said of the reading, which left so many rows."""
        found = self.drops.warnings("read", rows + self.problems, what="records", lost="became no row")
        for (address, _), names in self._names.items():
            if problem := names.problem("the data"):
                found.append(f"{address}: {problem}.")
        return found

    def _row(self, source: Input, name: str, record: RawRecord, parsed: Parsed) -> Row:
        content = content_id(parsed.turns, parsed.label, parsed.choices)
        copy = self._copy(int(content, 16))
        return Row(
            id=content if copy == 1 else f"{content}.{copy}",
            turns=parsed.turns,
            format=parsed.format,
            source=source.resolved.address,
            file=name,
            line=record.line,
            label=parsed.label,
            choices=parsed.choices,
            slice=parsed.slice,
            group=parsed.group,
            split=source.split,
        )

    def _copy(self, content: int) -> int:
        """Which copy of that content this is, from 1."""
        if content not in self._seen:
            self._seen.add(content)
            return 1
        self._copies[content] = self._copies.get(content, 1) + 1
        return self._copies[content]

    def _note(self, entry: Entry) -> None:
        self.problems += 1
        self.first = self.first or entry
        self.drops.add(f"{entry.filter}/{entry.rule}", entry.row)
        if self._ledger is not None:
            self._ledger.add(entry)

    def _entry(self, source: Input, name: str, record: RawRecord, error: FormatError, reader: NamedReader) -> Entry:
        return Entry(
            row=f"{name}:{record.line}",
            source=source.resolved.address,
            file=name,
            line=record.line,
            split=source.split,
            stage="read",
            filter=reader.name,
            plugin=reader.plugin,
            rule=error.rule,
            rule_version="1",
            action="drop",
            decisive=True,
            detail=str(error),
            excerpt=record.excerpt if self._excerpts else "",
        )


def _parse(source: Input, record: RawRecord, names: LabelNames) -> Parsed:
    if record.problem:
        raise FormatError(record.problem, rule="undecodable")
    parsed = parse(record.value, format=source.format, columns=source.columns, labels=names)
    if parsed.label is None or source.label_style == "as-is":
        return parsed
    words = " ".join(parsed.label.replace("_", " ").replace("-", " ").split())
    return replace(parsed, label=words, turns=(*parsed.turns[:-1], replace(parsed.turns[-1], content=words)))
