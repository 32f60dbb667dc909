"""A turn: what one speaker says at one point of a conversation, in parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from seatrial.rows.parts import Image, Part, Text, ToolCall, ToolResult

__all__ = ["Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says at one point of a conversation.

    `Turn("user", "Hello")` says one text; `Turn("user", [Text("What is this?"), image])` has several parts.
    """

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    said: str | Iterable[Part]
    """As it was given; `parts` and `content` tell it. A text alone is kept as it is: nearly all turns are one."""
    name: str = ""
    """Who speaks, where several have the same role, or ""."""
    reasoning: str = ""
    """What the assistant thought before it spoke, or ""."""
    trained: bool = True
    """Whether a model may be taught to say it; False for what is only context."""

    def __post_init__(self) -> None:
        if not isinstance(self.said, str):
            object.__setattr__(self, "said", _simplest(self.role, tuple(self.said)))

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it is made of: one text where it was given as a text; of a tool's turn, one result."""
        said = self.said
        if isinstance(said, tuple):
            return said
        assert isinstance(said, str)
        return (ToolResult(said) if self.role == "tool" else Text(said),)

    @property
    def content(self) -> str:
        """Its words: the texts of its parts, and of tools' results, one after the other."""
        said = self.said
        return said if type(said) is str else "".join(text_of_part(part) for part in self.parts)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls that it makes."""
        return () if type(self.said) is str else tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def images(self) -> tuple[Image, ...]:
        """The images that it shows."""
        return () if type(self.said) is str else tuple(part for part in self.parts if isinstance(part, Image))

    @property
    def plain(self) -> bool:
        """Whether role and content are all there is to it."""
        return type(self.said) is str and self.trained and not self.name and not self.reasoning

    def with_content(self, text: str) -> Turn:
        """This turn with other words: they stand where its first ones stood, beside its images and calls."""
        if type(self.said) is str:
            return replace(self, said=text)
        parts: list[Part] = []
        for part in self.parts:
            if isinstance(part, Text | ToolResult):
                if text:
                    parts.append(replace(part, text=text))
                text = ""
            else:
                parts.append(part)
        return replace(self, said=([Text(text), *parts] if text else parts) or "")


def text_of_part(part: Part) -> str:
    """The part's words; "" for an image or a call."""
    return part.text if isinstance(part, Text | ToolResult) else ""


def _simplest(role: str, parts: tuple[Part, ...]) -> str | tuple[Part, ...]:
    """The parts, or the text that says the same."""
    if not parts:
        return ""
    plain = type(parts[0]) is Text if role != "tool" else parts[0] == ToolResult(text_of_part(parts[0]))
    return text_of_part(parts[0]) if len(parts) == 1 and plain else parts
