"""Reading: what a run that goes on may take from an earlier one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.data.format_error import RULES
from seatrial.sources import Resolved
from seatrial.trial.inputs import Input, NamedReader
from seatrial.trial.stages import read
from seatrial.trial.stages.read import Read


@pytest.fixture
def stage(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "x"}\n')
    source = Input(Resolved("path:rows.jsonl", tmp_path / "rows.jsonl"), "", None, None, {}, {}, "as-is", None)
    reader = NamedReader("jsonl", "seatrial", object(), {}, ("0.1", "1"))
    return Read([source], {"jsonl": reader}, excerpts=True)


@pytest.mark.parametrize(
    "change", [{"plugin": "other"}, {"versions": ("0.2", "1")}, {"versions": ("0.1", "2")}, {"options": {"a": 1}}]
)
def test_another_reader_or_version_of_it_reads_again(stage, change):
    other = replace(stage, readers={"jsonl": replace(stage.readers["jsonl"], **change)})
    assert other.parts() != stage.parts()
    assert replace(stage).parts() == stage.parts()


def test_a_rule_of_another_version_reads_again(stage, monkeypatch):
    before = stage.parts()
    monkeypatch.setattr(read, "_VERSIONS", {rule.name: rule.version for rule in RULES} | {"empty": "7"})
    assert stage.parts() != before
