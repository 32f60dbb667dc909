"""The keys of a benchmark that a component's option names: where its items are, and what of a record is an item."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from seatrial.rows import Format
from seatrial.suite.strict import ColumnNames, Keys

__all__ = ["BenchmarkKeys"]


class BenchmarkKeys(Keys):
    """One benchmark: items that nothing may be trained on."""

    source: str = Field(description="an address, such as hf:org/name, path:data/rows.jsonl or package:module/path")
    reader: str | None = Field(default=None, description="the reader's name; by the file's ending if absent")
    text: str | tuple[str, ...] | None = Field(
        default=None,
        description="the record's key, or keys, of what a model is asked; if absent, records are rows like those of `data`",
    )
    answer: str | None = Field(default=None, description="beside `text`: the record's key of the expected answer")
    id: str | None = Field(default=None, description="the record's key of its name; file and line if absent")
    format: Format | None = Field(default=None, description="without `text`: the rows' format; recognised if absent")
    columns: ColumnNames = Field(
        default_factory=dict, description="without `text`: our name of a column → the file's name of it"
    )
    limit: int | None = Field(default=None, ge=1, description="at most that many records of each file, from its start")

    @model_validator(mode="after")
    def _one_way_to_read(self) -> Self:
        if self.text is None and self.answer is not None:
            raise ValueError("`answer` stands beside `text`; name the record's key of the question as well")
        if self.text is not None and (self.format is not None or self.columns):
            raise ValueError("`text` names what an item is; leave out `format` and `columns`")
        return self
