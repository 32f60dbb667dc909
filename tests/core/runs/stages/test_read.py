"""Reading: what is refused and said of each source, and what a run that goes on may take from an earlier one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from seatrial.errors import SourceError
from seatrial.plugin.host import Host
from seatrial.rows.format_error import RULES
from seatrial.rows.table import open_rows
from seatrial.runs.inputs import Input, NamedReader
from seatrial.runs.keys import node_key
from seatrial.runs.preflight import preflight
from seatrial.runs.recipe import Recipe
from seatrial.runs.run import run
from seatrial.runs.stages.read import Read
from seatrial.sources import Resolved
from seatrial.suite.file import load_suite
from seatrial.suite.keys import DataFileKeys


@pytest.fixture
def stage(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "x"}\n')
    keys = DataFileKeys(source="path:rows.jsonl")
    source = Input(Resolved("path:rows.jsonl", tmp_path / "rows.jsonl"), "", keys, None)
    identity = {"provider": ["seatrial", "0.1"], "version": "1"}
    reader = NamedReader("jsonl", "seatrial", object(), Recipe("jsonl", object, {}, identity=identity))
    return Read([source], {"jsonl": reader}, excerpts=True)


@pytest.mark.parametrize(
    "change",
    [
        {"identity": {"provider": ["other", "0.1"], "version": "1"}},
        {"identity": {"provider": ["seatrial", "0.2"], "version": "1"}},
        {"identity": {"provider": ["seatrial", "0.1"], "version": "2"}},
        {"options": {"a": 1}},
    ],
)
def test_another_reader_or_version_of_it_reads_again(stage, change):
    reader = stage.readers["jsonl"]
    other = replace(stage, readers={"jsonl": replace(reader, recipe=replace(reader.recipe, **change))})
    assert node_key(other, []) != node_key(stage, [])
    assert node_key(replace(stage), []) == node_key(stage, [])


def test_a_rule_of_another_version_reads_again(stage):
    assert stage.rules == {rule.name: rule.version for rule in RULES}
    assert node_key(replace(stage, rules={**stage.rules, "empty": "7"}), []) != node_key(stage, [])


def test_a_file_that_says_something_else_reads_again(stage, tmp_path):
    before = node_key(stage, [])
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "y"}\n')
    assert node_key(stage, []) != before


@pytest.fixture
def trial(tmp_path):
    """`trial(train, test, **keys)`: the data stages over two files of records, and what check says of them."""
    host = Host.load()

    def make(train, test, **keys):
        data = {}
        for split, records in (("train", train), ("test", test)):
            path = tmp_path / f"{split}.jsonl"
            path.write_text("".join(record + "\n" for record in records))
            data[split] = {"source": f"path:{path}", **keys}
        (tmp_path / "suite.yaml").write_text(json.dumps({"name": "two", "data": data}))
        return load_suite(tmp_path / "suite.yaml", host, only_data=True)

    make.check = lambda suite: list(preflight(suite, host, cache=tmp_path / "cache", only_data=True))
    make.run = lambda suite: run(suite, host, runs=tmp_path / "runs", only_data=True)
    return make


ROWS = [json.dumps({"text": f"text {number}", "label": "ab"[number % 2]}) for number in range(20)]


@pytest.mark.parametrize("test", [[], ["not json"], ['{"text": "a"}']])
def test_a_source_of_which_nothing_is_left_is_refused_by_check_and_by_the_run(trial, test):
    suite = trial(ROWS, test)
    for look in (trial.check, trial.run):
        with pytest.raises(SourceError, match=r"test\.jsonl: no row could be read \(\d unusable records"):
            look(suite)


def test_a_small_source_that_is_half_lost_is_said_by_its_name(trial):
    warnings = trial.run(trial(ROWS, [*ROWS[:2], "{", "{"])).facts("read")["warnings"]
    (warning,) = warnings
    assert warning.startswith("read path:")
    assert "test.jsonl: 2 of 4 records (50.0%) became no row: jsonl/undecodable 2 (first test.jsonl:3)" in warning


def test_labels_in_words_stay_where_there_is_no_word_in_them(trial):
    rows = ['{"text": "a", "label": "card_lost"}', '{"text": "b", "label": "-"}', '{"text": "c", "label": "__"}']
    result = trial.run(trial(rows, rows, label_style="words"))
    assert [row.label for row in open_rows(result.folder / "data/raw.parquet")] == ["card lost", "-", "__"] * 2
