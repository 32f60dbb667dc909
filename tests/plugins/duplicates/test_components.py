"""The duplicate filters as a suite names them."""

from __future__ import annotations

import pytest

from seatrial.component import Use
from seatrial_plugins.cleaning import seatrial_filters
from seatrial_plugins.duplicates import duplicate_filters

COMPONENTS = {component.name: component for component in duplicate_filters()}


def test_they_are_offered_as_corpus_filters():
    offered = {component.name: component for component in seatrial_filters()}
    assert list(COMPONENTS) == ["duplicates", "near_duplicates", "repeated_spans", "semantic_duplicates"]
    assert {offered[name].place for name in COMPONENTS} == {"corpus"}
    assert COMPONENTS["semantic_duplicates"].uses == {"encoder": Use("encoder", "minilm")}


@pytest.mark.parametrize("name", ["near_duplicates", "semantic_duplicates"])
def test_only_copies_are_dropped(name):
    assert {rule.name: rule.action for rule in COMPONENTS[name].rules} == {
        "copy": "drop",
        "conflict": "flag",
        "capped": "flag",
    }


def test_only_rows_that_add_nothing_are_dropped():
    rules = {rule.name: rule.action for rule in COMPONENTS["repeated_spans"].rules}
    assert rules == {"contained": "drop", "repeated-span": "flag"}
