"""Parts: what a turn is made of. Text, images, calls of tools, and what the tools said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

__all__ = ["EXTENSIONS", "Image", "Part", "Text", "ToolCall", "ToolResult", "text_in", "with_text"]

EXTENSIONS: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
}
"""Media type → the ending of its files: the images that are read."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, by the digest of its bytes. A run keeps the bytes in `data/images`, under `file_name`."""

    digest: str
    """SHA-256 of the file's bytes, in hex."""
    media_type: str
    """One of `EXTENSIONS`."""
    width: int
    height: int
    """In pixels."""

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.digest}.{EXTENSIONS[self.media_type]}"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that an assistant makes of a function."""

    name: str
    """The function's; "" where the source names none."""
    arguments: object = field(default_factory=dict, hash=False)
    """A mapping of names to JSON values. Where the source has no such object, what stands there: the filter `schema` finds
    it."""
    id: str = ""
    """What its result names, or "" where the source gives calls no ids."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered."""

    text: str
    call: str = ""
    """The `id` of the call that it answers, or ""."""
    name: str = ""
    """The function's name, or ""."""


Part = Text | Image | ToolCall | ToolResult
"""One part of a turn."""


def text_in(part: Part) -> str:
    """What a span's characters are counted in: the words of a text or a result, a call's arguments as JSON; "" of an image."""
    if isinstance(part, ToolCall):
        return part.arguments if isinstance(part.arguments, str) else json.dumps(part.arguments, ensure_ascii=False)
    return "" if isinstance(part, Image) else part.text


def with_text(part: Part, text: str) -> Part:
    """The part with that text in place of its own."""
    if isinstance(part, ToolCall):
        try:
            said = json.loads(text)
        except ValueError:
            said = text
        return replace(part, arguments=said if isinstance(said, dict) else text)
    return part if isinstance(part, Image) else replace(part, text=text)
