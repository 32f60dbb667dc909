"""What holds for every reader: any bytes become records or problems, and each record stands at its line."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seatrial_plugins.readers as plugin

COMPONENTS = {component.name: component for component in plugin.seatrial_readers()}
ROWS = [{"text": "Grüß Gott 👋", "label": "a"}, {"text": "two\nlines", "label": "b"}]


def write(folder, reader, name="file"):
    """The two rows in the reader's own layout; its path."""
    path = folder / f"{name}{COMPONENTS[reader].build().suffixes[0]}"
    if reader == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
        return path
    lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    cells = 'text{0}label\nGrüß Gott 👋{0}a\n"two\nlines"{0}b\n'
    texts = {
        "jsonl": "\n".join(lines) + "\n",
        "json": "[" + ",\n".join(lines) + "]",
        "csv": cells.format(","),
        "tsv": cells.format("\t"),
        "yaml": "".join(f"- {line}\n" for line in lines),
        "chatterbot": 'categories: [a]\nconversations:\n- - "Grüß Gott 👋"\n- - "two\\nlines"\n',
        "langchain": json.dumps([[{"type": "human", "data": {"content": row["text"]}}] for row in ROWS]),
    }
    path.write_text(texts[reader], encoding="utf-8")
    return path


def zipped(data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("file", data)
    return stream.getvalue()


def problems(records):
    return [(record.line, record.problem) for record in records if record.problem]


def test_the_readers_are_all_there_and_no_ending_belongs_to_two():
    assert list(COMPONENTS) == ["jsonl", "json", "csv", "tsv", "parquet", "yaml", "chatterbot", "langchain"]
    readers = {name: component.build() for name, component in COMPONENTS.items()}
    endings = [ending for reader in readers.values() if reader.by_suffix for ending in reader.suffixes]
    assert sorted(endings) == [".csv", ".json", ".jsonl", ".jsonlines", ".ndjson", ".parquet", ".tsv", ".yaml", ".yml"]
    assert [name for name, reader in readers.items() if not reader.by_suffix] == ["chatterbot", "langchain"]


@pytest.mark.parametrize("name", COMPONENTS)
def test_compressed_files_read_as_plain_ones(tmp_path, name):
    plain = write(tmp_path, name)
    packed = tmp_path / f"{plain.name}.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    reader = COMPONENTS[name].build()
    records = list(reader.read(plain))
    assert problems(records) == []
    assert len(records) == 2
    assert "Grüß Gott 👋" in json.dumps(records[0].value, ensure_ascii=False)
    assert "Grüß Gott 👋" in records[0].excerpt or name == "langchain"  # json.dumps wrote escapes there
    assert "two\nlines" in records[1].value.get("text", "two\nlines")
    assert list(reader.read(packed)) == records


@pytest.mark.parametrize("name", COMPONENTS)
def test_an_empty_file_is_a_problem(tmp_path, name):
    path = tmp_path / "empty"
    path.touch()
    (record,) = COMPONENTS[name].build().read(path)
    expected = "broken Parquet: Parquet file size is 0 bytes" if name == "parquet" else "the file is empty"
    assert (record.line, record.problem) == (1, expected)


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path, name):
    (record,) = COMPONENTS[name].build().read(tmp_path / "nothing.here")
    assert record.problem == "the file cannot be read: No such file or directory"
    (record,) = COMPONENTS[name].build().read(tmp_path)
    assert record.problem == "the file cannot be read: Is a directory"


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_name_that_promises_gzip_is_held_to_it(tmp_path, name):
    path = tmp_path / "data.gz"
    path.write_bytes(b"plain")
    (record,) = COMPONENTS[name].build().read(path)
    assert record.problem == "the file is named .gz and does not hold gzip data; rename it or compress it"


PACKED = {
    "zip": (zipped, "a ZIP archive (an Excel workbook is one, too)"),
    "zst": (lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)), "compressed with Zstandard"),
    "xz": (lzma.compress, "compressed with xz"),
    "bz2": (bz2.compress, "compressed with bzip2"),
    "7z": (lambda data: b"7z\xbc\xaf\x27\x1c" + data, "a 7z archive"),
}


@pytest.mark.parametrize("name", COMPONENTS)
@pytest.mark.parametrize(("pack", "what"), PACKED.values(), ids=PACKED)
def test_what_is_packed_in_another_way_is_one_problem_that_says_so(tmp_path, name, pack, what):
    path = write(tmp_path, name)
    path.write_bytes(pack(path.read_bytes()))
    (record,) = COMPONENTS[name].build().read(path)
    assert record.problem == f"the file is {what}, which readers do not take; unpack it, or compress it with gzip"
    path = path.rename(tmp_path / f"{path.name}.gz")
    (record,) = COMPONENTS[name].build().read(path)
    assert record.problem == f"the file is named .gz but is {what}; unpack it"


@pytest.mark.parametrize("name", COMPONENTS)
def test_what_is_packed_twice_is_one_problem_that_says_so(tmp_path, name):
    path = tmp_path / f"{write(tmp_path, name).name}.gz"
    path.write_bytes(gzip.compress(gzip.compress(write(tmp_path, name).read_bytes())))
    (record,) = COMPONENTS[name].build().read(path)
    assert record.problem == "the file is compressed with gzip twice; unpack it once"


