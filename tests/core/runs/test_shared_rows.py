"""Rows that stand word for word on both sides of a split are told, whatever filters a suite has."""

import json

import pytest

from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.runs.saved import load_result
from seatrial.suite.file import load_suite

TEXT = "where is my parcel number {0} that was sent from the port of Calais on day {0} of the month of May"
"""Of words enough that filters for leakage look at them."""


@pytest.fixture
def warnings(tmp_path, monkeypatch):
    """`warnings(filters, **rows)`: those of the comparison that speak of rows that stand on both sides."""
    monkeypatch.chdir(tmp_path)

    def told(filters="[]", text=TEXT, **rows):
        for name, numbers in rows.items():
            lines = [json.dumps({"text": text.format(at), "label": "ab"[at % 2]}) for at in numbers]
            (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
        data = "".join(f"  {name}: {{source: 'path:{name}.jsonl'}}\n" for name in rows)
        (tmp_path / "suite.yaml").write_text(f"name: shared\ndata:\n{data}filters: {filters}\n")
        host = Host.load()
        run(load_suite(tmp_path / "suite.yaml", host, only_data=True), host, runs=tmp_path / "runs", only_data=True)
        (folder,) = (tmp_path / "runs").iterdir()
        found = load_result(folder, host).facts("decontaminate")["warnings"]
        return [one for one in found if "word for word" in one]

    return told


def test_test_rows_of_train_are_told_with_their_places(warnings):
    (said,) = warnings(train=range(20), test=[100, 101, 12, 3])
    assert "2 of 4 test rows" in said
    assert "in train; the first: test.jsonl:3, in train train.jsonl:13." in said


def test_validation_rows_are_held_against_train_and_the_test_rows_against_both(warnings):
    first, second = warnings(train=range(20), validation=[5, 30, 31], test=[30, 41, 42])
    assert "1 of 3 validation rows stand word for word in train" in first
    assert "1 of 3 test rows stand word for word in validation" in second


def test_rows_that_are_twice_on_one_side_are_none(warnings):
    assert warnings(train=[1, 2, 2, 3], test=[5, 5, 6]) == []


@pytest.mark.parametrize("side", ["train", "test"])
@pytest.mark.parametrize("action", ["drop", "flag"])
def test_what_a_filter_took_out_or_told_is_not_told_again(warnings, action, side):
    filters = f"[{{leakage: {{presets: [exact], side: {side}, action: {action}}}}}]"
    assert warnings(filters, train=range(20), test=[100, 101, 12, 3]) == []


def test_a_row_that_a_filter_could_not_compare_is_told(tmp_path, warnings):
    """The encoder reads no Thai: it says so of each row, and finds nothing."""
    filters = "[{leakage: {presets: [semantic]}}]"
    (said,) = warnings(filters, train=range(3), test=[7, 2], text="พัสดุหมายเลข {} ของฉันอยู่ที่ไหน")
    assert "1 of 2 test rows" in said


def test_groups_that_stand_on_both_sides_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, numbers in (("train", range(8)), ("test", range(8, 12))):
        lines = [{"text": TEXT.format(at), "label": "ab"[at % 2], "group": f"user {at % 5}"} for at in numbers]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    data = "".join(f"  {name}: {{source: 'path:{name}.jsonl'}}\n" for name in ("train", "test"))
    (tmp_path / "suite.yaml").write_text(f"name: groups\ndata:\n{data}filters: []\n")
    host = Host.load()
    run(load_suite(tmp_path / "suite.yaml", host, only_data=True), host, runs=tmp_path / "runs", only_data=True)
    (folder,) = (tmp_path / "runs").iterdir()
    (said,) = load_result(folder, host).facts("decontaminate")["warnings"]
    assert "4 of 4 test rows belong to groups that stand in train, too (the first: user 3)" in said
