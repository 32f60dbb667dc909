"""Rows: one example in any of the field's formats, and tables of them."""

from seatrial.rows.columns import row_schema, rows_to_table
from seatrial.rows.expected import Check, Choice, Expected, Label, Preference, References
from seatrial.rows.parts import Image, Part, Text, ToolCall, ToolResult
from seatrial.rows.record import RawRecord
from seatrial.rows.row import Format, Row, Rows, content_id
from seatrial.rows.turn import Turn

__all__ = [
    "Check",
    "Choice",
    "Expected",
    "Format",
    "Image",
    "Label",
    "Part",
    "Preference",
    "RawRecord",
    "References",
    "Row",
    "Rows",
    "Text",
    "ToolCall",
    "ToolResult",
    "Turn",
    "content_id",
    "row_schema",
    "rows_to_table",
]
