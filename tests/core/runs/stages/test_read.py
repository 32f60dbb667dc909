"""Reading: what is refused and said of each source, and what a run that goes on may take from an earlier one."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from seatrial.errors import SourceError
from seatrial.plugin.host import Host
from seatrial.rows import RawRecord
from seatrial.rows.format_error import RULES
from seatrial.rows.table import open_rows
from seatrial.runs.broken_files import BrokenFiles, broken_warnings
from seatrial.runs.inputs import Input, NamedReader
from seatrial.runs.keys import node_key
from seatrial.runs.preflight import preflight
from seatrial.runs.recipe import Recipe
from seatrial.runs.run import run
from seatrial.runs.stages.read import Read
from seatrial.runs.story import tell
from seatrial.sources import Resolved
from seatrial.suite.file import load_suite
from seatrial.suite.keys import DataFileKeys
from seatrial.terminal.documents import warnings_of
from seatrial.terminal.story import story_lines


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

    def make(train, test, gates=None, **keys):
        data = {}
        for split, records in (("train", train), ("test", test)):
            path = tmp_path / f"{split}.jsonl"
            path.write_text("".join(record + "\n" for record in records))
            data[split] = {"source": f"path:{path}", **keys}
        (tmp_path / "suite.yaml").write_text(
            json.dumps({"name": "two", "data": data} | ({"gates": gates} if gates else {}))
        )
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


@pytest.mark.parametrize("set_", ["train", "test"])
def test_a_file_that_breaks_off_is_warned_of_whatever_is_left(trial, tmp_path, set_):
    suite = trial(ROWS, ROWS)
    with (tmp_path / f"{set_}.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "cut')
    (said,) = [line for line in trial.check(suite) if line.startswith("warning: ")]
    result = trial.run(suite)
    (warning,) = result.facts("read")["warnings"]
    assert f"{set_}.jsonl: records are lost" in warning
    assert f"{set_}.jsonl:21: broken JSON" in warning
    assert f"the {set_} rows are only those that were read" in warning
    assert said == f"warning: {warning}"
    assert [score.value for score in result.scores if score.metric == "data/broken_files"] == [1]


def test_a_file_that_breaks_off_stands_beside_the_verdict_once_and_can_be_gated(trial, tmp_path):
    for records, state in ((ROWS, "pass"), ([*ROWS, '{"text": "cut'], "fail")):
        suite = trial(ROWS, records, gates=[{"metric": "data/broken_files", "max": 0}])
        file = tmp_path / "test.jsonl"
        file.write_text(file.read_text().rstrip("\n"))
        result = trial.run(suite)
        assert result.verdict.state == state
        said = [warning for warning in result.verdict.warnings if "records are lost" in warning]
        assert len(said) == (state == "fail")
        assert [warning for warning in warnings_of(result) if "records are lost" in warning] == said


def test_a_file_that_no_reader_takes_is_warned_of(trial, tmp_path):
    suite = trial(ROWS, ROWS)
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "test.jsonl").rename(folder / "test.jsonl")
    (folder / "test-2.jsonl.zst").touch()
    data = {"train": {"source": f"path:{tmp_path / 'train.jsonl'}"}, "test": {"source": f"path:{folder}"}}
    (tmp_path / "suite.yaml").write_text(json.dumps({"name": "two", "data": data}))
    suite = load_suite(tmp_path / "suite.yaml", Host.load(), only_data=True)
    (warning,) = trial.run(suite).facts("read")["warnings"]
    assert warning.startswith(f"path:{folder}: files of the folder were left out: test-2.jsonl.zst (packed); unpack")
    assert f"warning: {warning}" in trial.check(suite)


def test_a_reader_may_say_that_records_are_lost_beside_a_whole_one():
    files = BrokenFiles()
    for line in (3, 7):
        files.add("path:a", "test", "a.ini", RawRecord(line, {"text": "a"}, lost=True))
    for name in "bcde":
        files.add("path:b", "", f"{name}.ini", RawRecord(1, problem="torn", lost=True))
    (first, told), (second, of_many) = broken_warnings(files.facts())
    assert (first, second) == ("path:a", "path:b")
    assert "a.ini:3: more of the file could not be read. Mend" in told
    assert "b.ini:1: torn; c.ini:1: torn; d.ini:1: torn; and 1 more file. Mend" in of_many


def test_labels_in_words_stay_where_there_is_no_word_in_them(trial):
    rows = ['{"text": "a", "label": "card_lost"}', '{"text": "b", "label": "-"}', '{"text": "c", "label": "__"}']
    result = trial.run(trial(rows, rows, label_style="words"))
    assert [row.label for row in open_rows(result.folder / "data/raw.parquet")] == ["card lost", "-", "__"] * 2


def test_keys_that_become_no_part_of_a_row_are_told_once_a_source(trial):
    rows = [json.dumps({"text": "a", "label": "x", "lang": "en", "answer": "b"})] * 3
    facts = trial.run(trial(rows, ROWS)).facts("read")
    (left,) = facts["left_aside"]
    assert (left["split"], left["keys"]) == ("train", {"'answer'": 3, "'lang'": 3})
    (warning,) = facts["warnings"]
    assert "train.jsonl: 'answer' (3): left aside, though other layouts read it" in warning
    (note,) = facts["notes"]
    assert "train.jsonl: keys that no layout reads were left aside: 'lang' (3)" in note
    assert any("'answer' (3)" in line for line in trial.check(trial(rows, ROWS)) if line.startswith("warning: "))


def test_labels_that_differ_in_case_alone_are_warned_of(trial):
    rows = [json.dumps({"text": f"t{at}", "label": label}) for at, label in enumerate(["Bill ", "bill", "Bill"])]
    result = trial.run(trial(rows, ROWS))
    assert [row.label for row in open_rows(result.folder / "data/raw.parquet")][:3] == ["Bill", "bill", "Bill"]
    (warning,) = result.facts("read")["warnings"]
    assert "labels that differ in" in warning
    assert "'Bill', 'bill';" in warning


def test_a_source_whose_answers_count_from_one_is_refused(trial):
    def question(answer):
        return json.dumps({"question": "Which?", "choices": ["a", "b", "c"], "answer": answer})

    with pytest.raises(SourceError, match=r"train\.jsonl: the answers .* seem to count from 1"):
        trial.run(trial([question(answer) for answer in (1, 2, 3, 1)], ROWS))
    counted = trial.run(trial([question(answer) for answer in (0, 1, 2, 3)], ROWS)).facts("read")
    assert (counted["rows"], counted["problems"]) == (23, 1)


def test_half_a_character_is_repaired_and_said_and_a_label_is_not(trial):
    rows = [
        '{"text": "cut \\ud83d", "label": "x"}',
        '{"text": "whole", "label": "x\\ud83d"}',
        '{"text": "c", "label": "x"}',
    ]
    result = trial.run(trial(rows, ROWS))
    first, *others = open_rows(result.folder / "data/raw.parquet")
    assert (first.turns[0].content, len(others)) == ("cut \ufffd", 21)
    facts = result.facts("read")
    assert (facts["read"], facts["rows"], facts["problems"], facts["repaired"]) == (23, 22, 1, 1)
    told = (
        pq.read_table(result.folder / "ledger/read.parquet").select(["row", "rule", "action", "decisive"]).to_pylist()
    )
    assert told == [
        {"row": first.id, "rule": "wrong-text", "action": "repair", "decisive": False},
        {"row": "train.jsonl:2", "rule": "wrong-text", "action": "drop", "decisive": True},
    ]


def test_images_of_a_folder_go_with_their_rows_to_the_dataset(tmp_path, png):
    data = tmp_path / "data"
    (data / "pictures").mkdir(parents=True)
    (data / "pictures/dot.png").write_bytes(png)
    shown = [{"type": "image", "path": "pictures/dot.png"}, {"type": "text", "text": "What is it?"}]
    far = [{"type": "image", "path": "../dot.png"}]
    lines = [
        {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "A dot."}]}
        for content in (shown, far, "no picture")
    ]
    (data / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    suite = {"name": "shown", "data": {"train": {"source": f"path:{data}"}}, "filters": [{"schema": {}}]}
    (tmp_path / "suite.yaml").write_text(json.dumps(suite))
    host = Host.load()
    result = run(
        load_suite(tmp_path / "suite.yaml", host, only_data=True), host, runs=tmp_path / "runs", only_data=True
    )
    image = next(iter(open_rows(result.folder / "data/train.parquet"))).images[0]
    assert (image.media_type, image.width, image.height) == ("image/png", 2, 1)
    for folder in ("data/images", "dataset/images"):
        assert (result.folder / folder / image.file_name).read_bytes() == png
    (entry,) = pq.read_table(result.folder / "ledger.parquet").to_pylist()
    assert (entry["rule"], entry["line"]) == ("wrong-image", 2)
    told = list(story_lines(tell(result.folder, "rows.jsonl:1")))
    assert f"Image  image/png, 2 × 1 pixels, data/images/{image.file_name}" in told
    again = {"name": "again", "data": {"train": {"source": f"path:{result.folder}/dataset", "reader": "jsonl"}}}
    (tmp_path / "again.yaml").write_text(json.dumps(again))
    once_more = run(
        load_suite(tmp_path / "again.yaml", host, only_data=True), host, runs=tmp_path / "runs", only_data=True
    )
    assert [row.turns for row in open_rows(once_more.folder / "data/raw.parquet")] == [
        row.turns for row in open_rows(result.folder / "data/train.parquet")
    ]
