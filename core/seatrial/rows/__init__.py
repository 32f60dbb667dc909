"""Rows: one example in any of the field's formats, and tables of them."""

from seatrial.rows.row import (
    Format,
    RawRecord,
    Row,
    Rows,
    Turn,
    content_id,
    row_schema,
    rows_to_table,
)

__all__ = [
    "Format",
    "RawRecord",
    "Row",
    "Rows",
    "Turn",
    "content_id",
    "row_schema",
    "rows_to_table",
]
