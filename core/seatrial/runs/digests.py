"""Recorded digests: what every file of a run was when it was written, and what has become of it since.

Stages' markers hold the digests of what stages wrote. `digests.json`, written at the end of each command that writes into
a run folder, holds those of all that no marker names: the markers, the manifest, the suites. So nothing of a finished run
is altered, lost or added unseen, unless whoever did it wrote all of the digests anew: they are no signature. The digest of
`digests.json` itself, kept elsewhere, would tell that too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seatrial.errors import StoreError
from seatrial.runs.marker import Marker
from seatrial.runs.part_files import is_part
from seatrial.runs.plain_files import read_bytes, relative_to
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.store import digest_path, write_json
from seatrial.stored import read_record
from seatrial.terminal.legible import one_line

__all__ = [
    "DECIDED",
    "DIGESTS",
    "REPORTED",
    "Checked",
    "Difference",
    "check",
    "forget",
    "is_recorded",
    "record",
    "refuse_altered",
    "renew",
    "verdict_differences",
]

DIGESTS = "digests.json"
REPORTED = ("report/", "nodes/report.json")
"""What writing reports writes anew."""
DECIDED = (*REPORTED, "scores.json", "verdict.json", "nodes/gate.json")
"""What deciding again writes anew."""
_LOG = "log.jsonl"
_APART = (DIGESTS, _LOG, ".lock")
_VERDICT = ("manifest.json", "suite.yaml", "nodes/gate.json")
_WEIGHTS = "products"

What = Literal["altered", "missing", "added"]


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One file that is not what was recorded."""

    path: str
    """Below the run folder."""
    what: What

    def __str__(self) -> str:
        return f"{one_line(self.path, 200)} ({self.what})"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at all of a run's files found."""

    files: int
    """How many were held against a digest."""
    differences: tuple[Difference, ...]
    finished: bool
    """Whether all of the run's files have digests; those of a run that goes on have none yet, but for what stages left."""
    sha256: str
    """Of `digests.json`, which tells of all files; "" where there is none."""

    @property
    def intact(self) -> bool:
        """Whether every file is what was recorded."""
        return not self.differences

    def lines(self, path: Path) -> list[str]:
        """What a person reads of it."""
        if self.differences:
            return [*map(str, self.differences), f"{path}: {len(self.differences)} of its files are not as recorded"]
        if not self.finished:
            return [
                f"{path}: {self.files} files are as recorded; the run is not finished, so others have no digest yet"
            ]
        return [f"{path}: all {self.files} files are as recorded, by its digests.json (SHA-256 {self.sha256})"]


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What stands in `digests.json`."""

    files: Mapping[str, str]
    log: _Log


@dataclass(frozen=True, slots=True)
class _Log:
    """The log so far: later commands append to it, and nobody may change what stands there."""

    bytes: int
    sha256: str


def record(folder: RunFolder, *, manifest: str | None = None) -> None:
    """Write down what every file is that no marker names.

    Args:
        folder: the run.
        manifest: the text of its manifest, which is written next: a run that says that it is finished has its digests.
    """
    claimed = _claimed(folder.markers())
    files = {name: digest_path(folder / name) for name in _files(folder.path) if not _is_claimed(name, claimed)}
    if manifest is not None:
        files["manifest.json"] = hashlib.sha256(manifest.encode()).hexdigest()
    log = folder / _LOG
    size = log.stat().st_size if log.is_file() else 0
    write_json(folder / DIGESTS, {"files": files, "log": {"bytes": size, "sha256": _start_digest(log, size)}})


def renew(folder: RunFolder) -> None:
    """Write the record anew after a command that is not the run's own; a run without one, which is unfinished, gets none:
    what it was before nobody knows.
    """
    if is_recorded(folder):
        record(folder)


def is_recorded(folder: RunFolder) -> bool:
    """Whether there is a record; without one, nobody can tell whether what the run says is as it was written."""
    return (folder / DIGESTS).is_file()


def forget(folder: RunFolder) -> None:
    """Take the record back, for work that goes on: what was recorded is held against the files before.

    The run says that it is not finished first: a finished one without its digests is refused.
    """
    if (folder / "manifest.json").is_file():
        manifest = folder.read_json("manifest.json")
        if manifest.pop("finished", None) is not None:
            write_json(folder / "manifest.json", manifest)
    (folder / DIGESTS).unlink(missing_ok=True)


def refuse_altered(folder: RunFolder, *, but: tuple[str, ...] = ()) -> None:
    """Refuse a run whose files are not what was recorded; weights, which no verdict and no report reads, are not looked at.

    Args:
        folder: the run.
        but: files, and folders with a slash, that do not matter, since they are written anew.

    Raises:
        StoreError: files are altered or missing, or there are others; the message names them.
    """
    folders = tuple(name for name in but if name.endswith("/"))
    found = [
        one
        for one in _differences(folder, weights=False)
        if one.path not in but and not (folders and one.path.startswith(folders))
    ]
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise StoreError(
            f"{folder.path}: not as it was written: {', '.join(map(str, found[:5]))}{more}; nothing that it says can be "
            f"relied on. `seatrial verify {folder.path}` looks at every file; get the run folder again from who made it"
            + _way_out(found)
        )


def _way_out(found: list[Difference]) -> str:
    """How a verdict comes about again, where only such files are not what they were that are made of others."""
    names = {one.path for one in found}
    if names <= {"scores.json", "verdict.json"}:
        return ", or let `seatrial gate` decide again, from the samples"
    if names == {DIGESTS}:
        return ". Or it was killed at its very end: then the command that started it goes on, and takes what it finds as its own"
    if names == {"suite.yaml"}:
        return ", or put its suite.yaml back; other gates are named with `seatrial gate RUN --suite FILE`, which is recorded"
    return ""


def verdict_differences(folder: RunFolder) -> list[Difference]:
    """What is not as it was recorded of the few files that say how a run ended: for a list of many runs.

    Raises:
        StoreError: a record of the run is damaged, or one of the files is longer than any of its kind.
    """
    recorded = _recorded(folder)
    expected: dict[str, str] = {}
    if recorded is not None:
        expected |= {name: recorded.files[name] for name in _VERDICT if name in recorded.files}
    elif _says_finished(folder):
        return [Difference(DIGESTS, "missing")]
    decided = folder.record("gate")
    expected |= decided.outputs if decided else {}
    found = []
    for name, digest in expected.items():
        try:
            same = hashlib.sha256(read_bytes(folder / name)).hexdigest() == digest
        except OSError:
            found.append(Difference(name, "altered" if os.path.lexists(folder / name) else "missing"))
        else:
            found += [] if same else [Difference(name, "altered")]
    return found


def check(path: Path) -> Checked:
    """Hold every file of a run against its digest.

    Raises:
        UsageError: it is no run folder.
        StoreError: it holds a link, or a record in it is damaged.
    """
    folder = RunFolder.open(path)
    markers = list(folder.markers())
    recorded = _recorded(folder)
    found = tuple(sorted(set(_differences(folder, weights=True))))
    files = len(recorded.files) + 1 if recorded else 0
    files += sum(len(mark.contents.get(name, [name])) for mark in markers for name in mark.outputs)
    digest = digest_path(folder / DIGESTS) if recorded else ""
    return Checked(files, found, recorded is not None or _says_finished(folder), digest)


def _differences(folder: RunFolder, *, weights: bool) -> Iterator[Difference]:
    """What is altered, missing, or stands there beside what was recorded."""
    recorded = _recorded(folder)
    if recorded is not None:
        for name, digest in recorded.files.items():
            yield from _compared(relative_to(folder.path, name), name, digest)
        if _start_digest(folder / _LOG, recorded.log.bytes) != recorded.log.sha256:
            yield Difference(_LOG, "altered" if (folder / _LOG).is_file() else "missing")
    markers = list(folder.markers())
    if recorded is None and (_says_finished(folder) or _is_done(folder, markers)):
        yield Difference(DIGESTS, "missing")
    for mark in markers:
        for name, digest in mark.outputs.items():
            if weights or not name.startswith(f"{_WEIGHTS}/"):
                yield from _of_output(folder, mark, name, digest)
    if recorded is not None:
        claimed = _claimed(markers)
        for name in _files(folder.path):
            if name not in recorded.files and not _is_claimed(name, claimed):
                yield Difference(name, "added")


def _of_output(folder: RunFolder, mark: Marker, name: str, digest: str) -> Iterator[Difference]:
    contents = mark.contents.get(name)
    if contents is None:
        yield from _compared(folder / name, name, digest)
        return
    for below, of in contents.items():
        yield from _compared(relative_to(folder / name, below), f"{name}/{below}", of)
    there = {path.relative_to(folder / name).as_posix() for path in (folder / name).rglob("*") if path.is_file()}
    for below in sorted(there - contents.keys()):
        yield Difference(f"{name}/{below}", "added")


def _compared(path: Path, name: str, digest: str) -> Iterator[Difference]:
    if not path.is_file():
        yield Difference(name, "missing")
    elif digest_path(path) != digest:
        yield Difference(name, "altered")


def _recorded(folder: RunFolder) -> _Recorded | None:
    path = folder / DIGESTS
    return read_record(_Recorded, folder.read_json(DIGESTS), str(path)) if path.is_file() else None


def _says_finished(folder: RunFolder) -> bool:
    return bool(folder.read_json("manifest.json").get("finished"))


def _is_done(folder: RunFolder, markers: Sequence[Marker]) -> bool:
    """Whether every stage of a run is done: then its end, which writes the record, is all that it may lack."""
    stages = folder.read_json("manifest.json").get("stages")
    return isinstance(stages, list) and bool(stages) and {mark.stage for mark in markers}.issuperset(map(str, stages))


def _files(folder: Path) -> list[str]:
    """Every file of a run, but for the parts of one that is being written."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return [name for name in names if name not in _APART and not any(map(is_part, name.split("/")))]


def _claimed(markers: Iterator[Marker] | list[Marker]) -> set[str]:
    return {name for mark in markers for name in mark.outputs}


def _is_claimed(name: str, claimed: set[str]) -> bool:
    """Whether a marker names the file, or a folder that it is in."""
    pieces = name.split("/")
    return any("/".join(pieces[:count]) in claimed for count in range(1, len(pieces) + 1))


def _start_digest(path: Path, size: int) -> str:
    """SHA-256 of a file's first bytes."""
    found = hashlib.sha256()
    if path.is_file():
        with path.open("rb") as stream:
            while size > 0 and (block := stream.read(min(size, 1 << 20))):
                found.update(block)
                size -= len(block)
    return found.hexdigest()
