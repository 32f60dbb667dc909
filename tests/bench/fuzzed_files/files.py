"""Files: drawn, written, and what is known of each without reading it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fuzzed_files.chance import Chance
from fuzzed_files.damage import BREAKS
from fuzzed_files.formats import FORMS
from fuzzed_files.packing import FOREIGN, gzipped
from fuzzed_files.values import LAYOUTS, record
from seatrial_plugins.readers.opening import LIMIT

__all__ = ["Made", "fuzzed"]

ENCODINGS = {"another encoding", "mixed encodings"}
ENDINGS = {"chatterbot": "yml", "langchain": "json"}
"""Of the formats whose readers are chosen by name only."""

READER_OPTIONS = {
    "csv": ['{csv: {delimiter: ";"}}', "{csv: {names: [text, label]}}", '{csv: {quote: ""}}'],
    "tsv": ["{tsv: {names: [prompt, completion]}}", '{tsv: {quote: ""}}'],
    "chatterbot": ["{chatterbot: {task: dialogue}}"],
}
KEYS = ["format: chat", "columns: {text: x}", "columns: {prompt: text, completion: label}"]
"""What a suite may say of a source's records."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file, or a folder of them, and what is known of it."""

    file: Path
    kinds: frozenset[str] = frozenset()
    """What was done to it."""
    records: int | None = None
    """How many records there are to read, counted without a reader; None where that can't be told."""
    keys: tuple[str, ...] = ()
    """What the suite says of the source beside its address, as YAML."""
    forms: frozenset[str] = frozenset()
    """The formats that were written."""
    unread: bool = False
    """Whether no reader takes it by its ending, and none is named."""


@dataclass(slots=True)
class _Written:
    """One file before it has a name."""

    form: str
    ending: str
    data: bytes
    layout: str = ""
    reader: str = ""
    records: int | None = None
    unread: bool = False
    keys: list[str] = field(default_factory=list)


def fuzzed(folder: Path, draw: Chance) -> Made:
    """A broken file, or now and then a folder of some."""
    if draw.happens(0.05):
        draw.kinds.add("a folder of files")
        parts = [_drawn(draw, alone=False) for _ in range(draw.choice([2, 3]))]
        place = folder / "files"
        place.mkdir()
        for number, part in enumerate(parts):
            (place / f"{number}.{part.ending}").write_bytes(part.data)
        counts = [part.records for part in parts]
        known = None if None in counts else sum(count or 0 for count in counts)
        return Made(place, frozenset(draw.kinds), known, forms=frozenset(part.form for part in parts))
    part = _drawn(draw, alone=True)
    file = folder / f"file.{part.ending}"
    file.write_bytes(part.data)
    keys = [f"reader: {part.reader}"] if part.reader else []
    if draw.happens(0.08):
        draw.kinds.add("keys of its own in the suite")
        keys.append(draw.choice([*KEYS, f"format: {part.layout}"] if part.layout else KEYS))
    count = part.records
    if draw.happens(0.05):
        draw.kinds.add("a limit")
        limit = draw.choice([1, 7, 40])
        keys.append(f"limit: {limit}")
        count = None if count is None else min(count, limit)
    kinds = frozenset(draw.kinds or {"left whole"})
    return Made(file, kinds, count, tuple(keys), frozenset({part.form}), part.unread)


def _drawn(draw: Chance, *, alone: bool) -> _Written:
    """A file's bytes and its ending; in a folder each is read by its ending."""
    form = draw.choice(list(FORMS) if alone else [form for form in FORMS if form not in ENDINGS])
    layout = draw.choice(["", "", *LAYOUTS])
    records = [record(draw, layout) for _ in range(draw.choice([0, 1, 5, 20, 60, 60, 60, 60]))]
    data = FORMS[form](records, draw)
    whole = form in {"jsonl", "json"}  # what is broken in one record there leaves the others
    for _ in range(draw.choice([0, 1, 1, 1, 2, 3] if whole else [0, 0, 0, 0, 1, 1, 2])):
        data = draw.choice(BREAKS)(data, draw)
    ending = draw.choice([form] * 9 + [draw.choice(list(FORMS))])
    ending = ENDINGS.get(ending, ending)
    part = _Written(form, ending, data, layout)
    if alone:
        part.reader = form if form in ENDINGS or draw.happens(0.2) else ""
        if part.reader and form in READER_OPTIONS and draw.happens(0.3):
            draw.kinds.add("options of the reader")
            part.reader = draw.choice(READER_OPTIONS[form])
    if not part.reader and ending != form:
        draw.kinds.add("named for another format")
    part.records = _counted(data, records, form if part.reader else ending, draw)
    _pack(part, draw, alone=alone)
    if draw.happens(0.05):
        part.ending = {"jsonl": "ndjson", "yaml": "yml"}.get(part.ending, part.ending.upper())
    return part


def _pack(part: _Written, draw: Chance, *, alone: bool) -> None:
    """Compress it, or only say so."""
    if draw.happens(0.15):
        part.data = gzipped(part.data, draw)
        kept = draw.kinds & {"gzip, whole", "gzip, in two members"}
        if not kept or draw.kinds & {"gzip, truncated", "gzip, damaged", "gzip in gzip", "gzip, with bytes behind it"}:
            part.records = None
        part.ending += ".gz"
    elif draw.happens(0.02):
        draw.kinds.add("named .gz, and is not")
        part.ending, part.records = f"{part.ending}.gz", None
    elif alone and draw.happens(0.05):
        draw.kinds.add("a compression that is not read")
        foreign = draw.choice(list(FOREIGN))
        part.data, part.records = FOREIGN[foreign](part.data), None
        if draw.happens(0.5):
            part.ending += f".{foreign}"
            part.unread = not part.reader


def _counted(data: bytes, records: Sequence[object], read_as: str, draw: Chance) -> int | None:
    """How many records a reader should find, where that can be told without one. Of nothing, it finds one: nothing."""
    if ENCODINGS & draw.kinds or data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return None
    if data.startswith(b"PK"):  # the beginning of a ZIP archive, and nothing of it is read
        return 1
    if read_as == "jsonl":
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        # A line that is too long is one record, whatever it holds: no more of it is looked at.
        return sum(len(line) > LIMIT or bool(line.decode("utf-8", "replace").strip()) for line in lines) or 1
    whole = {"wrong types", "Parquet with odd columns", "a folder of files"}
    if read_as in {"json", "parquet"} and draw.kinds <= whole:
        return len(records) or 1
    return None
