"""The quality filter: published rules about a text, each finding named after its rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from seatrial import Finding, Row
from seatrial_plugins.cleaning.passage import Passage, Read, passage_of
from seatrial_plugins.cleaning.quality.document import Document, Fault

__all__ = ["Family", "Quality"]

SHOWN = 100
"""Stretches of a row that a finding names, except where all of them are needed to repair it."""


class Family(Protocol):
    """Rules of one source."""

    @property
    def rules(self) -> frozenset[str]:
        """Their names."""
        ...

    @property
    def needs_spaces(self) -> frozenset[str]:
        """The rules that make sense only where words are written apart."""
        ...

    def faults(self, document: Document) -> Iterable[Fault]:
        """The rules that the document breaks."""
        ...


class Quality:
    """Holds the text of each row against the rules that the suite names."""

    def __init__(
        self, families: Sequence[Family], rules: Collection[str], repairable: Collection[str], read: Read
    ) -> None:
        self._families = tuple(families)
        self._rules = frozenset(rules)
        self._repairable = frozenset(repairable)
        self._needs_spaces = self._rules & frozenset().union(*(family.needs_spaces for family in families))
        self._read: Read = read

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """The rules that each row breaks; a row without a turn to read breaks none."""
        for row in rows:
            passage = passage_of(row, self._read)
            if passage is not None:
                yield from self._findings(row, passage, Document(passage.text))

    def _findings(self, row: Row, passage: Passage, document: Document) -> Iterator[Finding]:
        skipped = self._needs_spaces if document.unspaced else frozenset()
        if skipped:
            detail = f"it is written without spaces between words, so {len(skipped)} rules about words are left out"
            yield Finding(row.id, "not-judged", detail, score=float(len(skipped)))
        for family in self._families:
            for fault in family.faults(document):
                if fault.rule in self._rules and fault.rule not in skipped:
                    yield self._finding(row, passage, fault)

    def _finding(self, row: Row, passage: Passage, fault: Fault) -> Finding:
        takes_out = fault.rule in self._repairable
        stretches = fault.stretches if takes_out else fault.stretches[:SHOWN]
        spans = [span for start, end in stretches for span in passage.spans(start, end, "" if takes_out else None)]
        return Finding(row.id, fault.rule, fault.detail, score=float(fault.score), spans=tuple(spans))
