"""A ledger is counted column by column, and the counts are those of counting entry by entry."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from seatrial_reports.columns import chosen, grouped, truths

WORDS = st.sampled_from(["", "a", "b", "c", None])


def table(rows):
    first, second = zip(*rows, strict=True) if rows else ((), ())
    return pa.table({"first": pa.array(first, pa.string()), "second": pa.array(second, pa.string())})


@given(st.lists(st.tuples(WORDS, WORDS), max_size=40))
def test_groups_are_the_different_values_in_the_order_in_which_they_appear(rows):
    keys, group = grouped(table(rows), ("first", "second"))
    said = [(first or "", second or "") for first, second in rows]
    assert keys == (list(dict.fromkeys(said)) if rows else [])
    assert [keys[number] for number in group.tolist()] == said


def test_rows_are_chosen_by_what_their_columns_say():
    rows = table([("a", "b"), ("b", "a"), ("a", None)])
    assert chosen(rows, ("first",), lambda first: first == "a").tolist() == [0, 2]
    assert chosen(rows, ("first", "second"), lambda first, second: first == "a" and not second).tolist() == [2]
    assert chosen(table([]), ("first",), lambda _: True).tolist() == []


def test_what_is_null_is_not_true():
    assert truths(pa.chunked_array([[True, None], [False]])).tolist() == [True, False, False]
