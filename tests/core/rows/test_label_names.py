"""Labels are renamed, and names that the data does not have are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.rows.formats import parse
from seatrial.rows.label_names import LabelNames


def read(names, *labels, possible=None):
    found = LabelNames(names, possible)
    return found, [parse({"text": "t", "label": label}, labels=found).label for label in labels]


def test_labels_are_renamed_and_others_stay():
    names, labels = read({"0": "hate", "1": "offensive"}, 0, "1", "neither", 0)
    assert labels == ["hate", "offensive", "neither", "hate"]
    assert names.complete
    assert names.problem is None


def test_a_name_that_is_no_label_is_said_with_the_nearest():
    names, _ = read({"Hate": "h", "1": "o", "qqq": "x"}, "hate", "1", "2")
    assert not names.useless
    assert names.problem == (
        "`labels:` renames 'Hate' (did you mean 'hate'?), 'qqq'; the data has no such label, but '1', '2', 'hate'"
    )


@pytest.mark.parametrize(("labels", "useless"), [(("0", "1"), True), (("0", "a"), False), ((), False)])
def test_names_are_useless_where_none_of_them_is_a_label(labels, useless):
    assert read({"a": "x", "b": "y"}, *labels)[0].useless is useless


def test_names_that_another_source_has_are_not_useless_but_said():
    possible: set[str] = set()
    read({"0": "hate", "1": "offensive"}, "0", "2", possible=possible)
    small, _ = read({"0": "hate", "1": "offensive"}, "2", possible=possible)
    other, _ = read({"zero": "hate"}, "2", possible=possible)
    assert not small.useless
    assert small.problem == "`labels:` renames '0', '1'; the data has no such label, but '2'"
    assert other.useless


def test_names_are_not_useless_where_rows_were_left_unread():
    names, _ = read({"a": "x"}, "b")
    assert names.useless
    names.leave_unread("what was read of it (limit: 1)")
    assert not names.useless
    assert names.problem == "`labels:` renames 'a'; what was read of it (limit: 1) has no such label, but 'b'"


def test_rows_without_labels_are_said_too():
    names = LabelNames({"a": "x"})
    parse({"prompt": "p", "completion": "c"}, labels=names)
    assert names.problem == "`labels:` renames 'a', and no row of the data has a label"


def test_no_names_have_no_problem():
    names, labels = read({}, "a")
    assert labels == ["a"]
    assert (names.problem, names.useless, names.complete) == (None, False, True)


def test_many_names_and_many_labels_make_a_short_message():
    names, _ = read({f"n{n}": "x" for n in range(300)}, *(f"{n}" * 500 for n in range(2_000)))
    said = names.problem
    assert "and 292 more" in said
    assert said.endswith(", …")
    assert len(said) < 2_000


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1)), st.lists(st.text(min_size=1)))
def test_it_renames_as_the_mapping_that_it_was_given(names, labels):
    found = LabelNames(names)
    for label in labels:
        assert found.get(label, label) == names.get(label, label)
    assert found.complete == (set(names) <= set(labels))
