"""Read: files become rows; what is no row becomes a finding."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seatrial.data.ledger import write_ledger
from seatrial.errors import SourceError
from seatrial.rows import Row
from seatrial.rows.format_error import RULES
from seatrial.rows.images import LIBRARY
from seatrial.rows.table import write_rows
from seatrial.runs.broken_files import broken_warnings
from seatrial.runs.environment import package_versions
from seatrial.runs.events import Artifact
from seatrial.runs.inputs import Input, NamedReader, list_files, reader_of
from seatrial.runs.left_files import left_files, left_warning
from seatrial.runs.reading import Reading, digest_of
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress, blame

__all__ = ["Look", "Read"]

LOOKED_AT = 10_000
"""Rows of a source that a look before a run reads at most: a second's work, and enough to meet labels and kinds of rows."""

_TURNS = 4
"""Turns up to which their order makes another kind: conversations of every length would."""

_KINDS = 20
"""Kinds of rows that a look tells apart at most."""

SHOWN = 100
"""Rows that a look keeps, for those who may have something against them."""

_VERSIONS = {rule.name: rule.version for rule in RULES}


@dataclass(frozen=True, slots=True)
class Look:
    """What a look before a run found in one input."""

    address: str
    split: str
    """The set that the suite names it as; "" where rows are split later."""
    rows: tuple[Row, ...]
    """The first ones."""
    labels: str | None
    """What is wrong with its `labels:`, or None."""
    warnings: tuple[str, ...] = ()
    """What may have changed what the rows say that were looked at."""
    kinds: tuple[Row, ...] = ()
    """One row of each kind that a chat template may treat in its own way, one of each kind of expected answer, and the
    longest: the first of each."""

    @property
    def first(self) -> Row:
        """There is one."""
        return self.rows[0]


@dataclass(frozen=True, slots=True)
class Read:
    """Reads every input, in order, into `data/raw.parquet`."""

    sources: Sequence[Input]
    readers: Mapping[str, NamedReader]
    """By name; those chosen by ending have default options."""
    excerpts: bool
    """Whether unreadable records may be quoted: not where a filter of the suite redacts, which never sees them."""
    rules: Mapping[str, str] = field(default_factory=lambda: dict(_VERSIONS))
    """Versions of the rules by which a record is no row."""
    libraries: Mapping[str, str] = field(default_factory=lambda: package_versions([LIBRARY]))
    """The version of what decides which pictures are whole. (What is read the same by another keeps all that follows.)"""

    name = "read"
    version = "3"
    inputs = ()
    reads = None
    reusable = True

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Every record becomes a row or a ledger entry."""
        del given
        files = [
            (source, file, reader_of(source, file, self.readers))
            for source in self.sources
            for file in list_files(source, self.readers)
        ]
        digests = [digest_of(file) for _, file, _ in files]
        raw, ledger, images = folder / "data/raw.parquet", folder / "ledger/read.parquet", folder / "data/images"
        shutil.rmtree(images, ignore_errors=True)
        with write_ledger(ledger) as writer:
            reading = Reading(writer, excerpts=self.excerpts, possible=set(), images=images)
            count = write_rows(raw, self._every(files, reading, progress))
        for (_, file, _), before, read in zip(files, digests, reading.files, strict=True):
            if read["sha256"] != before:
                raise SourceError(
                    f"{file}: it changed while it was read; leave the files as they are, and run the same command again"
                )
        for source in self.sources:
            reading.refuse_empty(source)
            reading.refuse_answers_from_one(source)
        reading.refuse_useless_names()
        pictures = len(list(images.iterdir())) if images.is_dir() else 0
        facts = {
            "read": count + reading.problems,
            "rows": count,
            "problems": reading.problems,
            "files": reading.files,
            **({"pictures": pictures} if pictures else {}),
            "broken_files": reading.broken.facts(),
            "drops": reading.drops.facts(),
            "repaired": reading.repaired,
            "left_aside": reading.left_aside(),
            "notes": reading.remarks(),
            "warnings": [*reading.warnings(), *self._left()],
        }
        files_written = {"raw": raw, "ledger:read": ledger} | ({"images": images} if images.is_dir() else {})
        return Artifact(files_written, facts)

    def _every(
        self, files: Sequence[tuple[Input, Path, NamedReader]], reading: Reading, progress: Progress
    ) -> Iterator[Row]:
        for done, (source, file, reader) in enumerate(files):
            progress(done, len(files), {})
            with blame("read", f"reader {reader.name}", reader.plugin):
                yield from reading.rows(source, file, reader)
        progress(len(files), len(files), {})

    def _left(self) -> Iterator[str]:
        """What must be said of each source's folder."""
        for source in self.sources:
            if left := left_files(source, self.readers):
                yield f"{source.resolved.address}: {left_warning(left)}"

    def look(self) -> Iterator[Look]:
        """The first row of each input and of each kind, and what is wrong with its `labels:`, without a ledger: for a look
        before a run, at up to `LOOKED_AT` rows of each input.

        Raises:
            SourceError: no record of an input becomes a row, or none of the labels that an input renames is there.
        """
        possible: set[str] = set()
        readings = [Reading(None, excerpts=self.excerpts, possible=possible) for _ in self.sources]
        for source, reading in zip(self.sources, readings, strict=True):
            yield self._look(source, reading)
        for reading in readings:
            reading.refuse_useless_names()

    def _look(self, source: Input, reading: Reading) -> Look:
        first: list[Row] = []
        kinds: dict[object, Row] = {}
        longest, length = None, 0
        names = reading.names(source)
        for count, row in enumerate(self._rows(source, reading), 1):
            if count <= SHOWN:
                first.append(row)
            if len(kinds) < _KINDS:
                kinds.setdefault(_kind(row), row)
            kinds.setdefault(type(row.expected), row)
            if (said := sum(len(turn.content) for turn in row.turns)) > length:
                longest, length = row, said
            if count == LOOKED_AT:
                names.leave_unread(f"what was looked at ({LOOKED_AT:,} rows)")
                break
        reading.refuse_empty(source)
        rows = {row.id: row for row in [*kinds.values(), *([longest] if longest else [])]}
        left = left_files(source, self.readers)
        warnings = [
            *(said for _, said in broken_warnings(reading.broken.facts())),
            *reading.notes(source).warnings(),
            *([left_warning(left)] if left else []),
        ]
        return Look(
            source.resolved.address,
            source.split,
            tuple(first),
            names.problem,
            tuple(warnings),
            tuple(rows.values()),
        )

    def _rows(self, source: Input, reading: Reading) -> Iterator[Row]:
        for file in list_files(source, self.readers):
            reader = reader_of(source, file, self.readers)
            with blame("read", f"reader {reader.name}", reader.plugin):
                yield from reading.rows(source, file, reader)


def _kind(row: Row) -> object:
    """What a chat template may hang on, beside the words."""
    turns = tuple((turn.role, bool(turn.calls), bool(turn.images), bool(turn.reasoning)) for turn in row.turns)
    return (turns if len(turns) <= _TURNS else frozenset(turns)), bool(row.tools)
