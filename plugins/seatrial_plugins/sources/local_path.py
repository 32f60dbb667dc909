"""`path:` names a file or folder of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from seatrial import Resolved
from seatrial.errors import SourceError
from seatrial.sources import SourceKind
from seatrial_plugins.sources.nearest import missing_below

__all__ = ["LocalPath"]

_FROM_HERE = (
    "; a path that does not begin with / starts from the folder in which seatrial runs, not from the suite file's"
)


class LocalPath:
    """Finds `path:FILE-OR-FOLDER`, from the folder in which seatrial runs; `~` is the home directory."""

    def resolve(self, address: str, *, kind: SourceKind, cache: Path, offline: bool) -> Resolved:
        """The file or folder, as an absolute path.

        Raises:
            SourceError: nothing is there, or it cannot be read.
        """
        del kind, cache, offline
        name = address.removeprefix("path:")
        if not name:
            raise SourceError(f"{address}: names no file or folder; write path:FILE-OR-FOLDER")
        try:
            # Not `resolve()`: a link into a store of blobs would lose the ending that its reader is chosen by.
            found = Path(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100 - see above
        except (RuntimeError, ValueError) as error:
            raise SourceError(f"{address}: is no path: {error}") from error
        elsewhere = not Path(name).expanduser().is_absolute() and not os.path.exists(Path(name).parts[0])  # noqa: PTH110 - False for what is no path
        return Resolved(address, existing(address, found, Path(found.anchor), hint=_FROM_HERE if elsewhere else ""))


def existing(address: str, found: Path, root: Path, *, hint: str = "") -> Path:
    """`found`, if it is a file or folder below `root` that can be read.

    Raises:
        SourceError: it isn't; the message names the nearest existing name.
    """
    try:
        exists, usable = found.exists(), found.is_file() or found.is_dir()
    except (OSError, ValueError) as error:
        raise SourceError(f"{address}: cannot be looked up: {error}") from error
    if not exists:
        said = missing_below(root, found)
        raise SourceError(f"{address}: {said}{'' if 'did you mean' in said else hint}")
    if not usable:
        raise SourceError(f"{address}: {found} is neither a file nor a folder")
    if not os.access(found, os.R_OK | (os.X_OK if found.is_dir() else 0)):
        raise SourceError(f"{address}: {found} may not be read; change its permissions")
    return found
