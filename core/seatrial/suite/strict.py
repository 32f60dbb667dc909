"""What every mapping of a suite file has in common: its keys are checked strictly, and its names are plain."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from seatrial.errors import did_you_mean
from seatrial.rows.column_names import COLUMNS
from seatrial.suite.complaints import shown

__all__ = ["ColumnNames", "Date", "Keys", "Name"]

_NAME = r"^[a-z0-9]+([_-][a-z0-9]+)*$"


class Keys(BaseModel):
    """Keys of a suite file, checked strictly: no unknown ones, no text for numbers, no NaN."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )


def _name(text: str) -> str:
    if not re.fullmatch(_NAME, text) or len(text) > 80:
        raise ValueError(f"{shown(text)} is no name: lower-case letters and digits, joined by - or _, at most 80")
    return text


Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": _NAME, "maxLength": 80})]
"""What suites, aliases and benchmarks are called; it becomes part of files' names and of metrics'."""


def _date(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise ValueError(f"{shown(text)} is no date: a year, a month and a day, such as 2026-01-31")


Date = Annotated[str, AfterValidator(_date), Field(json_schema_extra={"format": "date"})]
"""A day, as ISO 8601 writes it."""


def _columns(names: dict[str, str]) -> dict[str, str]:
    for name in names:
        if name not in COLUMNS:
            raise ValueError(
                f"{shown(name)} is no key of a layout{did_you_mean(name, COLUMNS)}: on the left stands our name of a column, on "
                "the right the file's"
            )
    return names


ColumnNames = Annotated[dict[str, str], AfterValidator(_columns)]
"""Our name of a column → the file's name of it."""
