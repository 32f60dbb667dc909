"""Blocks: what components have to show to reviewers, in forms that every report can draw. All text in them is escaped.

block    the six kinds
codec    blocks as strict JSON, and back
limits   how much one may hold, and what must fit together in it
"""

from seatrial.blocks.block import (
    Bar,
    Bars,
    Block,
    Diff,
    DiffItem,
    Distribution,
    Example,
    Examples,
    Table,
    Text,
)

__all__ = ["Bar", "Bars", "Block", "Diff", "DiffItem", "Distribution", "Example", "Examples", "Table", "Text"]
