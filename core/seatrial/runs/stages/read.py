"""Read: files become rows; what is no row becomes a finding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seatrial.data.ledger import Entry, LedgerWriter, write_ledger
from seatrial.errors import SourceError
from seatrial.rows import RawRecord, Row, content_id
from seatrial.rows.format_error import RULES, FormatError
from seatrial.rows.formats import Parsed, parse
from seatrial.rows.label_names import LabelNames
from seatrial.rows.storable import storable
from seatrial.rows.table import write_rows
from seatrial.runs import answers
from seatrial.runs.drops import Drops
from seatrial.runs.events import Artifact
from seatrial.runs.inputs import Input, NamedReader, list_files, reader_of
from seatrial.runs.stages import Progress, blame
from seatrial.runs.store import RunFolder

__all__ = ["Look", "Read"]

LOOKED_AT = 10_000
"""Rows that a look before a run reads at most, to find out whether the labels are there that the suite renames."""

_VERSIONS = {rule.name: rule.version for rule in RULES}


@dataclass(frozen=True, slots=True)
class Look:
    """What a look before a run found in one input."""

    address: str
    first: Row
    labels: str | None
    """What is wrong with its `labels:`, or None."""


@dataclass(frozen=True, slots=True)
class Read:
    """Reads every input, in order, into `data/raw.parquet`."""

    inputs: Sequence[Input]
    readers: Mapping[str, NamedReader]
    """By name; those chosen by ending have default options."""
    excerpts: bool
    """Whether unreadable records may be quoted: not where a filter of the suite redacts, which never sees them."""
    rules: Mapping[str, str] = field(default_factory=lambda: dict(_VERSIONS))
    """Versions of the rules by which a record is no row."""

    name = "read"
    after = ()
    reads = None
    reusable = True

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
            reading = _Reading(writer, excerpts=self.excerpts, possible=set())
            count = write_rows(raw, self._every(files, reading, progress))
        for source in self.inputs:
            reading.refuse_empty(source)
        reading.refuse_useless_names()
        facts = {
            "read": count + reading.problems,
            "rows": count,
            "problems": reading.problems,
            "files": reading.files,
            "drops": reading.drops.facts(),
            "warnings": reading.warnings(),
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

    def look(self) -> Iterator[Look]:
        """The first row of each input, and what is wrong with its `labels:`, without a ledger: for a look before a run.

        Where labels are renamed, records are read until each name was met, up to `LOOKED_AT` of them.

        Raises:
            SourceError: no record of an input becomes a row, or none of the labels that an input renames is there.
        """
        possible: set[str] = set()
        readings = [_Reading(None, excerpts=self.excerpts, possible=possible) for _ in self.inputs]
        for source, reading in zip(self.inputs, readings, strict=True):
            yield self._look(source, reading)
        for reading in readings:
            reading.refuse_useless_names()

    def _look(self, source: Input, reading: _Reading) -> Look:
        first: Row | None = None
        names = reading.names(source)
        for count, row in enumerate(self._rows(source, reading), 1):
            first = first or row
            if names.complete:
                break
            if count == LOOKED_AT:
                names.leave_unread(f"what was looked at ({LOOKED_AT:,} rows)")
                break
        reading.refuse_empty(source)
        assert first is not None
        return Look(source.resolved.address, first, names.problem)

    def _rows(self, source: Input, reading: _Reading) -> Iterator[Row]:
        for file in list_files(source, self.readers):
            reader = reader_of(source, file, self.readers)
            with blame("read", f"reader {reader.name}", reader.plugin):
                yield from reading.rows(source, file, reader)


@dataclass(slots=True)
class _Account:
    """What one source gave."""

    names: LabelNames
    drops: Drops = field(default_factory=Drops)
    rows: int = 0
    problems: int = 0
    first: Entry | None = None
    """The first record that was no row."""


class _Reading:
    """The state of one reading: the contents seen so far, and counts."""

    def __init__(self, ledger: LedgerWriter | None, *, excerpts: bool, possible: set[str]) -> None:
        self.files: list[dict[str, object]] = []
        self.problems = 0
        self.drops = Drops()
        self._ledger = ledger
        self._excerpts = excerpts
        # Numbers, and counts only of what is there twice: a hundred bytes a row are what this costs in memory.
        self._seen: set[int] = set()
        self._copies: dict[int, int] = {}
        self._possible = possible
        self._accounts: dict[tuple[str, str], _Account] = {}

    def names(self, source: Input) -> LabelNames:
        """The names of that source's labels."""
        return self._account(source).names

    def _account(self, source: Input) -> _Account:
        key = source.resolved.address, source.split
        if key not in self._accounts:
            self._accounts[key] = _Account(LabelNames(source.file.labels, self._possible))
        return self._accounts[key]

    def refuse_empty(self, source: Input) -> None:
        """Raises SourceError where a source gave no row: a run without its test rows is not the run that was meant."""
        account = self._account(source)
        if not account.rows:
            first = f"; the first: {account.first.row}: {account.first.detail}" if account.first else ""
            raise SourceError(
                f"{source.resolved.address}: no row could be read ({account.problems} unusable records{first})"
            )

    def refuse_useless_names(self) -> None:
        """Raises SourceError where a source renames labels that stand in no source that renames them."""
        for (address, _), account in self._accounts.items():
            if account.names.useless:
                raise SourceError(f"{address}: {account.names.problem}; name them as the file writes them")

    def rows(self, source: Input, file: Path, reader: NamedReader) -> Iterator[Row]:
        root = source.resolved.path
        name = storable(file.name if root.is_file() else file.relative_to(root).as_posix())
        account, records, problems = self._account(source), 0, self.problems
        names = account.names
        who = f"read: reader {reader.name} (plugin {reader.plugin})"
        for record in answers.each(reader.reader.read(file), RawRecord, who):
            if source.file.limit is not None and records >= source.file.limit:
                names.leave_unread(f"what was read of it (limit: {source.file.limit:,})")
                break
            records += 1
            try:
                parsed = _parse(source, record, names)
            except FormatError as error:
                self._note(self._entry(source, name, record, error, reader), account)
            else:
                account.rows += 1
                yield self._row(source, name, record, parsed)
        self.files.append(
            {
                "file": name,
                "source": source.resolved.address,
                "records": records,
                "problems": self.problems - problems,
            }
        )

    def warnings(self) -> list[str]:
        """What must be said of each source: a small one that is half lost does not show among the others."""
        found = []
        for (address, _), account in self._accounts.items():
            stage = f"read {address}" if len(self._accounts) > 1 else "read"
            records = account.rows + account.problems
            found += account.drops.warnings(stage, records, what="records", lost="became no row")
        for (address, _), account in self._accounts.items():
            if problem := account.names.problem:
                found.append(f"{address}: {problem}.")
        return found

    def _row(self, source: Input, name: str, record: RawRecord, parsed: Parsed) -> Row:
        content = content_id(parsed.turns, parsed.label, parsed.choices)
        return Row(
            id=self._numbered(content, int(content, 16)),
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

    def _id_of_place(self, place: str) -> str:
        """A place as an id: files of two sources may have one name, and one line may hold several records."""
        return self._numbered(place, int.from_bytes(hashlib.blake2b(place.encode(), digest_size=8).digest()))

    def _numbered(self, name: str, digest: int) -> str:
        copy = self._copy(digest)
        return name if copy == 1 else f"{name}.{copy}"

    def _copy(self, content: int) -> int:
        """Which copy of what has that digest this is, from 1."""
        if content not in self._seen:
            self._seen.add(content)
            return 1
        self._copies[content] = self._copies.get(content, 1) + 1
        return self._copies[content]

    def _note(self, entry: Entry, account: _Account) -> None:
        self.problems += 1
        account.problems += 1
        account.first = account.first or entry
        for drops in (self.drops, account.drops):
            drops.add(f"{entry.filter}/{entry.rule}", entry.row)
        if self._ledger is not None:
            self._ledger.add(entry)

    def _entry(self, source: Input, name: str, record: RawRecord, error: FormatError, reader: NamedReader) -> Entry:
        return Entry(
            row=self._id_of_place(f"{name}:{record.line}"),
            source=source.resolved.address,
            file=name,
            line=record.line,
            split=source.split,
            stage="read",
            filter=reader.name,
            plugin=reader.plugin,
            rule=error.rule,
            rule_version=_VERSIONS[error.rule],
            action="drop",
            decisive=True,
            detail=str(error),
            excerpt=record.excerpt if self._excerpts else "",
        )


def _parse(source: Input, record: RawRecord, names: LabelNames) -> Parsed:
    if record.problem:
        raise FormatError(record.problem, rule="undecodable")
    parsed = parse(record.value, format=source.file.format, columns=source.file.columns, labels=names)
    if parsed.label is None or source.file.label_style == "as-is":
        return parsed
    words = " ".join(parsed.label.replace("_", " ").replace("-", " ").split()) or parsed.label
    return replace(parsed, label=words, turns=(*parsed.turns[:-1], replace(parsed.turns[-1], content=words)))
