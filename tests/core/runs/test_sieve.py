"""A sieve: findings in any order are applied to their rows, filter after filter, and everything is accounted for."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from seatrial import Finding, Row, Rule, Span, Turn
from seatrial.data.ledger import entries_of, write_ledger
from seatrial.errors import ContractError
from seatrial.rows.table import open_rows, write_rows
from seatrial.runs.sieve import Sieve
from seatrial.runs.tally import Tally

RULES = (Rule("copy", "A copy."), Rule("note", "A note.", "flag"), Rule("typo", "A typo.", "repair"))
COUNT = 4_500


class Nothing:
    pass


@pytest.fixture
def rows(tmp_path):
    rows = [Row(f"r{n:04}", (Turn("user", f"text {n}"),), "chat", "s", "f", n + 1, split="train") for n in range(COUNT)]
    write_rows(tmp_path / "in.parquet", rows)
    return rows


def sift(folder, filters, rounds):
    """Apply each filter's findings in turn; what is left, the entries, the facts."""
    tally = Tally("deduplicate", filters)
    with (
        write_ledger(folder / "ledger.parquet") as ledger,
        Sieve.open("deduplicate", folder / "in.parquet", ledger, tally) as sieve,
    ):
        for suite_filter, findings in zip(filters, rounds, strict=True):
            sieve.apply(suite_filter, [sieve.placed(suite_filter, findings)])
        count = sieve.finish(folder / "out.parquet")
    entries = list(entries_of(pq.read_table(folder / "ledger.parquet")))
    return list(open_rows(folder / "out.parquet")), entries, tally.facts(COUNT, count)


def test_findings_in_any_order_meet_their_rows(tmp_path, rows, suite_filter):
    first, second = (suite_filter(Nothing, RULES, alias=name, place="corpus") for name in ("one", "two"))
    kept, entries, facts = sift(
        tmp_path,
        [first, second],
        [
            (Finding(f"r{n:04}", "copy", matched_row="r0000") for n in range(COUNT - 1, 0, -3)),
            [
                Finding("r0003", "typo", spans=(Span(0, 0, 4, "TEXT"),)),
                Finding("r0000", "note"),
                Finding("r0000", "copy"),
            ],
        ],
    )
    out = {f"r{n:04}" for n in range(COUNT - 1, 0, -3)} | {"r0000"}
    expected = [replace(row, turns=(Turn("user", "TEXT 3"),)) if row.id == "r0003" else row for row in rows]
    assert kept == [row for row in expected if row.id not in out]
    assert [entry.row for entry in entries if entry.filter == "one"] == sorted(out - {"r0000"})
    assert [(entry.row, entry.rule, entry.action, entry.decisive) for entry in entries if entry.filter == "two"] == [
        ("r0000", "note", "flag", False),
        ("r0000", "copy", "drop", True),
        ("r0003", "typo", "repair", False),
    ]
    assert (facts["rows_in"], facts["rows_out"], facts["dropped"]) == (COUNT, COUNT - len(out), len(out))
    assert [(one["filter"], one["findings"], one["dropped"]) for one in facts["filters"]] == [
        ("one", 1_500, 1_500),
        ("two", 3, 1),
    ]


def test_a_filter_does_not_see_what_an_earlier_one_dropped(tmp_path, rows, suite_filter):
    filters = [suite_filter(Nothing, RULES, alias=name, place="corpus") for name in ("one", "two")]
    with pytest.raises(
        ContractError, match=r"deduplicate: filter two \(plugin toys\) made a finding \(note\) about row 'r0007'"
    ):
        sift(tmp_path, filters, [[Finding("r0007", "copy")], [Finding("r0007", "note")]])
    assert not (tmp_path / "ledger.parquet").exists()
    assert not (tmp_path / ".deduplicate").exists()


def test_a_finding_about_a_row_of_another_split_is_refused(tmp_path, rows, suite_filter):
    only = suite_filter(Nothing, RULES, place="corpus")
    seen = np.arange(COUNT) < 10
    with (
        write_ledger(tmp_path / "ledger.parquet") as ledger,
        Sieve.open("deduplicate", tmp_path / "in.parquet", ledger, Tally("deduplicate", [only])) as sieve,
    ):
        assert len(sieve.placed(only, [Finding("r0009", "copy")], seen).found) == 1
        with pytest.raises(ContractError, match="row 'r0010', which it was not given"):
            sieve.placed(only, [Finding("r0009", "copy"), Finding("r0010", "copy")], seen)


def test_without_findings_the_rows_are_the_same_file(tmp_path, rows, suite_filter):
    kept, entries, facts = sift(tmp_path, [suite_filter(Nothing, RULES, place="corpus")], [[]])
    assert kept == rows
    assert entries == []
    assert facts["dropped"] == 0
    assert (tmp_path / "in.parquet").is_file()
    assert not (tmp_path / ".deduplicate").exists()


def test_all_rows_may_go(tmp_path, rows, suite_filter):
    kept, entries, facts = sift(
        tmp_path, [suite_filter(Nothing, RULES, place="corpus")], [[Finding(row.id, "copy") for row in rows]]
    )
    assert (kept, len(entries), facts["dropped"]) == ([], COUNT, COUNT)
