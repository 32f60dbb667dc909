"""`hf:` names a data set or model of the Hugging Face hub."""

from __future__ import annotations

import glob
import hashlib
import json
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial import Resolved
from seatrial.errors import SourceError
from seatrial.runs.store import atomic_file
from seatrial.sources import SourceKind
from seatrial_plugins.sources.hub_address import HubAddress, parse_address
from seatrial_plugins.sources.hub_files import data_files, model_files

__all__ = ["Hub"]

_REPO_TYPE = {"data": "dataset", "model": "model"}
_SHARD = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})(?P<ending>[^/]*)")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A repository at one commit."""

    commit: str
    files: Sequence[str]
    complete: bool
    """False where `files` is only what the hub's cache happens to hold."""


class Hub:
    """Finds `hf:ORG/NAME…`, downloading what the address means into the hub's own cache.

    The hub's cache is shared with every other program (`HF_HOME`), so what is there already is not fetched again.
    Nothing but data, weights and cards is downloaded, and nothing of it is run.
    """

    def resolve(self, address: str, *, kind: SourceKind, cache: Path, offline: bool) -> Resolved:
        """The file, or a folder with just the files, at a commit that the facts name (`commit`, `files`).

        Raises:
            SourceError: the repository, revision, configuration, split or file doesn't exist, needs a script or a
                pickle, or is not on this machine and `offline` is set.
        """
        wanted = parse_address(address, kind)
        snapshot = _offline_snapshot(wanted, kind, cache) if offline else _online_snapshot(wanted, kind, cache)
        if kind == "model":
            chosen = model_files(wanted, snapshot.files)
        else:
            chosen = data_files(wanted, snapshot.files, _card(wanted, snapshot, offline=offline))
        if not snapshot.complete:
            _check_shards(wanted, chosen)
        folder = _download(wanted, kind, snapshot.commit, chosen, offline=offline)
        facts = {"repository": wanted.repo, "commit": snapshot.commit, "files": len(chosen)}
        if len(chosen) == 1:
            return Resolved(address, folder / chosen[0], facts)
        return Resolved(address, _view(cache, snapshot.commit, folder, chosen), facts)


def _online_snapshot(wanted: HubAddress, kind: SourceKind, cache: Path) -> _Snapshot:
    from huggingface_hub import HfApi

    ask = HfApi().dataset_info if kind == "data" else HfApi().model_info
    try:
        found = ask(wanted.repo, revision=wanted.revision)
    except Exception as error:
        raise _unreachable(wanted, error) from error
    if found.sha is None:
        raise SourceError(f"{wanted.address}: the hub names no commit of revision {wanted.revision!r}; name a commit")
    snapshot = _Snapshot(found.sha, sorted(sibling.rfilename for sibling in found.siblings or ()), complete=True)
    notes = _notes(wanted, kind, cache)
    _write(notes / f"{snapshot.commit}.json", json.dumps(list(snapshot.files)))
    _write(notes / "refs" / wanted.revision, snapshot.commit)
    return snapshot


def _offline_snapshot(wanted: HubAddress, kind: SourceKind, cache: Path) -> _Snapshot:
    """The newest commit of the revision that is in the hub's cache.

    Which files it has, the notes say that were taken when it was downloaded; the snapshot alone may hold some of
    them only.
    """
    from huggingface_hub import constants

    notes = _notes(wanted, kind, cache)
    root = Path(constants.HF_HUB_CACHE) / notes.name
    references = (notes / "refs" / wanted.revision, root / "refs" / wanted.revision)
    known = next((reference for reference in references if reference.is_file()), None)
    commit = known.read_text(encoding="utf-8").strip() if known else wanted.revision
    folder = root / "snapshots" / commit
    if not folder.is_dir():
        raise _missing_offline(wanted, "is not in the local cache of the hub")
    listing = notes / f"{commit}.json"
    if listing.is_file():
        return _Snapshot(commit, json.loads(listing.read_text(encoding="utf-8")), complete=True)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return _Snapshot(commit, files, complete=False)


def _notes(wanted: HubAddress, kind: SourceKind, cache: Path) -> Path:
    """Where it is kept what the hub said: the commit of a branch, the files of a commit."""
    return cache / "hub" / f"{_REPO_TYPE[kind]}s--{wanted.repo.replace('/', '--')}"


def _write(file: Path, text: str) -> None:
    with atomic_file(file) as part:
        part.write_text(text, encoding="utf-8")


def _card(wanted: HubAddress, snapshot: _Snapshot, *, offline: bool) -> dict[str, Any]:
    """The metadata of the data card; empty where there is none."""
    from huggingface_hub import metadata_load

    if "README.md" not in snapshot.files:
        return {}
    card = _download(wanted, "data", snapshot.commit, ["README.md"], offline=offline) / "README.md"
    try:
        metadata = metadata_load(card)
    except Exception as error:
        raise SourceError(f"{wanted.address}: the metadata of its data card is broken: {error}") from error
    return metadata if isinstance(metadata, dict) else {}


def _check_shards(wanted: HubAddress, chosen: Sequence[str]) -> None:
    """A snapshot that some shards are missing from would be read as a smaller data set, so it is refused."""
    parts = [shard for shard in map(_SHARD.fullmatch, chosen) if shard]
    for (stem, count, ending), found in sorted(
        Counter(shard.group("stem", "count", "ending") for shard in parts).items()
    ):
        if found != int(count):
            raise _missing_offline(wanted, f"is there in part: {found} of {int(count)} files {stem}-*{ending}")


def _download(wanted: HubAddress, kind: SourceKind, commit: str, files: Sequence[str], *, offline: bool) -> Path:
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            wanted.repo,
            repo_type=_REPO_TYPE[kind],
            revision=commit,
            allow_patterns=[glob.escape(file) for file in files],
            local_files_only=offline,
        )
    except Exception as error:
        if offline:
            raise _missing_offline(wanted, "is not wholly in the local cache of the hub") from error
        raise _unreachable(wanted, error) from error
    missing = [file for file in files if not (Path(folder) / file).is_file()]
    if missing:
        raise _missing_offline(wanted, f"is there in part: {missing[0]} is missing from the local cache of the hub")
    return Path(folder)


def _view(cache: Path, commit: str, folder: Path, files: Sequence[str]) -> Path:
    """A folder with links to just these files of a snapshot, which may hold others."""
    digest = hashlib.sha256(json.dumps(list(files)).encode()).hexdigest()[:16]
    view = cache / "hub" / "views" / f"{commit}-{digest}"
    for file in files:
        link = view / file
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            new = link.with_name(f".{link.name}.{secrets.token_hex(8)}")
            new.symlink_to((folder / file).absolute())
            new.replace(link)  # whole at once: another process may make the same view
    return view


def _missing_offline(wanted: HubAddress, what: str) -> SourceError:
    return SourceError(
        f"{wanted.address}: revision {wanted.revision} {what}; run once without --offline, or name files of this machine "
        "with path:"
    )


def _unreachable(wanted: HubAddress, error: Exception) -> SourceError:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return SourceError(f"{wanted.address}: is gated; ask for access on the hub, then log in with `hf auth login`")
    if isinstance(error, errors.RepositoryNotFoundError):
        return SourceError(
            f"{wanted.address}: the hub has no repository {wanted.repo} that this machine may read; check the name, or "
            "log in with `hf auth login`"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return SourceError(f"{wanted.address}: the repository has no revision {wanted.revision!r}")
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return SourceError(
        f"{wanted.address}: the hub cannot be reached ({type(error).__name__}: {reason}); try again, or run with --offline "
        "if it has been downloaded before"
    )
