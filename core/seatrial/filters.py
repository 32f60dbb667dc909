"""What a filter is: three small protocols, one for each place of a run that a filter can stand in.

A filter reads and returns findings. It changes nothing: the run applies the suite's action to each finding
(`seatrial.data.policy`) and writes the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from seatrial.findings import Finding
from seatrial.rows import Row, Rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CorpusFilter", "Filter", "Grouping", "RowFilter", "SplitFilter"]


class RowFilter(Protocol):
    """Looks at each row by itself (`place="rows"`).

    One that rests on a weak detector says so with an attribute `weak`, and reports repeat it.

    It sees every row that could be read, also those that an earlier filter wants dropped, with earlier repairs
    and redactions applied; so an empty row, an empty conversation or one with odd roles may come by.
    """

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """The findings about one batch of rows, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class Grouping:
    """What comparing the rows of a table gave."""

    findings: Sequence[Finding]
    clusters: Mapping[str, str] = field(default_factory=dict)
    """Row id → cluster id, for rows that belong together: no cluster straddles a split. Rows left out stand alone."""


class CorpusFilter(Protocol):
    """Compares rows with each other in two steps, so that the first can run anywhere, in batches (`place="corpus"`)."""

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """One record a row, in order: a column `id` and whatever the grouping needs."""
        ...

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """The findings and clusters of the whole table; `lookup` gives a row by its id."""
        ...


class SplitFilter(Protocol):
    """Compares the train rows with the held-out ones (`place="splits"`)."""

    def compare(self, train: Rows, held_out: Rows) -> Iterable[Finding]:
        """Findings about train rows (a held-out row only where the suite asks for it), `matched_row` set."""
        ...


Filter = RowFilter | CorpusFilter | SplitFilter
