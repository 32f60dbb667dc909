"""Shared rows: those that stand word for word in what a product learns from and in what it is measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seatrial.rows.table import FileRows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["shared_rows"]

_COPY = r"^([0-9a-f]{16})\.[0-9]+$"
"""The id of a row whose content was read before: the other's id, and which copy this is."""


def shared_rows(rows: FileRows, sets: Sequence[str], matched: pa.ChunkedArray) -> Iterator[str]:
    """A sentence for each evaluation set that has rows of train, or of validation, in it.

    Rows of one content have ids of one beginning, so nothing is read but ids and places.

    Args:
        rows: those that the filters left.
        sets: what they came apart into; the evaluation sets behind train and validation.
        matched: ids of rows that a filter has found on two sides: of these it has told.
    """
    import pyarrow.compute as pc

    ids = rows.column("id")
    contents = pc.replace_substring_regex(ids, _COPY, r"\1")
    copied = contents.filter(pc.not_equal(contents, ids)).unique()
    if not len(copied):
        return
    splits = rows.column("split")
    again = pc.is_in(contents, value_set=copied)
    for at, learned in enumerate(sets[:2]):
        silent = pc.and_(pc.equal(splits, learned), pc.invert(pc.is_in(ids, value_set=matched)))
        taught = pc.and_(again, silent)
        known = contents.filter(taught)
        for name in sets[at + 1 :]:
            of_set = pc.equal(splits, name)
            shared = pc.and_(pc.and_(again, of_set), pc.is_in(contents, value_set=known))
            count = pc.sum(shared).as_py()
            if not count:
                continue
            first = pc.index(shared, True).as_py()
            other = pc.index(pc.and_(taught, pc.equal(contents, contents[first])), True).as_py()
            yield (
                f"decontaminate: {count:,} of {pc.sum(of_set).as_py():,} {name} rows stand word for word in {learned}; the "
                f"first: {_place(rows, first)}, in {learned} {_place(rows, other)}. A filter that looks for leakage takes such "
                f"rows out of {learned}"
            )


def _place(rows: FileRows, at: int) -> str:
    return f"{rows.column('file')[at].as_py()}:{rows.column('line')[at].as_py()}"
