"""A row: one canonical example, whatever format it was written in, with its identity and its origin.

Every format becomes a conversation. Where a row has an expected answer it is the last turn, spoken by the
assistant: a completion, a label's name, the right option of a multiple-choice question. What the model reads
(`prompt`) is everything before it.

    chat                messages                                  → the turns as they are
    prompt/completion   prompt, completion                        → user, assistant
    alpaca              instruction, input, output                → user, assistant
    sharegpt            conversations [{from, value}]             → the turns, roles renamed
    text+label          text, label                               → user, assistant (the label's name)
    choice              question, choices, answer                 → user, assistant (the right choice)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Format", "RawRecord", "Row", "Rows", "Turn", "content_id", "row_schema", "rows_to_table"]

Format = Literal["chat", "prompt-completion", "alpaca", "sharegpt", "text-label", "choice"]
"""The formats that rows are recognised in."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says at one point of a conversation."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    content: str
    extra: str = ""
    """What else the source said about the turn (tool calls, a speaker's name) as JSON, or ""."""


def content_id(turns: Sequence[Turn], label: str | None = None, choices: Sequence[str] = ()) -> str:
    """A stable 16-hex-digit id of what a row says, whichever file it stands in.

    BLAKE2b over the canonical JSON of turns, label and choices; equal content gives equal ids.
    """
    said = [[turn.role, turn.content, turn.extra] for turn in turns]
    text = json.dumps([said, label, list(choices)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


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
    label: str | None = None
    choices: tuple[str, ...] = ()
    slice: str = ""
    """A name that the source gives the row's group (category, language, scenario), or ""."""
    group: str = ""
    """Rows with the same non-empty group never straddle a split (a user, a document, a dialogue)."""
    split: str = ""
    """`train`, `validation` or `test`; "" until rows are split."""

    @property
    def prompt(self) -> tuple[Turn, ...]:
        """The turns that the model reads before it answers."""
        return self.turns[:-1] if self.answered else self.turns

    @property
    def target(self) -> str | None:
        """The expected answer, or None where the row has none."""
        return self.turns[-1].content if self.answered else None

    @property
    def answered(self) -> bool:
        """Whether the last turn is the assistant's."""
        return bool(self.turns) and self.turns[-1].role == "assistant"

    @property
    def input_text(self) -> str:
        """What the model reads, as one string: the prompt's turns joined by newlines."""
        return "\n".join(turn.content for turn in self.prompt)

    @property
    def text(self) -> str:
        """All turns joined by newlines."""
        return "\n".join(turn.content for turn in self.turns)

    def with_turns(self, turns: Iterable[Turn]) -> Row:
        """This row, repaired or redacted: other turns, the same identity and origin."""
        return replace(self, turns=tuple(turns))

    def to_record(self) -> dict[str, Any]:
        """The row as one record of `row_schema()`."""
        return {
            "id": self.id,
            "turns": [{"role": t.role, "content": t.content, "extra": t.extra} for t in self.turns],
            "format": self.format,
            "source": self.source,
            "file": self.file,
            "line": self.line,
            "label": self.label,
            "choices": list(self.choices),
            "slice": self.slice,
            "group": self.group,
            "split": self.split,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The row that `to_record` wrote."""
        fields = dict(record)
        fields["turns"] = tuple(Turn(t["role"], t["content"], t["extra"] or "") for t in fields["turns"])
        fields["choices"] = tuple(fields["choices"] or ())
        return cls(**fields)


class Rows(Protocol):
    """Rows of one split, in order: `len`, indexing, iteration; backed by a memory-mapped table."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...
    def __getitem__(self, index: int, /) -> Row: ...


def row_schema() -> pa.Schema:
    """The Arrow schema of rows between stages and in `data/*.parquet`."""
    import pyarrow as pa

    turn = pa.struct([("role", pa.string()), ("content", pa.string()), ("extra", pa.string())])
    return pa.schema(
        [
            ("id", pa.string()),
            ("turns", pa.list_(turn)),
            ("format", pa.string()),
            ("source", pa.string()),
            ("file", pa.string()),
            ("line", pa.int64()),
            ("label", pa.string()),
            ("choices", pa.list_(pa.string())),
            ("slice", pa.string()),
            ("group", pa.string()),
            ("split", pa.string()),
        ]
    )


def rows_to_table(rows: Sequence[Row]) -> pa.Table:
    """An Arrow table of `row_schema()`. Column by column: a dictionary for each row would take ten times as long."""
    import pyarrow as pa

    schema = row_schema()
    turns = [turn for row in rows for turn in row.turns]
    said = [pa.array([getattr(turn, name) for turn in turns], pa.string()) for name in ("role", "content", "extra")]
    columns = {
        field.name: pa.array([getattr(row, field.name) for row in rows], field.type)
        for field in schema
        if field.name not in {"turns", "choices"}
    }
    columns["turns"] = pa.ListArray.from_arrays(
        _ends([len(row.turns) for row in rows]), pa.StructArray.from_arrays(said, names=["role", "content", "extra"])
    )
    offered = pa.array([choice for row in rows for choice in row.choices], pa.string())
    columns["choices"] = pa.ListArray.from_arrays(_ends([len(row.choices) for row in rows]), offered)
    return pa.Table.from_arrays([columns[field.name] for field in schema], schema=schema)


def _ends(lengths: Iterable[int]) -> pa.Array:
    """Where lists of those lengths end, after a 0 where the first starts."""
    import pyarrow as pa

    return pa.array(accumulate(lengths, initial=0), pa.int32())


@dataclass(frozen=True, slots=True)
class RawRecord:
    """What a reader found at one place of a file, before it is known to be a row."""

    line: int
    """1-based line or row number."""
    value: Any = None
    """The decoded record (usually a mapping); meaningless where `problem` is set."""
    problem: str = ""
    """Why nothing could be decoded here (broken JSON, invalid UTF-8, a line over the limit), or ""."""
    excerpt: str = field(default="", repr=False)
    """The first 200 characters of what stood there."""
