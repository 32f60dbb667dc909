"""The run folder: what a run keeps on disk.

A stage's marker, written last, holds the SHA-256 of all that the stage wrote, so a run that was killed anywhere goes on from
its last whole stage. A folder that somebody else may have made is opened only where it holds files and folders and nothing
else (`plain_files`).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seatrial.errors import StoreError, UsageError
from seatrial.runs import plain_files
from seatrial.runs.events import Artifact, Record
from seatrial.runs.marker import Marker, read_marker
from seatrial.runs.part_files import clear_abandoned
from seatrial.runs.store import atomic_file, contents, digest_json, digest_path, write_json
from seatrial.terminal.legible import one_line

__all__ = ["RunFolder"]

_PATIENCE = 5.0
"""Seconds that are waited for a folder that another process holds: one that was killed a moment ago still gives its memory
back, which takes a second for each ten gigabytes or so."""

_LOG_END = 1 << 20
"""Bytes at the end of a log that are looked at for its last line."""


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
            try:
                manifest = folder.read_json("manifest.json")
            except StoreError:  # a damaged one is nobody's unfinished run; `seatrial runs` lists it
                continue
            if manifest.get("suite_sha256") == suite_digest and not manifest.get("finished"):
                return cls.open(path.parent)
        return None

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run folder.

        Raises:
            UsageError: there is none.
            StoreError: it holds a link, or something else that is neither file nor folder.
        """
        if os.path.lexists(path / "manifest.json"):
            plain_files.refuse_others(path)
        if not (path / "manifest.json").is_file():
            inside = sorted(found.parent for found in path.glob("*/manifest.json"))
            hint = f"the newest run in it is {inside[-1]}" if inside else "name one below runs/"
            raise UsageError(f"{path}: not a run folder (it has no manifest.json); {hint}")
        return cls(path)

    def identity(self) -> str:
        """Of this run and no other: folders are named by the second, and in another place or on another machine there is the
        same name again; the manifest has the microsecond.
        """
        return f"{self.path.name}-{digest_json(self.read_json('manifest.json')['started'])[:8]}"

    def began(self) -> str:
        """The day on which the run began, in ISO's form: its date, whenever it goes on."""
        return str(self.read_json("manifest.json")["started"]).partition("T")[0]

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process alone; the lock falls with the process.

        Raises:
            StoreError: another process holds it.
        """
        import fcntl

        lock = os.open(self.path / ".lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o666)
        try:
            patient = time.monotonic() + _PATIENCE
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    if time.monotonic() < patient:
                        time.sleep(0.05)
                        continue
                    raise StoreError(
                        f"{self.path}: another seatrial process works in this run folder; wait for it, or start another "
                        "run with --fresh"
                    ) from error
                break
            for folder in (self.path, *(found for found in self.path.rglob("*") if found.is_dir())):
                clear_abandoned(folder, older=0)
            self._unshare()
            yield
        finally:
            os.close(lock)

    def _unshare(self) -> None:
        """Make files its own that are written to where they stand: one may be a second name of a file elsewhere."""
        for path in (self.path / "log.jsonl", *(self.path / "unfinished").rglob("*")):
            if path.is_file() and path.stat().st_nlink > 1:
                with atomic_file(path) as part:
                    shutil.copyfile(path, part)

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
            value = json.loads(plain_files.read_text(path))
        except (OSError, ValueError, RecursionError) as error:
            raise StoreError(f"{path}: missing or damaged ({error}); run the suite again with --fresh") from error
        if not isinstance(value, dict):
            raise StoreError(f"{path}: holds no JSON object; run the suite again with --fresh")
        return value

    def last_error(self) -> str | None:
        """What the run ended with, by its log; None where it was killed, or is still running."""
        try:
            lines = plain_files.read_end(self.path / "log.jsonl", _LOG_END).decode(errors="replace").splitlines()
            last = json.loads(lines[-1]) if lines else {}
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(last, dict) or last.get("level") != "error":
            return None
        return str(last.get("message") or "") or None

    def keep_suite(self, command: Sequence[str] = ()) -> Path:
        """Keep the suite that the run had so far, before another takes its place: `suite-1.yaml` and so on.

        Its first line says when another one took its place, at whose hands and by which command, as far as known.
        """
        number = 1 + len(list(self.path.glob("suite-*.yaml")))
        command = [*(Path(program).name for program in command[:1]), *command[1:]]
        with contextlib.suppress(Exception):  # whoever has no name on this machine raises in ways of its own
            import getpass

            command = [f"{getpass.getuser()}:", *command]
        note = f"# until {datetime.now(UTC).isoformat(timespec='seconds')}, by {one_line(' '.join(command), 400)}\n"
        kept = self.path / f"suite-{number}.yaml"
        with atomic_file(kept) as part:
            part.write_text(note + (self.path / "suite.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        return kept

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
            known = earlier.record(stage)
            if known is None or known.key != key:
                return None
            plain_files.refuse_others(earlier.path)
            found = earlier.finished(stage, key)
        except StoreError:  # damaged, or not what a run leaves: then the node is worked
            return None
        if found is None or found[0].unanswered:
            return None
        record, artifact = found
        for relative in record.outputs:
            _linked(plain_files.relative_to(earlier.path, relative), self.path / relative)
        files = {name: self.path / path.relative_to(earlier.path) for name, path in artifact.files.items()}
        taken = replace(record, resumed=False, taken_from=record.taken_from or earlier.path.name)
        return replace(self.finish(taken, Artifact(files, artifact.facts)), resumed=True), Artifact(
            files, artifact.facts
        )

    def finish(self, record: Record, artifact: Artifact) -> Record:
        """Write the stage's marker, with the digest of every file it wrote; the last thing that a stage does."""
        files = {name: path.relative_to(self.path).as_posix() for name, path in artifact.files.items()}
        return self._mark(record, artifact, files, self._inside(files))

    def _inside(self, files: Mapping[str, str]) -> dict[str, dict[str, str]]:
        return {name: contents(self.path / name) for name in sorted(files.values()) if (self.path / name).is_dir()}

    def _mark(
        self, record: Record, artifact: Artifact, files: Mapping[str, str], inside: Mapping[str, Mapping[str, str]]
    ) -> Record:
        outputs = {
            name: digest_json(inside[name]) if name in inside else digest_path(self.path / name)
            for name in sorted(files.values())
        }
        kept = replace(record, resumed=False, outputs=outputs, facts=artifact.facts)
        mark = Marker(
            stage=record.stage,
            key=record.key,
            started=record.started.isoformat(),
            seconds=round(record.seconds, 3),
            peak_bytes=record.peak_bytes,
            files=files,
            outputs=outputs,
            contents=inside,
            facts=artifact.facts,
            taken_from=record.taken_from,
        )
        write_json(self._marker(record.stage), asdict(mark))
        return kept

    def renew(self, stage: str, *, written: Collection[str] | None = None) -> None:
        """Write the digests of a finished stage's files anew, which another command than the run's has written again.

        Args:
            stage: its name.
            written: where its files are folders, what was written in them, by its path below its folder: all else there stays
                recorded as it was, so that what somebody altered or added is told as ever.
        """
        if (mark := self._read(stage)) is None:
            return
        files = {name: self.path / relative for name, relative in mark.files.items()}
        inside = self._inside(mark.files)
        if written is not None:
            inside = {
                name: {**mark.contents.get(name, {}), **{below: now[below] for below in written if below in now}}
                for name, now in inside.items()
            }
        self._mark(mark.record, Artifact(files, mark.facts), mark.files, inside)

    def record(self, stage: str) -> Record | None:
        """What the stage's marker says, its files unverified; None where it is not finished."""
        mark = self._read(stage)
        return mark.record if mark else None

    def _read(self, stage: str) -> Marker | None:
        marker = self._marker(stage)
        if not os.path.lexists(marker):
            return None
        return read_marker(self.path, self.read_json(marker.relative_to(self.path).as_posix()), str(marker))

    def markers(self) -> Iterator[Marker]:
        """The markers of all stages that are done, whatever the plan.

        Raises:
            StoreError: one is damaged.
        """
        for marker in sorted((self.path / "nodes").glob("*.json")):
            yield read_marker(self.path, self.read_json(marker.relative_to(self.path).as_posix()), str(marker))

    def finished(self, stage: str, key: str | None = None) -> tuple[Record, Artifact] | None:
        """What a stage left, if it is whole and was made with the same key; any key where `key` is None."""
        mark = self._read(stage)
        if mark is None or (key is not None and mark.key != key):
            return None
        for relative, digest in mark.outputs.items():
            path = self.path / relative
            if not path.exists() or digest_path(path) != digest:
                return None
        files = {name: self.path / relative for name, relative in mark.files.items()}
        return replace(mark.record, resumed=True), Artifact(files, mark.facts)


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
