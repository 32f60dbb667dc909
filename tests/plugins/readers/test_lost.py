"""Where a file breaks off: the record there says that others are lost with it, in every reader and for every reason."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import seatrial_plugins.readers as plugin
from seatrial_plugins.readers import parquet_rows
from seatrial_plugins.readers.delimited import Delimited
from seatrial_plugins.readers.json_lines import JsonLines
from seatrial_plugins.readers.json_list import JsonList
from seatrial_plugins.readers.opening import SKIPPED
from seatrial_plugins.readers.yaml_list import YamlList

ROWS = [{"text": f"{number * 7919 % 10007:x} text", "label": "a"} for number in range(3000)]
READERS = {component.name: component for component in plugin.seatrial_readers()}


def packed_table(folder):
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "plain.parquet")
    return (folder / "plain.parquet").read_bytes()


def dialogues(rows):
    listed = "".join(f'- - "{row["text"]}"\n  - fine\n' for row in rows)
    return f"categories: [a]\nconversations:\n{listed}".encode()


WHOLE = {
    "jsonl": lambda _: "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    "json": lambda _: json.dumps(ROWS).encode(),
    "csv": lambda _: ("text,label\n" + "".join(f"{row['text']},a\n" for row in ROWS)).encode(),
    "tsv": lambda _: ("text\tlabel\n" + "".join(f"{row['text']}\ta\n" for row in ROWS)).encode(),
    "parquet": packed_table,
    "yaml": lambda _: "".join(f"- {json.dumps(row)}\n" for row in ROWS).encode(),
    "chatterbot": lambda _: dialogues(ROWS),
    "langchain": lambda _: json.dumps([[{"type": "human", "data": {"content": r["text"]}}] for r in ROWS]).encode(),
}


@pytest.fixture
def lost(tmp_path):
    """`lost(reader, data)`: line and problem of each place of a file where records are lost, and the records before it."""

    def read(reader, data, ending=""):
        path = tmp_path / f"file{ending or reader.suffixes[0]}"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        records = list(reader.read(path))
        assert all(record.problem for record in records if record.lost)
        return [(record.line, record.problem) for record in records if record.lost], len(records)

    return read


@pytest.mark.parametrize("name", READERS)
def test_nothing_is_lost_of_a_whole_file(lost, tmp_path, name):
    assert set(WHOLE) == set(READERS)
    reader = READERS[name].build()
    whole = WHOLE[name](tmp_path)
    assert lost(reader, whole) == lost(reader, gzip.compress(whole), f"{reader.suffixes[0]}.gz") == ([], len(ROWS))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("part", [0.0, 0.25, 0.75])
def test_a_gzip_that_was_cut(lost, tmp_path, name, part):
    reader = READERS[name].build()
    data = gzip.compress(WHOLE[name](tmp_path))
    *_, (_, problem) = lost(reader, data[: int(part * len(data))], f"{reader.suffixes[0]}.gz")[0]
    assert "the compressed data ends too early (truncated gzip)" in problem


@pytest.mark.parametrize("name", READERS)
def test_a_gzip_with_another_checksum(lost, tmp_path, name):
    reader = READERS[name].build()
    data = bytearray(gzip.compress(WHOLE[name](tmp_path)))
    data[-8] ^= 1
    (*_, (_, problem)), _ = lost(reader, bytes(data), f"{reader.suffixes[0]}.gz")
    assert "the compressed data is damaged" in problem


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_was_cut_within_a_record(lost, tmp_path, name):
    reader = READERS[name].build()
    data = WHOLE[name](tmp_path)
    end = len(data) // 2
    if name in {"csv", "tsv"}:
        end = data.rindex(b" text", 0, end)  # before the delimiter: what is cut behind it is a shorter cell
    elif name != "parquet":
        end = data.rindex(b'"', 0, data.rindex(b" text", 0, end)) + 2  # within a text
    places, _ = lost(reader, data[:end])
    assert places, f"{name}: nothing is said of the other half"


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_cannot_be_read_at_all(lost, tmp_path, name):
    reader = READERS[name].build()
    (record,) = reader.read(tmp_path / "nothing.here")
    assert record.lost
    assert lost(reader, b"PK\x03\x04 and so on")[0]
    assert name == "parquet" or lost(reader, "[{}]".encode("utf-16"))[0]


@pytest.mark.parametrize("name", [name for name in READERS if name != "parquet"])
def test_an_empty_file_has_lost_nothing(lost, name):
    assert lost(READERS[name].build(), b"") == ([], 1)


# ---- tables in text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('text,label\na,x\n"b,y\nc,z\nd,z\n', 3),  # never closed
        ('text,label\na,x\n"b,y\n', 3),
        ('text,label\na,x\n"b,y\nc,z\n"d",z\ne,z\n', 3),  # closed by another row's
        ("text,label\na,x\nb,y\rc,z\rd,z\n", 3),  # the line ends of the old Mac OS
        ("text,label\na,x\nb", 3),
        ('"text,label\na,x\n', 1),
        ("text,text\na,x\n", 1),
    ],
)
def test_rows_that_a_broken_one_took_with_it(lost, text, line):
    ((found, _),), _ = lost(plugin.csv(), text)
    assert found == line


@pytest.mark.parametrize(
    "text",
    [
        "text,label\na\nb,y\n",  # a short row, and others behind it
        'text,label\n"b" c,y\nb,y\n',
        "text,label\na\rb,y\nb,y\n",
        "text,label\na,b,y\nb,y",
        b"text,label\n\xff,y\nb,y",
    ],
)
def test_a_row_that_is_broken_alone(lost, text):
    assert lost(plugin.csv(), text)[0] == []


def test_a_row_over_the_limit(lost):
    reader = Delimited((".csv",), delimiter=",", limit=40)
    rows = "".join(f"row {number},x\n" for number in range(20))
    ((line, problem), *_), _ = lost(reader, f'text,label\na,x\n"b,y\n{rows}')
    assert (line, "longer than 40 characters" in problem) == (3, True)
    assert lost(reader, f"text,label\n{'a' * 50},x\nb,y\n")[0] == []  # of one line: nothing else went with it


# ---- JSON ------------------------------------------------------------------------------------------------------------


def test_a_last_line_that_was_cut(lost):
    assert lost(plugin.jsonl(), '{"a": 1}\n{"a": "b')[0][0][0] == 2
    assert lost(plugin.jsonl(), '{"a": 1}\n{"a": "b\n')[0] == []
    assert lost(plugin.jsonl(), '{"a": 1}\n{"a": "b"}')[0] == []


def test_values_side_by_side_on_a_line(lost):
    ((line, _),), _ = lost(plugin.jsonl(), '{"a": 1}\n{"a": 1}{"a": 2}{"a": 3}\n{"a": 1}\n')
    assert line == 2


def test_a_bad_block_takes_line_ends_with_it(lost):
    rows = [f'{{"a": {number}}}\n' for number in range(100, 200)]
    good = "".join(rows)
    for block in ("\0" * 400, "x" * 400):
        ((line, _),), _ = lost(plugin.jsonl(), good[:505] + block + good[905:])
        assert line == good[:505].count("\n") + 1
        ((line, _),), _ = lost(plugin.jsonl(), good[:505] + block)  # to the end, as a power cut leaves it
        assert line == good[:505].count("\n") + 1
    ((line, _),), _ = lost(plugin.jsonl(), good + good[:500].replace("\n", "\r"))
    assert line == 101


def test_the_first_lines_of_a_file_say_nothing_of_how_long_its_lines_are(lost, tmp_path):
    long = f'{{"a": "{"x" * 60}"}}\n'
    text = '{"a": 1}\n' + long.replace('"}', "") + long
    assert lost(plugin.jsonl(), text) == ([], 3)
    ((line, problem),), records = lost(plugin.jsonl(), '{"a": 1}\n' + "x" * 200 + "\n" + long + "x\n" + long)
    assert (line, records) == (2, 5)  # no record more than there are lines
    assert f"the longest whole one has {len(long)} characters" in problem
    (tmp_path / "rows.jsonl").write_text(text)
    records = list(plugin.jsonl().read(tmp_path / "rows.jsonl"))
    assert [record.line for record in records] == [1, 2, 3]


def test_a_line_of_which_no_end_is_found(lost, monkeypatch):
    monkeypatch.setattr("seatrial_plugins.readers.lines.SKIPPED", 100)
    assert SKIPPED > 100
    places, _ = lost(JsonLines(limit=20), '{"a": 1}\n' + "x" * 2_000_000 + '\n{"a": 1}\n')
    assert [line for line, _ in places] == [2]
    places, _ = lost(JsonLines(limit=20), '{"a": 1}\n' + "x" * 40 + '\n{"a": 1}\n')
    assert places == []  # longer than the limit, and one line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[{"a": 1},\n{"a": 2},\n', 3),
        ('[{"a": 1},\n{"a": "2},\n{"a": 3}]', 2),
        ('[{"a": 1}]\n{"a": 1}', 2),
        ('{"a": [{"b": 1}]}', 1),
        (json.dumps({"version": "1.1", "data": [{"a": number} for number in range(11)]}), 1),
        ('{"a":\n1}\n{"a":\n2}\n{"a": "', 5),
        (
            '[{"a": 1, "b": "x"},\n{"a": 2, "b": x"},\n{"a": 3, "b": "y"},\n{"a": 4, "b": "z}]"},\n{"a": 5, "b": "z"}]',
            2,
        ),
    ],
)
def test_what_a_list_lost(lost, text, line):
    places, _ = lost(plugin.json(), text)
    assert places[0][0] == line


@pytest.mark.parametrize(
    "text",
    ['[{"a": 1},\n{"a": x},\n{"a": 3}]', '[{"a": 1} {"b": 2}, {"a": 3}]', '[{"a": 1e999}, {"a": 1}]', "[]"],
)
def test_an_element_that_is_broken_alone(lost, text):
    assert lost(plugin.json(), text)[0] == []


@pytest.mark.parametrize(
    "text",
    ['{"features": {"a": "int"}, "splits": [{"name": "train"}]}', '{\n  "a": 1\n}\n', "{}"],
)
def test_a_whole_object_is_one_record_that_is_none(lost, text):
    assert lost(plugin.json(), text) == ([], 1)


def test_an_element_over_the_limit(lost):
    long = json.dumps({"a": "x" * 60})
    assert lost(JsonList(limit=40), f'[{{"a": 1}}, {long}, {{"a": 2}}]') == ([], 3)


def test_messages_of_which_one_is_lost(lost):
    message = json.dumps({"type": "human", "data": {"content": "hi"}})
    assert lost(plugin.langchain(), f"[{message}, {message}]")[0] == []
    assert lost(plugin.langchain(), f"[{message}, {message}")[0][0][0] == 1


# ---- YAML, Parquet ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- a: 1\n- a: [\n- a: 2\n", 3),
        ("- a: 1\n---\n- a: 2\n", 2),
        ("a:\n- b: 1\n- b: 2\n", 1),
    ],
)
def test_what_a_list_in_yaml_lost(lost, text, line):
    ((found, _),), _ = lost(plugin.yaml(), text)
    assert found == line


def test_a_record_in_yaml_of_which_no_end_is_found(lost):
    long = "x" * 300
    places, _ = lost(YamlList(limit=100), f"- a: 1\n- a: {long}\n- a: 2\n")
    assert "what follows here is lost" in places[0][1]
    assert lost(YamlList(limit=100), f"- a: 1\n- a: {long[:60]}\n  b: {long[:60]}\n- a: 2\n")[0] == []


def test_a_corpus_without_conversations(lost):
    assert lost(plugin.chatterbot(), "categories: [a]\n")[0]
    assert lost(plugin.chatterbot(), "categories: [a]\nconversations: []\n") == ([], 1)


def test_a_row_group_that_is_not_read(lost, tmp_path, monkeypatch):
    path = tmp_path / "groups.parquet"
    pq.write_table(pa.table({"text": ["a", "b" * 9_000, "c", "d"]}), path, row_group_size=2, use_dictionary=False)
    monkeypatch.setattr(parquet_rows, "REPEATED", 1_000)
    ((line, problem),), records = lost(plugin.parquet(), path.read_bytes())
    assert (line, records) == (1, 3)
    assert "row group 1, with 2 rows" in problem


def test_a_table_of_which_a_page_is_damaged(lost, tmp_path):
    data = bytearray(packed_table(tmp_path))
    data[200:4000] = bytes(3800)
    places, _ = lost(plugin.parquet(), bytes(data))
    assert places
