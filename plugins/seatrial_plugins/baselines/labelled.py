"""What a classifier learns from: texts and their labels, checked."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.errors import StageError
from seatrial.rows import Row

__all__ = ["labelled"]


def labelled(rows: Sequence[Row], baseline: str, *, classes: int) -> tuple[list[str], list[str]]:
    """What the model would read of each row, and the rows' labels.

    Raises:
        StageError: there are no rows, a row has no label, or there are fewer than `classes` different labels.
    """
    if not rows:
        raise StageError(f"baseline {baseline}: no train rows to learn from; see what the filters dropped")
    labels = [row.label for row in rows if row.label is not None]
    if len(labels) < len(rows):
        first = next(row for row in rows if row.label is None)
        raise StageError(
            f"baseline {baseline}: {len(rows) - len(labels)} of {len(rows)} train rows have no label, the first at "
            f"{first.file}:{first.line}; give every row a label, or leave the baseline out"
        )
    if len(set(labels)) < classes:
        raise StageError(
            f"baseline {baseline}: all {len(rows)} train rows have the label {labels[0]!r}, and a classifier needs two "
            "to tell apart; see what the filters dropped, or use the baseline majority"
        )
    return [row.input_text for row in rows], labels
