"""The run folder and the cache: everything on disk is written whole or not at all.

A file is written under a temporary name, synced and renamed; a folder likewise. A stage's marker, written last, holds
the SHA-256 of all that the stage wrote, so a run that was killed anywhere goes on from its last whole stage.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from seatrial.errors import StoreError, UsageError
from seatrial.runs.events import Artifact, Record
from seatrial.terminal.legible import one_line

__all__ = ["RunFolder", "atomic_file", "atomic_folder", "cache_folder", "digest_json", "digest_path", "write_json"]

_PART = ".part"


def cache_folder() -> Path:
    """Where converted weights and other derived files are kept between runs: `$SEATRIAL_CACHE`, else the user's cache."""
    if named := os.environ.get("SEATRIAL_CACHE"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "seatrial"


def digest_json(value: object) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys, no white space); equal values give equal digests."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_path(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder, over its files' relative paths and digests."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return digest_json({file.relative_to(path).as_posix(): digest_path(file) for file in files})
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that becomes `path` when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{_PART}")
    try:
        yield part
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """An empty temporary folder beside `path` that replaces `path` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{_PART}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
        if path.exists():
            shutil.rmtree(path)
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_json(path: Path, value: object) -> None:
    """Write strict JSON (no NaN), atomically."""
    with atomic_file(path) as part:
        part.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _linked(source: Path, target: Path) -> None:
    """Make `target` hold what `source` holds: finished files are never written again, so one copy serves both runs."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    if source.is_dir():
        for file in source.rglob("*"):
            if file.is_file():
                _linked(file, target / file.relative_to(source))
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk."""

    path: Path
    node: str = ""
    """The key of the node that works in it; "" outside of one."""

    # ---- finding --------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, runs: Path, suite: str, now: datetime) -> RunFolder:
        """A new, empty folder `<runs>/<time>-<suite>`.

        Raises:
            UsageError: it cannot be made there.
        """
        slug = re.sub(r"[^A-Za-z0-9_-]+", "-", suite)
        for attempt in range(100):
            tail = f"-{attempt + 1}" if attempt else ""
            path = runs / f"{now:%Y%m%dT%H%M%S}-{slug}{tail}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                said = (error.strerror or str(error)).lower()
                raise UsageError(
                    f"{path}: cannot be made: {said}; `--runs` names another place for run folders"
                ) from error
            return cls(path)
        raise StoreError(f"{runs}: cannot create a run folder for {suite}: 100 of this second exist")

    @classmethod
    def newest_unfinished(cls, runs: Path, suite_digest: str) -> RunFolder | None:
        """The newest run of the same resolved suite that has no verdict yet."""
        for path in sorted(runs.glob("*/manifest.json"), reverse=True):
            folder = cls(path.parent)
            manifest = folder.read_json("manifest.json")
            if manifest.get("suite_sha256") == suite_digest and not manifest.get("finished"):
                return folder
        return None

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run folder.

        Raises:
            UsageError: there is none.
        """
        if not (path / "manifest.json").is_file():
            inside = sorted(found.parent for found in path.glob("*/manifest.json"))
            hint = f"the newest run in it is {inside[-1]}" if inside else "name one below runs/"
            raise UsageError(f"{path}: not a run folder (it has no manifest.json); {hint}")
        return cls(path)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process alone; the lock falls with the process.

        Raises:
            StoreError: another process holds it.
        """
        import fcntl

        stream: IO[bytes]
        with (self.path / ".lock").open("wb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(
                    f"{self.path}: another seatrial process works in this run folder; wait for it, or start another run "
                    "with --fresh"
                ) from error
            yield

    # ---- files ----------------------------------------------------------------------------------------------------

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON object of the run.

        Raises:
            StoreError: it is missing or damaged.
        """
        path = self.path / name
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(f"{path}: missing or damaged ({error}); run the suite again with --fresh") from error
        if not isinstance(value, dict):
            raise StoreError(f"{path}: holds no JSON object; run the suite again with --fresh")
        return value

    def last_error(self) -> str | None:
        """What the run ended with, by its log; None where it was killed, or is still running."""
        try:
            lines = (self.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
            last = json.loads(lines[-1]) if lines else {}
        except (OSError, ValueError):
            return None
        return (last.get("message") or None) if last.get("level") == "error" else None

    def keep_suite(self, command: Sequence[str] = ()) -> None:
        """Keep the suite that the run had so far, before another takes its place: `suite-1.yaml` and so on.

        Its first line says when another one took its place, at whose hands and by which command, as far as known.
        """
        number = 1 + len(list(self.path.glob("suite-*.yaml")))
        with contextlib.suppress(Exception):  # whoever has no name on this machine raises in ways of its own
            import getpass

            command = [f"{getpass.getuser()}:", *command]
        note = f"# until {datetime.now(UTC).isoformat(timespec='seconds')}, by {one_line(' '.join(command), 400)}\n"
        with atomic_file(self.path / f"suite-{number}.yaml") as part:
            part.write_text(note + (self.path / "suite.yaml").read_text(encoding="utf-8"), encoding="utf-8")

    # ---- nodes ----------------------------------------------------------------------------------------------------

    def unfinished(self) -> Path:
        """Where the node that works keeps what it has done so far, for a process that goes on after a kill."""
        folder = self.path / "unfinished" / (self.node[:16] or "node")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget_unfinished(self, *, but: Collection[str] = ()) -> None:
        """Remove what nodes have kept of unfinished work, but for those of some keys."""
        for folder in (self.path / "unfinished").glob("*"):
            if folder.name not in {key[:16] for key in but}:
                shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.path / "unfinished").rmdir()

    def _marker(self, stage: str) -> Path:
        return self.path / "nodes" / f"{re.sub(r'[^A-Za-z0-9_.=]+', '-', stage).strip('-')}.json"

    def take(self, earlier: RunFolder, stage: str, key: str) -> tuple[Record, Artifact] | None:
        """What an earlier run left of a node with the same key, linked or copied into this one; None where it has none."""
        try:
            found = earlier.finished(stage, key)
        except StoreError:
            return None
        if found is None or found[0].unanswered:
            return None
        record, artifact = found
        for relative in record.outputs:
            _linked(earlier.path / relative, self.path / relative)
        files = {name: self.path / path.relative_to(earlier.path) for name, path in artifact.files.items()}
        taken = replace(record, resumed=False, taken_from=record.taken_from or earlier.path.name)
        return replace(self.finish(taken, Artifact(files, artifact.facts)), resumed=True), Artifact(
            files, artifact.facts
        )

    def finish(self, record: Record, artifact: Artifact) -> Record:
        """Write the stage's marker, with the digest of every file it wrote; the last thing that a stage does."""
        files = {name: path.relative_to(self.path).as_posix() for name, path in artifact.files.items()}
        outputs = {relative: digest_path(self.path / relative) for relative in sorted(files.values())}
        write_json(
            self._marker(record.stage),
            {
                "stage": record.stage,
                "key": record.key,
                "started": record.started.isoformat(),
                "seconds": round(record.seconds, 3),
                "peak_bytes": record.peak_bytes,
                "files": files,
                "outputs": outputs,
                "facts": artifact.facts,
                "taken_from": record.taken_from,
            },
        )
        return Record(
            record.stage,
            record.key,
            record.started,
            record.seconds,
            resumed=False,
            peak_bytes=record.peak_bytes,
            outputs=outputs,
            facts=artifact.facts,
            taken_from=record.taken_from,
        )

    def record(self, stage: str) -> Record | None:
        """What the stage's marker says, its files unverified; None where it is not finished."""
        marker = self._marker(stage)
        if not marker.is_file():
            return None
        kept = self.read_json(str(marker.relative_to(self.path)))
        return Record(
            stage,
            kept["key"],
            datetime.fromisoformat(kept["started"]),
            kept["seconds"],
            resumed=False,
            peak_bytes=kept["peak_bytes"],
            outputs=kept["outputs"],
            facts=kept["facts"],
            taken_from=kept.get("taken_from", ""),
        )

    def finished(self, stage: str, key: str | None = None) -> tuple[Record, Artifact] | None:
        """What a stage left, if it is whole and was made with the same key; any key where `key` is None."""
        record = self.record(stage)
        if record is None or (key is not None and record.key != key):
            return None
        for relative, digest in record.outputs.items():
            path = self.path / relative
            if not path.exists() or digest_path(path) != digest:
                return None
        files = self.read_json(str(self._marker(stage).relative_to(self.path)))["files"]
        return replace(record, resumed=True), Artifact(
            {name: self.path / relative for name, relative in files.items()}, record.facts
        )
