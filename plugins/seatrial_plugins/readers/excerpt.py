"""The excerpt of a record: its first characters, as they may stand in a table."""

from __future__ import annotations

from collections.abc import Mapping

from seatrial.rows.storable import storable

__all__ = ["EXCERPT", "excerpt_of", "excerpt_of_value"]

EXCERPT = 200
"""Characters of a record that are kept to show it."""


def excerpt_of(text: str) -> str:
    """The text's first 200 characters; what UTF-8 cannot store is shown as `?`."""
    return storable(text[:EXCERPT]).strip()


def excerpt_of_value(value: object) -> str:
    """The first 200 characters of a decoded record, looking at no more of it than that needs."""
    pieces: list[str] = []
    _show(value, pieces, EXCERPT)
    return excerpt_of("".join(pieces))


def _show(value: object, pieces: list[str], room: int) -> int:
    """Append the value's text until `room` characters are used; what room is left."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            room = _put(f"{str(key)[:EXCERPT]}: ", pieces, room)
            room = _put("; ", pieces, _show(inner, pieces, room)) if room > 0 else room
            if room <= 0:
                break
        return room
    if isinstance(value, list):
        for inner in value:
            room = _put("; ", pieces, _show(inner, pieces, room))
            if room <= 0:
                break
        return room
    if isinstance(value, str | bytes):
        return _put(str(value[:EXCERPT]), pieces, room)
    return _put(str(value)[:EXCERPT] if not isinstance(value, int) or value < 10**30 else "(number)", pieces, room)


def _put(text: str, pieces: list[str], room: int) -> int:
    pieces.append(text)
    return room - len(text)
