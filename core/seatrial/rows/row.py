"""A row: one canonical example, whatever format it was written in, with its identity and its origin.

Every format becomes a conversation. Where a row has an answer it is the last turn, spoken by the assistant: a completion,
a label's name, the right option of a multiple-choice question. What the model reads (`prompt`) is everything before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from seatrial.rows.encoding import encoded, identity_of, remainder_of
from seatrial.rows.expected import Choice, Expected, Label, Preference, References, settled
from seatrial.rows.parts import Image
from seatrial.rows.turn import Turn

__all__ = ["Format", "Row", "Rows", "content_id"]

Format = Literal["chat", "prompt-completion", "alpaca", "sharegpt", "text-label", "choice", "preference", "check"]
"""The formats that rows are recognised in."""


@dataclass(frozen=True, slots=True)
class Row:
    """One example: what is said, what is expected, and where it was read."""

    id: str
    """Unique in a run: the content id, with `.2`, `.3`, … on the later copies of the same content."""
    turns: tuple[Turn, ...]
    format: Format
    source: str
    """The address that the suite gave, such as `package:chatterbot_corpus/data/english`."""
    file: str
    """The file's path below the source, `/`-separated."""
    line: int
    """1-based line (text files) or row number (Parquet) where the row starts."""
    expected: Expected | None = None
    """What is expected of the answer; None where the row has none. An answer and nothing else is a reference."""
    slice: str = ""
    """A name that the source gives the row's group (category, language, scenario), or ""."""
    group: str = ""
    """Rows with the same non-empty group never straddle a split (a user, a document, a dialogue)."""
    split: str = ""
    """`train`, `validation` or `test`; "" until rows are split."""
    tools: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    """The functions that the assistant may call, each `{"type": "function", "function": {name, description, parameters}}`."""

    def __post_init__(self) -> None:
        expected = settled(self.expected, self.turns)
        if expected is not self.expected:
            object.__setattr__(self, "expected", expected)

    @property
    def prompt(self) -> tuple[Turn, ...]:
        """The turns that the model reads before it answers."""
        return self.turns[:-1] if self.answered else self.turns

    @property
    def target(self) -> str | None:
        """The expected answer's words, or None where the row has none."""
        return self.turns[-1].content if self.answered and self.turns[-1].trained else None

    @property
    def answered(self) -> bool:
        """Whether the last turn is the assistant's."""
        return bool(self.turns) and self.turns[-1].role == "assistant"

    @property
    def label(self) -> str | None:
        """The expected class, or None where something else is expected."""
        return self.expected.name if isinstance(self.expected, Label) else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The options of a multiple-choice question."""
        return self.expected.options if isinstance(self.expected, Choice) else ()

    @property
    def input_text(self) -> str:
        """What the model reads, as one string: the prompt's turns joined by newlines."""
        return "\n".join(turn.content for turn in self.prompt)

    @property
    def text(self) -> str:
        """All turns joined by newlines."""
        return "\n".join(turn.content for turn in self.turns)

    @property
    def all_turns(self) -> tuple[Turn, ...]:
        """The conversation's turns, and behind them those of other answers: further references, rejected ones.

        A span's `turn` counts these.
        """
        expected = self.expected
        if isinstance(expected, References) and len(expected.answers) > 1:
            return (*self.turns, *(Turn("assistant", answer) for answer in expected.answers[1:]))
        if isinstance(expected, Preference) and expected.chosen:
            return (*self.turns, *expected.rejected)
        return self.turns

    @property
    def images(self) -> tuple[Image, ...]:
        """Every image of the row, in the order of its turns."""
        return tuple(image for turn in self.all_turns for image in turn.images)

    def with_turns(self, turns: Iterable[Turn]) -> Row:
        """This row, repaired or redacted: other turns, the same identity and origin.

        As many as `turns`, or as `all_turns`.
        """
        given = tuple(turns)
        said, others = given[: len(self.turns)], given[len(self.turns) :]
        if not others:
            return replace(self, turns=given)
        expected = self.expected
        if isinstance(expected, References):
            expected = References((expected.answers[0], *(turn.content for turn in others)))
        elif isinstance(expected, Preference):
            expected = replace(expected, rejected=others)
        return replace(self, turns=said, expected=expected)


def content_id(
    turns: Sequence[Turn],
    expected: Expected | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
    *,
    choices: Sequence[str] = (),
) -> str:
    """A stable 16-hex-digit id of what a row says, whichever file it stands in.

    BLAKE2b over the canonical JSON of turns, what is expected and tools; equal content gives equal ids. `choices` are
    options of which none is said to be right.
    """
    label = expected.name if isinstance(expected, Label) else None
    options = list(expected.options) if isinstance(expected, Choice) else list(choices)
    said: list[object] = [[[turn.role, turn.content, identity_of(turn)] for turn in turns], label, options]
    if remainder := remainder_of(expected, turns):
        said.append(remainder)
    if tools:
        said.append(encoded(list(tools), sort=True))
    text = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Rows(Protocol):
    """Rows of one split, in order: `len`, indexing, iteration; backed by a memory-mapped table."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...
    def __getitem__(self, index: int, /) -> Row: ...
