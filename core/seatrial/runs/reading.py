"""Reading: the records of a suite's sources become rows or ledger entries, and what is noticed meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.data.findings import Action
from seatrial.data.ledger import Entry, LedgerWriter
from seatrial.errors import SourceError
from seatrial.rows import RawRecord, Row, content_id
from seatrial.rows.format_error import RULES, FormatError
from seatrial.rows.formats import Parsed, parse
from seatrial.rows.images import Images
from seatrial.rows.label_names import LabelNames
from seatrial.rows.notes import Notes
from seatrial.rows.storable import storable, whole_characters
from seatrial.runs import contracts
from seatrial.runs.broken_files import BrokenFiles, broken_warnings
from seatrial.runs.drops import Drops
from seatrial.runs.inputs import Input, NamedReader
from seatrial.runs.store import digest_path

__all__ = ["Reading", "digest_of"]

_VERSIONS = {rule.name: rule.version for rule in RULES}


def digest_of(file: Path) -> str | None:
    """SHA-256 of a file; None where it is gone."""
    try:
        return digest_path(file)
    except OSError:
        return None


@dataclass(slots=True)
class _Account:
    """What one source gave."""

    names: LabelNames
    drops: Drops = field(default_factory=Drops)
    notes: Notes = field(default_factory=Notes)
    rows: int = 0
    problems: int = 0
    first: Entry | None = None
    """The first record that was no row."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A file that is read, and by what."""

    source: Input
    name: str
    """Below its source."""
    reader: NamedReader
    images: Images


