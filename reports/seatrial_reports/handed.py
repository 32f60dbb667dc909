"""What components hand over to be shown: the blocks of filters and scorers, and those that plugins add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seatrial.blocks import Block, Text
from seatrial.blocks.codec import from_json
from seatrial.runs.result import Result
from seatrial_reports.facts import entries, sequence, text

__all__ = ["alarms", "every_block", "filter_blocks"]


def filter_blocks(facts: Mapping[str, object]) -> tuple[Block, ...]:
    """What one filter had to show, from what its stage noted of it.

    Raises:
        StoreError: one of them is damaged.
    """
    who = f"filter {text(facts, 'filter')}"
    return tuple(from_json(one, f"{who}: block {place}") for place, one in enumerate(sequence(facts, "blocks"), 1))


def every_block(result: Result) -> Iterator[tuple[str, Block]]:
    """(who has it to show, block), the filters' first."""
    for record in result.records:
        for one in entries(record.facts, "filters"):
            yield from ((text(one, "filter"), block) for block in filter_blocks(one))
    for given in (result.blocks, result.added):
        yield from ((who, block) for who, blocks in given.items() for block in blocks)


def alarms(result: Result) -> list[str]:
    """What a reviewer must not miss of it, a sentence each."""
    return [
        f"{who}: {' '.join(block.paragraphs)}"
        for who, block in every_block(result)
        if isinstance(block, Text) and block.alarming
    ]
