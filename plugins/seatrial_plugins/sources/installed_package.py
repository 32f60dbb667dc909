"""`package:` names files that an installed Python package carries."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from seatrial import Resolved
from seatrial.errors import SourceError, did_you_mean
from seatrial.sources import SourceKind
from seatrial_plugins.sources.local_path import existing

__all__ = ["InstalledPackage"]


class InstalledPackage:
    """Finds `package:MODULE[/PATH]` without importing the package: none of its code runs."""

    def resolve(self, address: str, *, kind: SourceKind, cache: Path, offline: bool) -> Resolved:
        """The package's folder, or a file or folder below it; facts `distribution` and `version` pin it.

        Raises:
            SourceError: no such package is installed, it is a single module, or it carries nothing of that name.
        """
        del kind, cache, offline
        module, _, below = address.removeprefix("package:").partition("/")
        # Looking up `a.b` imports `a`; so only the top name is looked up, and the rest is a path.
        top, *inner = module.split(".")
        if not top.isidentifier() or not all(part.isidentifier() for part in inner):
            raise SourceError(f"{address}: {module!r} is no module's name; write package:MODULE[/PATH]")
        parts = [*inner, *(part for part in below.split("/") if part not in {"", "."})]
        if ".." in parts:
            raise SourceError(f"{address}: '..' leaves the package; name what lies below it")
        folders = _folders(address, top)
        found = next((folder for folder in folders if folder.joinpath(*parts).exists()), folders[0])
        return Resolved(address, existing(address, found.joinpath(*parts), found), _distribution(top))


def _folders(address: str, top: str) -> list[Path]:
    """The folders of a package; several where it is a namespace package."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError) as error:
        raise SourceError(f"{address}: package {top!r} cannot be looked up: {error}") from error
    if spec is None:
        near = did_you_mean(top, importlib.metadata.packages_distributions())
        raise SourceError(
            f"{address}: no package {top!r} is installed{near or '; install the distribution that carries it'}"
        )
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    if not folders:
        raise SourceError(f"{address}: {top!r} is a single module, not a package with files")
    kept = [folder for folder in folders if folder.is_dir()]
    if not kept:
        raise SourceError(f"{address}: {top!r} is installed in an archive, not as files; reinstall it unzipped")
    return kept


def _distribution(top: str) -> dict[str, object]:
    names = sorted({each.name for each in importlib.metadata.distributions() if _carries(each, top)})
    if not names:
        return {}
    versions = [importlib.metadata.version(name) for name in names]
    return {"distribution": ", ".join(names), "version": ", ".join(versions)}


def _carries(distribution: importlib.metadata.Distribution, top: str) -> bool:
    """Whether a package is a distribution's, by the text of its lists: parsing those of all takes a third of a second."""
    if declared := (distribution.read_text("top_level.txt") or "").split():
        return top in declared
    listed = distribution.read_text("RECORD") or ""
    return listed.startswith(f"{top}/") or f"\n{top}/" in listed
