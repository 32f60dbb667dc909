"""The dataset that is handed on: what it says can be read again, by seatrial and by others."""

import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Row, Turn
from seatrial.data.dataset import Shape, record_of, shape_of, write_jsonl, write_parquet
from seatrial.rows import content_id, rows_to_table
from seatrial.rows.formats import parse
from seatrial.rows.images import Images
from seatrial.rows.table import open_rows, write_rows
from seatrial_plugins import readers


def row(record, name="1a", images=None):
    said = parse(record, images=images)
    return Row(
        name, said.turns, said.format, "path:x.jsonl", "x.jsonl", 7, said.expected, said.slice, "g", tools=said.tools
    )


def content(of):
    return content_id(of.turns, of.expected, of.tools)


def shape(folder, *rows):
    """The shape of rows, as they stand in a run's file."""
    write_rows(folder / "rows.parquet", rows)
    return shape_of([open_rows(folder / "rows.parquet")])


def in_jsonl(folder, rows):
    write_jsonl(folder / "train.jsonl", rows, shape(folder, *rows))
    return [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def in_parquet(folder, rows):
    """What the file holds, as the reader gives it."""
    write_parquet(folder / "train.parquet", [rows_to_table(rows)], shape(folder, *rows))
    return [record.value for record in readers.parquet().read(folder / "train.parquet")]


CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
RECORDS = {
    "text-label": {"text": "where is it?\n", "label": "card"},
    "choice": {"question": "2 + 2?", "choices": ["3", "4"], "answer": 1},
    "chat": {
        "messages": [
            {"role": "system", "content": "Help."},
            {"role": "user", "content": "Rain in Ürümqi?"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "no", "tool_call_id": "c1", "name": "weather"},
            {"role": "assistant", "content": "No ☂"},
        ]
    },
    "alpaca": {"instruction": "Add.", "input": "1 2", "output": "3"},
    "sharegpt": {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello", "weight": 1}]},
    "prompt-completion": {"prompt": "a", "completion": "b"},
    "preference": {"prompt": "a", "chosen": "b", "rejected": "c"},
    "check": {"prompt": "def f():", "canonical_solution": " return 1", "test": "def check(f): f()", "entry_point": "f"},
    "several answers": {"question": "Who?", "answers": {"text": ["Ann", "Anna"], "answer_start": [0, 0]}},
    "disliked": {"prompt": "a", "completion": "b", "label": False},
    "liked": {"prompt": "a", "completion": "b", "label": True},
    "only context": {
        "messages": [
            {"role": "user", "name": "Ann", "content": "a"},
            {"role": "assistant", "content": "b", "weight": 0},
            {"role": "user", "content": "c"},
            {"role": "assistant", "content": "d", "reasoning_content": "hm"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_jsonl_reads_back_as_the_same_conversation(name, tmp_path):
    given_row = row(RECORDS[name])
    (record,) = in_jsonl(tmp_path, [given_row])
    again = row(record)
    assert content(again) == content(given_row)
    assert (record["id"], record["source"], record["file"], record["line"]) == ("1a", "path:x.jsonl", "x.jsonl", 7)
    assert (again.slice, again.group) == (given_row.slice, "g")


def test_rows_of_all_kinds_in_one_file_read_back(tmp_path):
    rows = [row(record, name) for name, record in RECORDS.items()]
    assert shape(tmp_path, *rows).layout == "messages"
    for records in (in_jsonl(tmp_path, rows), in_parquet(tmp_path, rows)):
        again = [row(record) for record in records]
        assert [one.turns for one in again] == [one.turns for one in rows]
        assert [one.tools for one in again] == [one.tools for one in rows]
        for one, other in zip(again, rows, strict=True):
            told = None if other.label or other.choices else other.expected
            assert told in {None, one.expected}


def test_one_layout_serves_rows_of_several_formats(tmp_path):
    label, choice, chat, preference = (
        row(RECORDS[name]) for name in ("text-label", "choice", "prompt-completion", "preference")
    )
    assert shape(tmp_path, label).layout == "text-label"
    assert shape(tmp_path, choice).layout == "choice"
    assert shape(tmp_path, preference).layout == "preference"
    for rows in ([label, choice], [chat], [], [chat, preference]):
        assert shape(tmp_path, *rows).layout == "messages"
    said = record_of(label, Shape("messages"))["messages"]
    assert said == [{"role": "user", "content": "where is it?\n"}, {"role": "assistant", "content": "card"}]


@pytest.mark.parametrize("name", ["text-label", "choice", "alpaca", "preference"])
def test_parquet_holds_what_jsonl_holds(name, tmp_path):
    rows = [row(RECORDS[name], "1a"), row(RECORDS[name], "2b")]
    assert in_parquet(tmp_path, rows) == in_jsonl(tmp_path, rows)


@pytest.mark.parametrize("name", RECORDS)
def test_parquet_reads_back_as_the_same_conversation(name, tmp_path):
    (record,) = in_parquet(tmp_path, [row(RECORDS[name])])
    assert content(row(record)) == content(row(RECORDS[name]))


def test_parquet_keeps_the_arguments_of_calls_as_json_text(tmp_path):
    chat = row(RECORDS["chat"])
    write_parquet(tmp_path / "train.parquet", [rows_to_table([chat])], shape(tmp_path, chat))
    (record,) = pq.read_table(tmp_path / "train.parquet").to_pylist()
    assert record["messages"][2]["tool_calls"] == [CALL]
    assert record["messages"][0]["tool_calls"] is None


def test_images_are_paths_below_the_dataset(tmp_path, png):
    (tmp_path / "images").mkdir()
    kept = Images(tmp_path / "images")
    shown = {"role": "user", "content": [{"type": "image", "image": png}, {"type": "text", "text": "What is it?"}]}
    given_row = row({"messages": [shown, {"role": "assistant", "content": "A dot."}]}, images=kept)
    (image,) = given_row.images
    there = Images(beside=tmp_path, within=tmp_path)
    for (record,) in (in_jsonl(tmp_path, [given_row]), in_parquet(tmp_path, [given_row])):
        assert record["messages"][0]["content"][0]["image"] == f"images/{image.file_name}"
        assert row(record, images=there).turns == given_row.turns


def test_an_answer_that_is_none_of_the_choices_is_null_not_the_first():
    odd = row(RECORDS["choice"]).with_turns([Turn("user", "2 + 2?"), Turn("assistant", "5")])
    assert record_of(odd, Shape("choice"))["answer"] is None


def test_no_rows_make_empty_files(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [], Shape("messages"))
    write_parquet(tmp_path / "a.parquet", [], Shape("choice"))
    assert (tmp_path / "a.jsonl").read_bytes() == b""
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back(text, label):
    if not label.strip():
        return
    given_row = row({"text": text, "label": label})
    for layout in ("text-label", "messages"):
        record = json.loads(json.dumps(record_of(given_row, Shape(layout)), ensure_ascii=False))
        assert [turn.content for turn in row(record).turns] == [text, label.strip()]
