"""Shared rows: those that stand word for word in what a product learns from and in what it is measured on; shared groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seatrial.rows.table import FileRows
from seatrial.terminal.legible import one_line

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["shared_groups", "shared_rows"]

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


def shared_groups(rows: FileRows, sets: Sequence[str]) -> Iterator[str]:
    """A sentence for each evaluation set with rows of groups that train, or validation, has rows of: users, documents, threads.

    Where seatrial splits, there are none; sets that are files of their own may have come apart otherwise.

    Args:
        rows: those that the filters left.
        sets: as of `shared_rows`.
    """
    import pyarrow.compute as pc

    groups, splits = rows.column("group"), rows.column("split")
    if not pc.any(pc.not_equal(groups, "")).as_py():
        return
    of = {name: groups.filter(pc.and_(pc.equal(splits, name), pc.not_equal(groups, ""))) for name in sets}
    for at, learned in enumerate(sets[:2]):
        known = of[learned].unique()
        for name in sets[at + 1 :]:
            shared = of[name].filter(pc.is_in(of[name], value_set=known))
            if len(shared):
                yield (
                    f"decontaminate: {len(shared):,} of {pc.sum(pc.equal(splits, name)).as_py():,} {name} rows belong to groups that "
                    f"stand in {learned}, too (the first: {one_line(shared[0].as_py(), 40)}); split them from one source, "
                    "which keeps a group on one side"
                )


def _place(rows: FileRows, at: int) -> str:
    return f"{rows.column('file')[at].as_py()}:{rows.column('line')[at].as_py()}"
