"""What components have to show, and the files that reports name, held against what they promise."""

from __future__ import annotations

import pytest

from seatrial.blocks import Bar, Bars, Table, Text
from seatrial.data.filters import Measured, SplitFindings
from seatrial.errors import ContractError
from seatrial.evaluation.scores import Metric
from seatrial.runs import contracts
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
    with pytest.raises(ContractError) as caught:
        contracts.blocks(given, WHO)
    assert all(fact in str(caught.value) for fact in [WHO, *facts]), caught.value


def test_what_a_filter_measured_is_held_against_it_with_its_blocks():
    contracts.told(Measured(blocks=[Text("t", ["said"])]), WHO, ())
    with pytest.raises(ContractError, match=r"faulty-parts.*number 1"):
        contracts.told(SplitFindings([], blocks=[Text("t", [None])]).measured, WHO, ())


def test_a_stage_keeps_the_blocks_of_its_filters_as_json(suite_filter):
    counted = (Metric("n", "", "exact", "lower", "How many."),)
    tally = Tally("clean", [suite_filter(object, (), alias="odd", metrics=counted)])
    tally.note("odd", Measured({"n": 1.0}, blocks=(Text("Seen", ("much",)),)))
    (kept,) = tally.facts(0, 0)["filters"]
    assert kept["blocks"] == [{"block": "text", "title": "Seen", "paragraphs": ["much"], "alarming": False}]


def test_a_report_names_files_that_are_there(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "folder").mkdir()
    assert contracts.files([tmp_path / "a.txt"], tmp_path, WHO) == [tmp_path / "a.txt"]
    for absent in (tmp_path / "b.txt", tmp_path / "folder"):
        with pytest.raises(ContractError, match=rf"faulty-parts.*{absent.name}.*did not write"):
            contracts.files([tmp_path / "a.txt", absent], tmp_path, WHO)
    with pytest.raises(ContractError, match=r"faulty-parts.*a\.txt"):
        contracts.files([tmp_path / "a.txt"], tmp_path / "folder", WHO)