class Reading:
    """The state of one reading: the contents seen so far, and counts.

    Args:
        ledger: where findings go; None for a look before a run.
        excerpts: whether unreadable records may be quoted.
        possible: the label names that any source has, or may have unread.
        images: the folder that images are kept in; None to keep none.
    """

    def __init__(
        self, ledger: LedgerWriter | None, *, excerpts: bool, possible: set[str], images: Path | None = None
    ) -> None:
        self.files: list[dict[str, object]] = []
        self.problems = 0
        self.repaired = 0
        self.drops = Drops()
        self.broken = BrokenFiles()
        self._ledger = ledger
        self._excerpts = excerpts
        self._images = images
        # Numbers, and counts only of what is there twice: a hundred bytes a row are what this costs in memory.
        self._seen: set[int] = set()
        self._copies: dict[int, int] = {}
        self._possible = possible
        self._accounts: dict[tuple[str, str], _Account] = {}

    def names(self, source: Input) -> LabelNames:
        """The names of that source's labels."""
        return self._account(source).names

    def notes(self, source: Input) -> Notes:
        """What was noticed of that source."""
        return self._account(source).notes

    def _account(self, source: Input) -> _Account:
        key = source.resolved.address, source.split
        if key not in self._accounts:
            self._accounts[key] = _Account(LabelNames(source.file.labels, self._possible))
        return self._accounts[key]

    # ---- refusals -------------------------------------------------------------------------------------------------

    def refuse_empty(self, source: Input) -> None:
        """Raises SourceError where a source gave no row: a run without its test rows is not the run that was meant."""
        account = self._account(source)
        if not account.rows:
            first = f"; the first: {account.first.row}: {account.first.detail}" if account.first else ""
            raise SourceError(
                f"{source.resolved.address}: no row could be read ({account.problems} unusable records{first})"
            )

    def refuse_answers_from_one(self, source: Input) -> None:
        """Raises SourceError where a source's answers count from 1: most of its rows would have a wrong answer."""
        if self._account(source).notes.counts_from_one:
            raise SourceError(
                f"{source.resolved.address}: the answers are numbers of choices that seem to count from 1 (none is 0, and some "
                "are the number of choices), and numbers are read from 0: write each answer as its letter, its text or from 0"
            )

    def refuse_useless_names(self) -> None:
        """Raises SourceError where a source renames labels that stand in no source that renames them."""
        for (address, _), account in self._accounts.items():
            if account.names.useless:
                raise SourceError(f"{address}: {account.names.problem}; name them as the file writes them")

    # ---- rows -----------------------------------------------------------------------------------------------------

    def rows(self, source: Input, file: Path, reader: NamedReader) -> Iterator[Row]:
        """The rows of one file of a source."""
        root = source.resolved.path
        name = storable(file.name if root.is_file() else file.relative_to(root).as_posix())
        place = _Place(source, name, reader, Images(self._images, file.parent, None if root.is_file() else root))
        account, records, problems = self._account(source), 0, self.problems
        who = f"read: reader {reader.name} (plugin {reader.plugin})"
        for record in contracts.each(reader.reader.read(file), RawRecord, who):
            if source.file.limit is not None and records >= source.file.limit:
                account.names.leave_unread(f"what was read of it (limit: {source.file.limit:,})")
                break
            records += 1
            if record.lost:
                self.broken.add(source.resolved.address, source.split, name, record)
            row = self._row(place, record, account)
            if row is not None:
                account.rows += 1
                yield row
        self.files.append(
            {
                "file": name,
                "source": source.resolved.address,
                "records": records,
                "problems": self.problems - problems,
                "sha256": digest_of(file),
            }
        )

    def _row(self, place: _Place, record: RawRecord, account: _Account) -> Row | None:
        """The record as a row; None where it is none, which is told the ledger."""
        try:
            parsed, repaired = _parsed(place, record, account)
        except FormatError as error:
            self._refuse(place, record, error, account)
            return None
        content = content_id(parsed.turns, parsed.expected, parsed.tools)
        row = Row(
            id=self._numbered(content, int(content, 16)),
            turns=parsed.turns,
            format=parsed.format,
            source=place.source.resolved.address,
            file=place.name,
            line=record.line,
            expected=parsed.expected,
            slice=parsed.slice,
            group=parsed.group,
            split=place.source.split,
            tools=parsed.tools,
        )
        if repaired is not None:
            self.repaired += 1
            self._tell(self._entry(place, record, repaired, row.id, "repair"))
        return row

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

    def _refuse(self, place: _Place, record: RawRecord, error: FormatError, account: _Account) -> None:
        entry = self._entry(place, record, error, self._id_of_place(f"{place.name}:{record.line}"), "drop")
        self.problems += 1
        account.problems += 1
        account.first = account.first or entry
        for drops in (self.drops, account.drops):
            drops.add(f"{entry.filter}/{entry.rule}", entry.row)
        self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        if self._ledger is not None:
            self._ledger.add(entry)

    def _entry(self, place: _Place, record: RawRecord, error: FormatError, row: str, action: Action) -> Entry:
        return Entry(
            row=row,
            source=place.source.resolved.address,
            file=place.name,
            line=record.line,
            split=place.source.split,
            stage="read",
            filter=place.reader.name,
            plugin=place.reader.plugin,
            rule=error.rule,
            rule_version=_VERSIONS[error.rule],
            action=action,
            decisive=action == "drop",
            detail=str(error),
            excerpt=record.excerpt if self._excerpts else "",
        )

    # ---- what was noticed -----------------------------------------------------------------------------------------

    def warnings(self) -> list[str]:
        """What must be said of each source: a small one that is half lost does not show among the others."""
        found = [f"{address}: {warning}" for address, warning in broken_warnings(self.broken.facts())]
        for (address, _), account in self._accounts.items():
            stage = f"read {address}" if len(self._accounts) > 1 else "read"
            records = account.rows + account.problems
            found += account.drops.warnings(stage, records, what="records", lost="became no row")
        for (address, _), account in self._accounts.items():
            if problem := account.names.problem:
                found.append(f"{address}: {problem}.")
            found += [f"{address}: {warning}." for warning in account.notes.warnings()]
        return found

    def remarks(self) -> list[str]:
        """What else a reviewer may want to know of each source."""
        return [
            f"{address}: {remark}"
            for (address, _), account in self._accounts.items()
            for remark in account.notes.remarks()
        ]

    def left_aside(self) -> list[dict[str, object]]:
        """Of each source, the keys that became no part of a row, and of how many records."""
        return [
            {"source": address, "split": split, "keys": keys}
            for (address, split), account in self._accounts.items()
            if (keys := account.notes.left_aside())
        ]


def _parsed(place: _Place, record: RawRecord, account: _Account) -> tuple[Parsed, FormatError | None]:
    """The record, and why it had to be repaired."""
    if record.problem:
        raise FormatError(record.problem, rule="undecodable")
    try:
        return _parse(place, record.value, account), None
    except FormatError as error:
        if error.rule != "wrong-text":
            raise
        return _parse_repaired(place, record.value, account, error), error


def _parse(place: _Place, value: Any, account: _Account) -> Parsed:
    source = place.source
    return parse(
        value,
        format=source.file.format,
        columns=source.file.columns,
        labels=account.names,
        words=source.file.label_style == "words",
        choices=source.file.choices,
        images=place.images,
        notes=account.notes,
    )


def _parse_repaired(place: _Place, value: Any, account: _Account, error: FormatError) -> Parsed:
    """The record with U+FFFD for half characters. A label is a name, which no repair may change."""
    try:
        parsed = _parse(place, whole_characters(value), account)
    except RecursionError:
        raise error from None
    if parsed.label is not None and "\ufffd" in parsed.label:
        raise error
    return parsed
