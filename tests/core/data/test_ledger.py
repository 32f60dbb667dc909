"""The ledger: entries come back as they were, are written as they come, and merged in order."""

import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Span
from seatrial.data.ledger import Entry, entries_of, entries_to_table, ledger_schema, merge_ledgers, write_ledger
from seatrial.rows.table import BATCH

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SPANS = st.lists(st.builds(Span, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.none() | TEXT), max_size=3)
ENTRIES = st.lists(
    st.builds(
        Entry, row=TEXT, source=TEXT, file=TEXT, line=st.integers(1, 2**40), split=TEXT, stage=TEXT, filter=TEXT,
        plugin=TEXT, rule=TEXT, rule_version=TEXT, action=st.sampled_from(["drop", "flag"]), decisive=st.booleans(),
        detail=TEXT, score=st.none() | st.floats(allow_nan=False), spans=SPANS.map(tuple), matched_row=st.none() | TEXT,
        matched_text=st.none() | TEXT, excerpt=TEXT,
    ),
    max_size=5,
)  # fmt: skip


def entry(number):
    return Entry(f"r{number}", "s", "f", number, "", "clean", "schema", "seatrial", "empty", "1", "drop", decisive=True)


@given(ENTRIES)
def test_entries_come_back_from_a_table_as_they_were(entries):
    table = entries_to_table(entries)
    assert table.schema == ledger_schema()
    assert list(entries_of(table)) == entries


def test_everything_that_a_reason_needs_has_a_column():
    assert {
        "row", "source", "line", "split", "rule", "rule_version", "plugin", "action", "score", "spans", "matched_row",
        "matched_text", "detail",
    } <= set(ledger_schema().names)  # fmt: skip


def test_entries_are_written_as_they_come_and_tables_between_them(tmp_path):
    entries = [entry(number) for number in range(2 * BATCH + 10)]
    with write_ledger(tmp_path / "ledger.parquet") as ledger:
        for one in entries[: BATCH + 5]:
            ledger.add(one)
        ledger.add_table(entries_to_table(entries[BATCH + 5 : BATCH + 9]))
        for one in entries[BATCH + 9 :]:
            ledger.add(one)
    assert list(entries_of(pq.read_table(tmp_path / "ledger.parquet"))) == entries


def test_ledgers_are_merged_in_order(tmp_path):
    for name, numbers in (("one", range(3)), ("two", []), ("three", range(3, 5))):
        with write_ledger(tmp_path / name) as ledger:
            for number in numbers:
                ledger.add(entry(number))
    merge_ledgers(tmp_path / "all", [tmp_path / name for name in ("one", "two", "three")])
    assert [one.row for one in entries_of(pq.read_table(tmp_path / "all"))] == ["r0", "r1", "r2", "r3", "r4"]
