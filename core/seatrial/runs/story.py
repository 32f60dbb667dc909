"""A row's story: where it was read, everything that was found in it, what was done about it, and where it ended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.data.ledger import Entry, entries_of
from seatrial.errors import UsageError
from seatrial.rows import Row
from seatrial.rows.columns import rows_of
from seatrial.rows.storable import storable
from seatrial.runs.digests import DECIDED, refuse_altered
from seatrial.runs.run_folder import RunFolder
from seatrial.stored import undamaged

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

__all__ = ["Answer", "Place", "Story", "tell"]

LISTED = 10
"""Rows that a message names where several are meant."""

_PLACE = re.compile(r"(?P<file>.+):(?P<line>[0-9]{1,18})")
_FIRST = re.compile(r"(?P<place>.+:[0-9]{1,18})\.1")
_SPLITS = ("train", "validation", "test")
_LEDGERS = ("read", "clean", "deduplicate", "decontaminate")
_LATER = ("split", "deduplicated", "clean")
"""The tables of an unfinished run, the last one first. Not the raw rows: these hold what was redacted."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in the suite's sources."""

    source: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one system made of the row, as one scorer has it."""

    scorer: str
    system: str
    seed: str | None
    """Of the system's training; None where it has none."""
    prediction: str | None
    target: str | None
    values: Mapping[str, float]
    """Column → number; those that do not apply are left out."""
    error: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """All that a run knows about one row."""

    row: str
    """Its id; for a record that never became a row `file:line`, and `.2`, `.3`, … where there are several of these."""
    place: Place
    entries: tuple[Entry, ...]
    """What was found, in the order in which it was found."""
    final: Row | None
    """The row as it is kept, repaired and redacted; None for one that was dropped."""
    finished: bool
    """Whether the run's data stages are done, so that a row that is kept stays."""
    matched: Mapping[str, Place] = field(default_factory=dict)
    """Where the rows stand that entries name as matched."""
    answers: tuple[Answer, ...] = ()
    """What each system answered, scorer by scorer."""

    @property
    def decisive(self) -> Entry | None:
        """The entry that took the row out, if one did."""
        return next((entry for entry in self.entries if entry.decisive), None)

    @property
    def text(self) -> str:
        """What the row says, as far as it may be shown: as it is kept, else the ledger's excerpt."""
        if self.final is not None:
            return self.final.text
        return self.entries[-1].excerpt if self.entries else ""

    @property
    def ending(self) -> str:
        """Where it ended, in a few words."""
        if (out := self.decisive) is not None:
            return f"dropped in {out.stage} by {out.filter}/{out.rule}"
        if self.final is None:
            return "unknown: the run did not get past reading it"
        if not self.finished:
            return "still in; the run's data stages are not finished"
        return f"kept in {self.final.split}"


def tell(path: Path, named: str) -> Story:
    """The story of one row of a run; no plugin and no model is needed.

    Args:
        path: A run folder; the run need not be finished.
        named: The row's id, the first characters of it, or `FILE:LINE`, where the last parts of a file's path will do, its
            source's among them. `FILE:LINE.1` is the first of several records that are no rows.

    Raises:
        UsageError: it is no run folder.
        StoreError: its files are damaged.
        UsageError: no row is meant by that, or several are; the message names the nearest, or them.
    """
    folder = RunFolder.open(path)
    refuse_altered(folder, but=DECIDED)
    named = storable(named)
    found = _matching(folder, named)
    if len(found) != 1:
        raise UsageError(_several(named, found) if found else _none(folder, named))
    ((row, place),) = found.items()
    entries = tuple(_entries(folder, row))
    final = None if any(entry.decisive for entry in entries) else _final(folder, row)
    others = {entry.matched_row for entry in entries if entry.matched_row is not None}
    return Story(
        row,
        place,
        entries,
        final,
        finished=(folder / "ledger.parquet").is_file(),
        matched=_places(folder, _isin("id", others)) if others else {},
        answers=tuple(_answers(folder, row)),
    )


# ---- finding the row -------------------------------------------------------------------------------------------------


def _matching(folder: RunFolder, named: str) -> dict[str, Place]:
    """Id → place of all rows that can be meant; one whose id is just that is meant alone."""
    place = _PLACE.fullmatch(named)
    if place:
        wanted = _stands_at(place["file"], int(place["line"]))
        return _places(folder, wanted) | _unreadable(folder, wanted)
    if not named:
        return {}
    first = _FIRST.fullmatch(named)
    return (
        _places(folder, _field("id") == named)
        or _unreadable(folder, _field("row") == (first["place"] if first else named))
        or _places(folder, _starts_with("id", named))
    )


def _stands_at(file: str, line: int) -> pc.Expression:
    return (_field("line") == line) & _is_file(file)


def _is_file(file: str) -> pc.Expression:
    """Rows of the file, or of files whose path ends in that: the path below the source, or with the source's before it."""
    import pyarrow.compute as pc

    name = file.removeprefix("./")
    meant = (_field("file") == name) | pc.ends_with(_field("file"), f"/{name}")
    for slash in re.finditer("/", name):
        source, below = name[: slash.start()], name[slash.end() :]
        meant |= (_field("file") == below) & (_ends("source", source) | _ends("source", name))
    return meant