def test_a_text_that_begins_as_a_mark_does_is_read(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("BZh9,PK\n1,2\n", encoding="utf-8")
    assert [record.value for record in COMPONENTS["csv"].build().read(path)] == [{"BZh9": "1", "PK": "2"}]


@pytest.mark.parametrize("name", [name for name in COMPONENTS if name != "parquet"])
@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", "the file is UTF-16 by its byte-order mark"),
        ("utf-32", "the file is UTF-32 by its byte-order mark"),
        ("utf-16-le", "the file seems to be UTF-16LE without a byte-order mark"),
        ("utf-16-be", "the file seems to be UTF-16BE without a byte-order mark"),
    ],
)
def test_utf_16_is_one_problem_that_says_how_to_convert_it(tmp_path, name, encoding, said):
    path = tmp_path / "file"
    path.write_bytes('[{"text": "plain enough text", "label": "a"}]\n'.encode(encoding))
    (record,) = COMPONENTS[name].build().read(path)
    tool = {"utf-16-le": "UTF-16LE", "utf-16-be": "UTF-16BE"}.get(encoding, encoding.upper())
    assert record.problem == f"{said}, not UTF-8; convert it: iconv -f {tool} -t UTF-8 OLD > NEW"


@pytest.mark.parametrize("name", [name for name in COMPONENTS if name != "parquet"])
def test_a_byte_order_mark_of_utf_8_is_skipped(tmp_path, name):
    path = write(tmp_path, name)
    before = list(COMPONENTS[name].build().read(path))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert list(COMPONENTS[name].build().read(path)) == before


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_truncated_gzip_keeps_what_was_read_and_ends_in_a_problem(tmp_path, name):
    packed = gzip.compress(write(tmp_path, name).read_bytes(), mtime=0)
    path = tmp_path / f"cut{COMPONENTS[name].build().suffixes[0]}.gz"
    path.write_bytes(packed[:-9])
    *_, last = COMPONENTS[name].build().read(path)
    assert "truncated gzip" in last.problem


@pytest.mark.parametrize("name", ["jsonl", "csv", "json", "yaml"])
def test_a_truncated_gzip_of_many_rows_keeps_most_of_them(tmp_path, name):
    rows = [{"text": f"{number * 7919 % 10007:x} text", "label": "a"} for number in range(5000)]
    body = {
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "json": json.dumps(rows),
        "csv": "text,label\n" + "".join(f"{row['text']},a\n" for row in rows),
        "yaml": "".join(f"- {json.dumps(row)}\n" for row in rows),
    }[name]
    packed = gzip.compress(body.encode())
    path = tmp_path / f"cut.{name}.gz"
    path.write_bytes(packed[: len(packed) * 3 // 4])
    *kept, last = COMPONENTS[name].build().read(path)
    assert len(kept) > 2500
    assert [record.value for record in kept] == rows[: len(kept)]
    assert "truncated gzip" in last.problem


@pytest.mark.parametrize("name", COMPONENTS)
def test_damaged_gzip_is_a_problem(tmp_path, name):
    path = tmp_path / "damaged.gz"
    path.write_bytes(gzip.compress(b"")[:10] + b"\xff" * 40)
    *_, last = COMPONENTS[name].build().read(path)
    assert "the compressed data is damaged" in last.problem


markup = st.lists(
    st.sampled_from(
        [
            *'[]{}":,-?&*!|>#%@`~',
            *("\n", "\r", "\r\n", "\t", " ", "\0", "\x07", "\x85", "\u2028", "\ufeff", "\ufffe", "é", "👋"),
            *("\\", "\\ud800", "1e999", "NaN", "null", "true", '"a"', '{"a":1}', "- - ", "<<: *a", "---\n"),
            *("categories:", "conversations:", '{"type":"human","data":{"content":"x"}}'),
        ]
    ),
    max_size=40,
).map(lambda parts: "".join(parts).encode())


@pytest.mark.parametrize("name", COMPONENTS)
@settings(max_examples=150, deadline=None)
@given(data=st.one_of(markup, st.binary(max_size=60), st.tuples(markup, st.binary(max_size=4)).map(b"".join)))
def test_any_bytes_become_records_or_problems(tmp_path_factory, name, data):
    path = tmp_path_factory.mktemp("any") / f"any{COMPONENTS[name].build().suffixes[0]}"
    path.write_bytes(data)
    records = list(COMPONENTS[name].build().read(path))
    assert records, "a file gives at least one record"
    lines = [record.line for record in records]
    assert lines == sorted(lines)
    assert lines[0] >= 1
    assert lines[-1] <= data.count(b"\n") + 1 or name == "parquet"
    for record in records:
        assert len(record.excerpt) <= 200
        record.excerpt.encode("utf-8")
        assert record.value is None or not record.problem
    path.with_suffix(".gz").write_bytes(gzip.compress(data))
    assert [record.value for record in COMPONENTS[name].build().read(path)] == [record.value for record in records]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_western_encoding_is_named_with_the_command_that_converts_it(tmp_path, encoding):
    path = tmp_path / "rows.csv"
    path.write_bytes("text,label\ncafé,x\n".encode(encoding))
    (record,) = plugin.csv().read(path)
    assert record.problem == (
        "invalid UTF-8 at byte 4 of the line (0xe9); in Windows-1252 (or Latin-1) it is 'é': "
        "iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW if the file is in that"
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_wide_encoding_is_named_with_the_command_that_converts_it(tmp_path, encoding):
    path = tmp_path / "rows.csv"
    path.write_bytes("text,label\ncoffee,x\n".encode(encoding))
    (record,) = plugin.csv().read(path)
    assert "iconv -f UTF-" in record.problem
