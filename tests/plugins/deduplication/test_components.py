"""The duplicate filters as a suite names them."""

from __future__ import annotations

from functools import partial

import pytest

from seatrial.errors import SuiteError
from seatrial.plugin.component import Use
from seatrial.plugin.host import Host
from seatrial.suite.file import load_suite
from seatrial_plugins.deduplication import seatrial_filters

COMPONENTS = {component.name: component for component in seatrial_filters()}


def test_they_are_offered_as_corpus_filters():
    assert list(COMPONENTS) == ["duplicates", "near_duplicates", "repeated_spans", "semantic_duplicates"]
    assert {component.place for component in COMPONENTS.values()} == {"corpus"}
    assert COMPONENTS["semantic_duplicates"].uses == {"encoder": Use("encoder", "minilm")}


UNREAD = {"near_duplicates": {}, "semantic_duplicates": {"unread": "flag"}}
"""What only an encoder has."""


@pytest.mark.parametrize("name", ["near_duplicates", "semantic_duplicates"])
def test_only_copies_are_dropped(name):
    assert {rule.name: rule.action for rule in COMPONENTS[name].rules} == {
        "copy": "drop",
        "conflict": "flag",
        "capped": "flag",
    } | UNREAD[name]


@pytest.mark.parametrize("name", ["near_duplicates", "semantic_duplicates"])
def test_a_row_that_others_went_for_is_not_dropped_because_its_cluster_is_full(name, tmp_path):
    (tmp_path / "suite.yaml").write_text(
        f"name: x\ndata: {{train: {{source: 'path:.'}}, split: {{test: 0.5}}}}\nfilters: [{{{name}: {{action: drop}}}}]\n"
    )
    load = partial(load_suite, tmp_path / "suite.yaml", Host.load(), only_data=True)
    (chosen,) = load().filters
    assert chosen.action == {"copy": "drop", "conflict": "drop", "capped": "flag"} | UNREAD[name]
    with pytest.raises(SuiteError, match=rf"action.capped: the action of this rule of '{name}' is always flag"):
        load(overrides=[f"filters.{name}.action={{capped: drop}}"])


def test_only_rows_that_add_nothing_are_dropped():
    rules = {rule.name: rule.action for rule in COMPONENTS["repeated_spans"].rules}
    assert rules == {"contained": "drop", "repeated-span": "flag"}