def _ends(name: str, path: str) -> pc.Expression:
    """Whether an address is of that path, or of one that ends in it."""
    import pyarrow.compute as pc

    field = _field(name)
    return (field == path) | pc.ends_with(field, f":{path}") | pc.ends_with(field, f"/{path}")


def _field(name: str) -> pc.Expression:
    import pyarrow.compute as pc

    return pc.field(name)


def _starts_with(name: str, start: str) -> pc.Expression:
    import pyarrow.compute as pc

    return pc.starts_with(pc.field(name), start)


def _isin(name: str, values: set[str]) -> pc.Expression:
    import pyarrow as pa

    return _field(name).isin(pa.array(sorted(values), pa.string()))


def _places(folder: RunFolder, wanted: pc.Expression) -> dict[str, Place]:
    """The rows that were read, by id."""
    table = _read(folder / "data/raw.parquet", wanted, ["id", "source", "file", "line"])
    return {of["id"]: Place(of["source"], of["file"], of["line"]) for of in table.to_pylist()}


def _unreadable(folder: RunFolder, wanted: pc.Expression) -> dict[str, Place]:
    """The records that never became a row."""
    table = _read(folder / "ledger/read.parquet", wanted, ["row", "source", "file", "line"])
    return {of["row"]: Place(of["source"], of["file"], of["line"]) for of in table.to_pylist()}


def _read(path: Path, wanted: pc.Expression, columns: Sequence[str] | None = None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return pa.table({name: [] for name in columns or ()})
    with undamaged(path):
        return pq.read_table(path, columns=list(columns) if columns else None, filters=wanted)


def _several(named: str, found: Mapping[str, Place]) -> str:
    listed = ", ".join(
        f"{row}.1 ({place})" if row == str(place) else f"{row} ({place})" for row, place in list(found.items())[:LISTED]
    )
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    source = ", or by its source's path before it" if len({place.source for place in found.values()}) > 1 else ""
    return f"{named!r} can mean {len(found)} rows: {listed}{more}; name one by its whole id{source}"


def _none(folder: RunFolder, named: str) -> str:
    if not (folder / "data/raw.parquet").is_file():
        return f"{folder.path}: no rows have been read in this run yet"
    place = _PLACE.fullmatch(named)
    if place is None:
        shown = ", ".join(_some_ids(folder))
        if not shown:
            return f"{folder.path}: no record of this run became a row; name one by FILE:LINE"
        return (
            f"no row has the id {named!r}, or one that starts so; ids look like {shown}, and FILE:LINE names a row too"
        )
    of_file = _is_file(place["file"])
    lines = sorted({at.line for at in (*_places(folder, of_file).values(), *_unreadable(folder, of_file).values())})
    if not lines:
        return f"no row was read from a file {place['file']!r}; there are: {', '.join(_files(folder))}"
    line = int(place["line"])
    near = sorted(sorted(lines, key=lambda other: abs(other - line))[:2])
    return (
        f"no row of {place['file']} starts in line {line}; the nearest start in "
        f"{' and '.join(str(other) for other in near)} (of {len(lines)}, from {lines[0]} to {lines[-1]})"
    )


def _some_ids(folder: RunFolder) -> list[str]:
    import pyarrow.parquet as pq

    with undamaged(folder / "data/raw.parquet"):
        first = next(pq.ParquetFile(folder / "data/raw.parquet").iter_batches(2, columns=["id"]), None)
    return first.column("id").to_pylist() if first is not None else []


def _files(folder: RunFolder) -> list[str]:
    import pyarrow.parquet as pq

    with undamaged(folder / "data/raw.parquet"):
        names = sorted(pq.read_table(folder / "data/raw.parquet", columns=["file"])["file"].unique().to_pylist())
    return names[:LISTED] + [f"and {len(names) - LISTED} more"] * (len(names) > LISTED)


# ---- telling it ------------------------------------------------------------------------------------------------------


def _entries(folder: RunFolder, row: str) -> Iterator[Entry]:
    whole = folder / "ledger.parquet"
    for path in [whole] if whole.is_file() else [folder / f"ledger/{stage}.parquet" for stage in _LEDGERS]:
        if path.is_file():
            with undamaged(path):
                found = list(entries_of(_read(path, _field("row") == row)))
            yield from found


def _answers(folder: RunFolder, row: str) -> Iterator[Answer]:
    for path in sorted((folder / "samples").glob("*.parquet")):
        for sample in _read(path, _field("row") == row).to_pylist():
            values = {name.removeprefix("value:"): value for name, value in sample.items() if name.startswith("value:")}
            yield Answer(
                path.stem,
                sample["system"],
                sample.get("seed"),
                sample["prediction"],
                sample["target"],
                {name: value for name, value in values.items() if value is not None},
                sample["error"],
            )


def _final(folder: RunFolder, row: str) -> Row | None:
    """The row in the last table that holds it."""
    for name in (*_SPLITS, *_LATER):
        path = folder / f"data/{name}.parquet"
        if not path.is_file():
            continue
        with undamaged(path):
            found = rows_of(_read(path, _field("id") == row))
        if found:
            return found[0]
    return None
