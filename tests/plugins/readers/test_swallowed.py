"""Rows within a cell: told where a quote took them, and not where a text only has lines and commas."""

from __future__ import annotations

import pytest

import seatrial_plugins.readers as plugin

LABELLED = [f"text {number},{'red' if number % 2 else 'blue'}" for number in range(30)]


@pytest.fixture
def read(tmp_path):
    def reading(*rows, header="text,label"):
        path = tmp_path / "rows.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return list(plugin.csv().read(path))

    return reading


@pytest.mark.parametrize("place", [0, 2, 15])
def test_rows_between_a_quote_and_the_next_at_a_cells_end(read, place):
    before, within, behind = LABELLED[:place], LABELLED[place : place + 10], LABELLED[place + 10 :]
    records = read(*before, '"so it began,red', *within, 'a screen of 5",blue', *behind)
    *rows, last = records
    assert len(rows) == 21
    assert not any(record.problem for record in rows)
    assert last.lost
    assert last.problem.startswith(f"the row at line {place + 2} may hold others: 10 lines of a quoted cell look like")
    assert [record.line for record in records] == sorted(record.line for record in records)


@pytest.mark.parametrize(
    "cell",
    [
        "one\ntwo\nthree\nfour\nfive",
        "Dear all,\nfirst, we met\nthen, we left\nlast, we slept\nYours, Ann",
        "name,age\nann,3\nbob,4\ncy,5\nWho is the oldest?",
        "said\nthe ball, red\nand, blue\nwell",
    ],
)
def test_a_text_with_lines_and_commas(read, cell):
    assert not any(record.problem or record.lost for record in read(*LABELLED, f'"{cell}",red'))


@pytest.mark.parametrize(("within", "told"), [(7, False), (8, True)])
def test_where_all_values_of_a_column_differ_only_many_lines_tell(read, within, told):
    rows = [f"question {number},answer {number}" for number in range(20 + within)]
    records = read(*rows[:20], '"q,a', *rows[20:], 'z",b', header="prompt,completion")
    assert any(record.lost for record in records) is told


def test_a_table_of_one_column(read):
    assert not any(record.lost for record in read(*["a", "b"] * 10, '"a\nb\na\nb\na\nb"', header="text"))
