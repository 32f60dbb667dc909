"""Blocks as strict JSON, and back: `{"block": "bars", "title": …}`, every field by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from seatrial.blocks.block import Bars, Block, Diff, Distribution, Examples, Table, Text
from seatrial.blocks.limits import misfit
from seatrial.errors import StoreError
from seatrial.stored import CHANGED, read_record

__all__ = ["KINDS", "checked", "from_json", "to_json"]

KINDS: Mapping[str, type[Block]] = {
    kind.__name__.lower(): kind for kind in (Text, Table, Bars, Distribution, Diff, Examples)
}
"""What JSON calls each kind."""


def to_json(block: Block) -> dict[str, Any]:
    """The block as JSON values, its kind first, then its fields in their order."""
    return {"block": type(block).__name__.lower(), **_plain(block)}


def from_json(record: object, path: str = "block", *, because: str = CHANGED) -> Block:
    """The block that `to_json` wrote, checked field by field.

    Raises:
        StoreError: it is none, or a field is absent, unknown, not of its type, or does not fit the others.
    """
    if not isinstance(record, Mapping) or record.get("block") not in KINDS:
        raise StoreError(f"{path}: {record!r:.80} is no block: it needs `block`, one of {', '.join(KINDS)}{because}")
    kind = KINDS[record["block"]]
    own = {name: value for name, value in record.items() if name != "block"}
    found = read_record(kind, own, f"{path} ({kind.__name__})", because=because)
    if wrong := misfit(found):
        raise StoreError(f"{path} ({kind.__name__}, {found.title!r:.80}): {wrong}{because}")
    return found


def checked(block: object) -> Block:
    """A block that a component hands over, as it will be read from the run folder.

    Raises:
        StoreError: it is none, or cannot be shown; the message says what is wrong where.
    """
    if not isinstance(block, Block):
        raise StoreError(f"a {type(block).__name__} is no block of `seatrial.blocks`")
    return from_json(to_json(block), because="")


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
