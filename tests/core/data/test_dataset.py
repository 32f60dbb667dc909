"""The dataset that is handed on: what it says can be read again, by seatrial and by others."""

import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Row, Turn
from seatrial.data.dataset import layout_of, record_of, write_jsonl, write_parquet
from seatrial.rows import content_id, rows_to_table
from seatrial.rows.formats import parse


def row(record, name="1a"):
    parsed = parse(record)
    return Row(
        name, parsed.turns, parsed.format, "path:x.jsonl", "x.jsonl", 7, parsed.label, parsed.choices, parsed.slice, "g"
    )


def content(of):
    return content_id(of.turns, of.label, of.choices)


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
}


@pytest.mark.parametrize("name", RECORDS)
def test_jsonl_reads_back_as_the_same_conversation(name, tmp_path):
    given_row = row(RECORDS[name])
    write_jsonl(tmp_path / "train.jsonl", [given_row], layout_of({given_row.format}))
    (line,) = (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(line)
    again = row(record)
    assert content(again) == content(given_row)
    assert (record["id"], record["source"], record["file"], record["line"]) == ("1a", "path:x.jsonl", "x.jsonl", 7)
    assert (again.slice, again.group) == (given_row.slice, "g")


def test_one_layout_serves_rows_of_several_formats():
    assert layout_of({"text-label"}) == "text-label"
    assert layout_of({"choice"}) == "choice"
    assert layout_of({"text-label", "choice"}) == layout_of({"chat"}) == layout_of(set()) == "messages"
    said = record_of(row(RECORDS["text-label"]), "messages")["messages"]
    assert said == [{"role": "user", "content": "where is it?\n"}, {"role": "assistant", "content": "card"}]


@pytest.mark.parametrize("name", ["text-label", "choice", "alpaca"])
def test_parquet_holds_what_jsonl_holds(name, tmp_path):
    rows = [row(RECORDS[name], "1a"), row(RECORDS[name], "2b")]
    layout = layout_of({rows[0].format})
    write_parquet(tmp_path / "train.parquet", [rows_to_table(rows)], layout)
    stored = pq.read_table(tmp_path / "train.parquet").to_pylist()
    for message in stored[0].get("messages", []) + stored[1].get("messages", []):
        assert message.pop("extra") == ""
    assert stored == [record_of(one, layout) for one in rows]


def test_parquet_keeps_tool_calls_as_json(tmp_path):
    write_parquet(tmp_path / "train.parquet", [rows_to_table([row(RECORDS["chat"])])], "messages")
    (record,) = pq.read_table(tmp_path / "train.parquet").to_pylist()
    assert json.loads(record["messages"][2]["extra"]) == {"tool_calls": [CALL]}


def test_an_answer_that_is_none_of_the_choices_is_null_not_the_first():
    odd = row(RECORDS["choice"]).with_turns([Turn("user", "2 + 2?"), Turn("assistant", "5")])
    assert record_of(odd, "choice")["answer"] is None


def test_no_rows_make_empty_files(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", [], "messages")
    write_parquet(tmp_path / "a.parquet", [], "choice")
    assert (tmp_path / "a.jsonl").read_bytes() == b""
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back(text, label):
    if not label.strip():
        return
    given_row = row({"text": text, "label": label})
    for layout in ("text-label", "messages"):
        record = json.loads(json.dumps(record_of(given_row, layout), ensure_ascii=False))
        assert [turn.content for turn in row(record).turns] == [text, label]
