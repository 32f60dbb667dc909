"""Tensor files: the safetensors that a folder's weights lie in, and what their headers tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line

__all__ = ["INDEX", "TensorShape", "read_header", "refuse_pointer", "weight_files"]

INDEX = "model.safetensors.index.json"
"""Says which of several files holds which tensor."""

_WHOLE = "model.safetensors"

_POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that Git LFS left in place of the real one."""


@dataclass(frozen=True, slots=True)
class TensorShape:
    """What a file's header tells of a tensor."""

    dtype: str
    """As safetensors names it: `F32`, `BF16`, `I64`."""
    shape: tuple[int, ...]


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that a model's folder is made of: one, or those that its index names.

    Others that lie there (an adapter, the weights again in another layout) are not the model's.

    Raises:
        SourceError: neither is there, the index is none, or it names a file that is not in the folder.
    """
    index = folder / INDEX
    if (folder / _WHOLE).exists() or not index.exists():
        if not (folder / _WHOLE).is_file():
            found = ", ".join(sorted(path.name for path in folder.glob("*.safetensors")))
            raise SourceError(
                f"{folder}: holds {found}, and neither a file {_WHOLE} nor {INDEX}, which says what stands where; add the "
                "one that is missing"
            )
        return [folder / _WHOLE]
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        outside = sorted(name for name in names if Path(name).name != name)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise SourceError(
            f"{index}: is no index of weights: it must be a JSON object whose `weight_map` gives each tensor's file; get it "
            f"again ({type(error).__name__}: {one_line(str(error), 120)})"
        ) from error
    if outside:
        raise SourceError(f"{index}: names {outside[0]}, which is no file beside it; seatrial reads one folder alone")
    if missing := sorted(name for name in names if not (folder / name).is_file()):
        raise SourceError(
            f"{folder}: lacks {', '.join(missing[:3])}{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}, which "
            f"{INDEX} names; get the folder again, whole"
        )
    return [folder / name for name in sorted(names)]


def read_header(file: Path) -> Mapping[str, TensorShape]:
    """The tensors of a safetensors file by name; their numbers are not read.

    Raises:
        SourceError: the file is damaged, was cut short, or is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    refuse_pointer(file)
    try:
        with safe_open(str(file), framework="numpy") as tensors:
            slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118  # no mapping
            return {name: TensorShape(found.get_dtype(), tuple(found.get_shape())) for name, found in slices.items()}
    except (SafetensorError, OSError) as error:
        raise SourceError(
            f"{file}: is damaged, was cut short, or is no safetensors file; get it again ({one_line(str(error), 160)})"
        ) from error


def refuse_pointer(file: Path) -> None:
    """Refuse a file that Git LFS left in place of the real one, and say how to get that.

    Raises:
        SourceError: it is such a pointer, or cannot be read.
    """
    try:
        with file.open("rb") as stream:
            start = stream.read(len(_POINTER))
    except OSError as error:
        raise SourceError(f"{file}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    if start == _POINTER:
        raise SourceError(
            f"{file}: is a pointer of Git LFS, not the file itself; run `git lfs pull` where it came from"
        )
