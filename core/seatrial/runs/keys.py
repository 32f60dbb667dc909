"""Keys: what a node's result depends on, derived from the node itself; nobody writes them by hand.

A stage is a frozen dataclass. Every field of it counts, but for those that say only where or how fast it works
(`RUNTIME`); recipes count with their components' and providers' versions, paths with their content. A field of a type
that cannot be told in full is an error, so nothing is left out silently.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import seatrial
from seatrial.runs.environment import package_versions
from seatrial.runs.events import Record
from seatrial.runs.store import digest_json, digest_path
from seatrial.source_code import code_digest

__all__ = ["OWN", "RUNTIME", "canonical", "node_key"]

OWN = ("PyYAML", "numpy", "pyarrow", "scipy")
"""The libraries that every node may be made with."""

RUNTIME: Mapping[str, bool] = {"runtime": True}
"""The metadata of a field that no result depends on: an engine, a function, a name for messages."""


def node_key(stage: Any, inputs: Sequence[tuple[Record, Sequence[str] | None]]) -> str:
    """Digest of a stage and of what it reads: equal keys, equal results.

    Args:
        stage: a frozen dataclass.
        inputs: the nodes that it reads, each with the paths of the files that it reads of them; None for all that the
            node left, its facts included.
    """
    return digest_json(
        {
            "seatrial": [seatrial.__version__, _own_code()],
            "libraries": _own_libraries(),
            "stage": canonical(stage),
            "reads": [
                [record.stage, record.key, dict(record.outputs)]
                if paths is None
                else [{path: record.outputs[path] for path in sorted(paths)}]
                for record, paths in inputs
            ],
        }
    )


@cache
def _own_libraries() -> Mapping[str, str]:
    """The versions of what the host itself reads and reckons with; components declare what they use beside."""
    return {"python": ".".join(platform.python_version_tuple()[:2]), **package_versions(OWN)}


@cache
def _own_code() -> str:
    return code_digest(Path(seatrial.__file__))


def canonical(value: Any) -> Any:
    """All that is told of a value, as JSON values.

    Raises:
        TypeError: it is of a type whose content cannot be told in full.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return digest_path(value)
    if isinstance(key := getattr(value, "key", None), str):
        return key
    if is_dataclass(value) and not isinstance(value, type):
        told = {
            one.name: canonical(getattr(value, one.name)) for one in fields(value) if not one.metadata.get("runtime")
        }
        return {"is": type(value).__qualname__, "version": getattr(type(value), "version", "1"), **told}
    if isinstance(value, Mapping):
        return {str(name): canonical(one) for name, one in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(canonical(one) for one in value)
    if isinstance(value, Sequence):
        return [canonical(one) for one in value]
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"a {type(value).__name__} has no key: give it one, or mark the field: field(metadata=RUNTIME)")
