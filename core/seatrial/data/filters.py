"""What a filter is: small protocols, one for each place of a run that a filter can stand in.

A filter reads and returns findings. It changes nothing: the run applies the suite's action to each finding
(`seatrial.data.policy`) and writes the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from seatrial.blocks import Block
from seatrial.data.findings import Finding
from seatrial.rows import Row, Rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "CorpusFilter",
    "CountingFilter",
    "Filter",
    "Grouping",
    "HoldsValidation",
    "Measured",
    "RowFilter",
    "SearchingFilter",
    "SplitFilter",
    "SplitFindings",
]


class RowFilter(Protocol):
    """Looks at each row by itself (`place="rows"`).

    It may be built again in other processes, as its component says, and given other batches there: what it finds in a row
    depends on that row alone.

    One that rests on a weak detector says so with an attribute `weak`, and reports repeat it. So they do an attribute
    `unseen`, a few words for what one might expect it to look for and it does not. One whose findings depend on files that
    its options name (weights, lists) tells their digests in an attribute `reads`, by name: where a file has changed, an
    earlier result is not used again.

    It sees every row that could be read, also those that an earlier filter wants dropped, with earlier repairs
    and redactions applied; so an empty row, an empty conversation or one with odd roles may come by.
    """

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """The findings about one batch of rows, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What a filter has to say besides its findings."""

    measures: Mapping[str, float] = field(default_factory=dict)
    """The values of the component's `metrics`, by their names: gates can hold them. One that is left out is missing."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why a metric has no value."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the run keeps of it besides, for programs. JSON values."""
    blocks: Sequence[Block] = ()
    """What reports show of it."""


@runtime_checkable
class CountingFilter(RowFilter, Protocol):
    """A row filter that counts what it sees, so that it can say of all rows together what no single row tells."""

    def count(self, rows: Sequence[Row], findings: Sequence[Finding]) -> Mapping[str, int]:
        """What to count in one batch, by names of the filter's own, given what `inspect` found in it.

        Counts of all batches are added up, wherever and in whatever order they are worked on. The names are held in
        memory: there must be few of them, however many rows come.
        """
        ...

    def conclude(self, counts: Mapping[str, int]) -> Measured:
        """What the counts of all rows come to; empty where there was no row. Called once."""
        ...


@dataclass(frozen=True, slots=True)
class Grouping:
    """What comparing the rows of a table gave."""

    findings: Iterable[Finding]
    """In any order, read once: a generator does where there may be very many."""
    clusters: Mapping[str, str] = field(default_factory=dict)
    """Row id → cluster id, for rows that belong together: no cluster straddles a split. Rows left out stand alone."""


class CorpusFilter(Protocol):
    """Compares rows with each other in two steps, so that the first can run anywhere, in batches (`place="corpus"`)."""

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """One record a row, in order: a column `id` and whatever the grouping needs.

        Called once a batch, perhaps in several processes: what it gives depends on each row alone.
        """
        ...

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """The findings and clusters of the whole table; `lookup` gives a row by its id.

        The table may be larger than memory: its columns are mapped from a file, in chunks of a batch each. A lookup
        costs tens of microseconds, so it is for the rows that need another look, not for all of them.
        """
        ...


@dataclass(frozen=True, slots=True)
class SplitFindings:
    """What comparing train rows with held-out ones gave, where there is more to say than findings."""

    findings: Iterable[Finding]
    """In any order, read once: a generator does where there may be very many."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """The values of the component's `metrics`, by their names: gates can hold them. One that is left out is missing. A count
    of what was looked for and not found is 0; of what could not be looked for, it is missing."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Why a metric has no value."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the run keeps of it besides, for programs. JSON values."""
    blocks: Sequence[Block] = ()
    """What reports show of it."""

    @classmethod
    def of(cls, found: Iterable[Finding] | SplitFindings) -> SplitFindings:
        """What a split filter returned, whichever it may be."""
        return found if isinstance(found, SplitFindings) else cls(found)

    @property
    def measured(self) -> Measured:
        """What it has to say besides its findings."""
        return Measured(self.measures, self.missing, self.facts, self.blocks)


class SplitFilter(Protocol):
    """Compares the train rows with the held-out ones (`place="splits"`).

    It is asked where there are rows on both sides; one that has something to say of train rows alone says so with an
    attribute `alone`, and is then asked wherever there are train rows. What it does not look for although one might expect
    it, it says in an attribute `unseen`, as a `RowFilter` does.
    """

    def compare(self, train: Rows, held_out: Rows) -> Iterable[Finding] | SplitFindings:
        """Findings about train rows (a held-out row only where the suite asks for it), `matched_row` set."""
        ...


@runtime_checkable
class HoldsValidation(SplitFilter, Protocol):
    """A split filter whose rules hold for validation rows too: a checkpoint is chosen by these, so none may give away a test row.

    Where a suite has validation rows, it is asked about train rows and all held-out ones first, then its `of_validation` about
    validation rows in the place of train rows and the other evaluation sets in that of the held-out ones. Findings
    of both are applied together; what the second measures stands in for what the first says of the same metric.
    """

    def of_validation(self) -> SplitFilter:
        """The filter that validation rows are held against the other evaluation sets by."""
        ...


@runtime_checkable
class SearchingFilter(SplitFilter, Protocol):
    """A split filter that looks train rows up one by one, so that the looking can run anywhere, in batches.

    A run prefers these three steps to `compare` where there are many rows; both give the same findings. `compare` is
    then `conclude(index, search(index, all train rows), train, held_out)`: `seatrial.data.searching.search_all` does it.
    """

    def index(self, held_out: Rows) -> Any:
        """What train rows are looked up in. Made once in each process; the same wherever it is made."""
        ...

    def search(self, index: Any, rows: Sequence[Row]) -> pa.Table:
        """What some train rows share with the held-out ones: any number of records, of the same schema for any rows.

        Called once a batch, perhaps in several processes: what it gives depends on each row and the index alone.
        """
        ...

    def conclude(self, index: Any, found: pa.Table, train: Rows, held_out: Rows) -> Iterable[Finding] | SplitFindings:
        """The findings, from the records of all batches in the order of the train rows."""
        ...


Filter = RowFilter | CorpusFilter | SplitFilter
