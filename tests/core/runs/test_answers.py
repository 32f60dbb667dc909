"""What components have to show, and the files that reports name, held against what they promise."""

from __future__ import annotations

import pytest

from seatrial.blocks import Bar, Bars, Table, Text
from seatrial.data.filters import Measured, SplitFindings
from seatrial.errors import PluginError
from seatrial.runs import contracts
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.runs.tally import Tally

WHO = "clean: filter odd (plugin faulty-parts)"


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        (None, ["None", "series of blocks"]),
        ("text", ["a str", "series of blocks"]),
        ([Text("fine", []), "text"], ["number 2", "a str is no block"]),
        ([Table("t", ["a"], [["1", "2"]])], ["number 1", "'t'", "2 cells under 1 columns"]),
        ((Bars("b", [Bar("x", float("nan"))]) for _ in "1"), ["number 1", "bars[0].value", "nan"]),
    ],
)
def test_blocks_that_cannot_be_shown_name_the_plugin(given, facts):
    with pytest.raises(PluginError) as caught:
        contracts.blocks(given, WHO)
    assert all(fact in str(caught.value) for fact in [WHO, *facts]), caught.value


def test_what_a_filter_measured_is_held_against_it_with_its_blocks():
    contracts.told(Measured(blocks=[Text("t", ["said"])]), WHO)
    with pytest.raises(PluginError, match=r"faulty-parts.*number 1"):
        contracts.told(SplitFindings([], blocks=[Text("t", [None])]).measured, WHO)


def test_a_stage_keeps_the_blocks_of_its_filters_as_json():
    component = type("C", (), {"summary": "Odd.", "rules": ()})
    odd = type("F", (SuiteFilter,), {"__init__": lambda self: None})
    one = object.__new__(odd)
    for name, value in {"alias": "odd", "plugin": "p", "component": component, "filter": object()}.items():
        object.__setattr__(one, name, value)
    tally = Tally("clean", [one])
    tally.note("odd", Measured({"n": 1.0}, blocks=(Text("Seen", ("much",)),)))
    (kept,) = tally.facts(0, 0)["filters"]
    assert kept["blocks"] == [{"block": "text", "title": "Seen", "paragraphs": ["much"], "alarming": False}]


def test_a_report_names_files_that_are_there(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "folder").mkdir()
    assert contracts.files([tmp_path / "a.txt"], tmp_path, WHO) == [tmp_path / "a.txt"]
    for absent in (tmp_path / "b.txt", tmp_path / "folder"):
        with pytest.raises(PluginError, match=rf"faulty-parts.*{absent.name}.*did not write"):
            contracts.files([tmp_path / "a.txt", absent], tmp_path, WHO)
    with pytest.raises(PluginError, match=r"faulty-parts.*a\.txt"):
        contracts.files([tmp_path / "a.txt"], tmp_path / "folder", WHO)
