"""Composition: counts by label and slice, and what a split lacks."""

from __future__ import annotations

import json

from seatrial.data.composition import Composition
from seatrial.rows import Label, Row, Turn


def row(name: str, label: str | None = None, slice_: str = "") -> Row:
    turns = (Turn("user", name), Turn("assistant", label or "yes"))
    return Row(name, turns, "text-label", "s", "f", 1, expected=None if label is None else Label(label), slice=slice_)


TRAIN = [row("t1", "card", "en"), row("t2", "card", "en"), row("t3", "top-up", "en")]
TEST = [row("a", "card", "en"), row("b", "fruit", "fr"), row("c", "fruit", "fr"), row("d", "card", "fr")]
BARE = [row("x")]


def facts(train=(), test=(), **more):
    return Composition.of({"train": train, "test": test, **more}).facts()


def test_rows_are_counted_by_split_label_and_slice():
    found = facts(TRAIN, TEST, validation=[row("v", "top-up")])
    assert found["rows"] == {"train": 3, "validation": 1, "test": 4}
    assert found["labels"] == {
        "card": {"train": 2, "validation": 0, "test": 2},
        "fruit": {"train": 0, "validation": 0, "test": 2},
        "top-up": {"train": 1, "validation": 1, "test": 0},
    }
    assert found["slices"]["fr"] == {"train": 0, "validation": 0, "test": 3}
    assert found["labels_not_in_train"] == ["fruit"]
    assert found["labels_not_in_test"] == ["top-up"]
    assert found["slices_not_in_train"] == ["fr"]
    assert found["slices_not_in_test"] == []
    assert found["unknown"] == {}


def test_a_set_beside_test_is_held_out_too():
    found = facts(TRAIN, [], other=TEST)
    assert (found["labels_not_in_train"], found["labels_not_in_test"]) == (["fruit"], ["top-up"])
    assert found["slices_not_in_train"] == ["fr"]


def test_facts_are_json_and_repeat_whatever_the_order_of_train():
    found = facts(TRAIN, TEST)
    assert json.loads(json.dumps(found)) == found
    assert facts(TRAIN[::-1], TEST) == found


def test_where_there_is_nothing_to_compare_nothing_is_known():
    assert facts(BARE, BARE)["unknown"] == {
        "labels_not_in_train": "no test row has a label",
        "labels_not_in_test": "no train row has a label",
        "slices_not_in_train": "no test row has a slice",
        "slices_not_in_test": "no train row has a slice",
    }
    # What test has and train lacks is known where train has no label at all.
    found = facts(BARE, TEST)
    assert "labels_not_in_train" not in found["unknown"]
    assert found["labels_not_in_train"] == ["card", "fruit"]
