"""Given: a record while it becomes a row, which of its keys were read, and what it brings for all its turns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seatrial.rows.calls import tools_of
from seatrial.rows.format_error import FormatError
from seatrial.rows.images import Images
from seatrial.rows.notes import Notes
from seatrial.rows.parts import Image, Part, Text
from seatrial.rows.record_values import list_of, need, optional_text, quoted_keys, text_of
from seatrial.rows.turn import Turn

__all__ = ["Given", "listed"]

_PLACE = "<image>"
"""Where an image of the key `images` stands in a text, as LLaMA-Factory and ms-swift write it."""


_SYSTEM = ("system", "system_prompt", "system_message")
"""The second is Orca's."""


@dataclass(slots=True)
class Given:
    """A record, and what is noticed while it is read."""

    record: Mapping[Any, Any]
    labels: Mapping[str, str]
    words: bool
    """Whether a label's underscores and hyphens are blanks between words."""
    images: Images
    notes: Notes
    used: set[str] = field(default_factory=set)
    """The keys that were looked at."""
    _waiting: list[object] | None = None
    """Of the record's own images, those that no turn shows yet; None until they are asked for."""
    _placed: int = 0

    def __contains__(self, key: str) -> bool:
        return key in self.record

    def get(self, key: str) -> Any:
        """What stands under the key; None where it is missing."""
        self.used.add(key)
        return self.record.get(key)

    def need(self, key: str) -> Any:
        """What stands under a key that must be there."""
        self.used.add(key)
        return need(self.record, key)

    def text(self, key: str) -> str:
        """The text under a key that must be there."""
        return text_of(self.need(key), key)

    def optional_text(self, key: str) -> str:
        """The text under a key; "" where it is missing or null."""
        self.used.add(key)
        return optional_text(self.record, key)

    def first_of(self, keys: Sequence[str]) -> str:
        """The first of the keys that holds something, else the first that is there, else the first."""
        found = None
        for key in keys:
            if key in self.record:
                if self.record[key] is not None:
                    return key
                found = found or key
        return found or keys[0]

    def system(self) -> tuple[Turn, ...]:
        """The system turn that a key of the record says."""
        for key in _SYSTEM:
            if key in self.record and (said := self.optional_text(key)):
                return (Turn("system", said),)
        return ()

    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """The functions that the assistant may call."""
        for key in ("tools", "functions"):
            if key in self.record and self.get(key):
                return tools_of(listed(self.get(key), key), key)
        return ()

    # ---- images ---------------------------------------------------------------------------------------------------

    def image(self, value: object, where: str) -> Image:
        """The image of a part of a turn: its own, or the next of the record's."""
        if value is not None:
            return self.images.keep(value, where)
        if not self._own():
            raise FormatError(f"`{where}` shows an image that is not there", rule="wrong-image")
        self._placed += 1
        return self.images.keep(self._own().pop(0), f"images[{self._placed - 1}]")

    def said(self, text: str, where: str) -> str | list[Part]:
        """A text, with the record's images where it says `<image>`."""
        if _PLACE not in text:
            return text
        if not self._own():
            if "images" in self.record or "image" in self.record:
                raise FormatError(f"{where} says `{_PLACE}`, and the record brings no picture", rule="wrong-image")
            self.notes.unpictured()
            return text
        first, *others = text.split(_PLACE)
        parts: list[Part] = [Text(first)] if first else []
        for other in others:
            parts.append(self.image(None, where))
            parts += [Text(other)] if other else []
        return parts

    def _own(self) -> list[object]:
        if self._waiting is None:
            key = self.first_of(("images", "image"))
            value = self.get(key)
            self._waiting = [] if value is None else [*value] if isinstance(value, list) else [value]
        return self._waiting

    def placed(self, turns: Sequence[Turn]) -> tuple[Turn, ...]:
        """The turns, with the record's images at the beginning of the user's first where no place was named for any."""
        if "images" not in self.record and "image" not in self.record:
            return tuple(turns)
        waiting = self._own()
        if not waiting:
            return tuple(turns)
        asked = next((place for place, turn in enumerate(turns) if turn.role == "user"), None)
        if self._placed or asked is None:
            raise FormatError(
                f"`images` holds {len(waiting) + self._placed}, and the turns show {self._placed}", rule="wrong-image"
            )
        shown = [self.image(None, "images") for _ in range(len(waiting))]
        first = turns[asked]
        words = [part for part in first.parts if part != Text("")]
        changed = Turn(first.role, (*shown, *words), first.name, first.reasoning, first.trained)
        return (*turns[:asked], changed, *turns[asked + 1 :])


def listed(value: object, where: str) -> list[Any]:
    """A list: as it is, as JSON text (a cell of a table), or as the mapping of lists that `datasets` makes of it.

    Raises:
        FormatError: it is none of these.
    """
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            hint = "; Python's own notation is not read: write it with `json.dumps`" if "'" in str(value)[:200] else ""
            raise FormatError(f"`{where}` is text, and no JSON that could be read{hint}", rule="wrong-type") from error
    if isinstance(value, Mapping) and value and all(isinstance(column, list) for column in value.values()):
        columns: Mapping[Any, list[Any]] = value
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise FormatError(
                f"`{where}` is a mapping of lists, as `datasets` stores a list of mappings, and they differ in length: "
                f"{quoted_keys(columns)}",
                rule="wrong-type",
            )
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return list_of(value, where)
