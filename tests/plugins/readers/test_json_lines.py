"""JSON Lines: one line, one record; a bad line is a problem and the next one is read."""

import gzip
import tracemalloc

import pytest

from seatrial_plugins.readers.json_lines import JsonLines


@pytest.fixture
def read(tmp_path):
    def reading(data, limit=10_000_000):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(data)
        return list(JsonLines(limit).read(path))

    return reading


LONG = "so long a line may hold others: the longest whole one has 9 characters"


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b'{"a": 1', "broken JSON: expecting ',' delimiter at column 8"),
        (b'  {"a": x}', "broken JSON: expecting value at column 9"),
        (
            b'{"a": 1} {"a": 2}',
            "broken JSON: more text after the value at column 9; values side by side are read as .json (`reader: json`)",
        ),
        (b'{"a": NaN}', "NaN is not JSON; write null, or leave the key out"),
        (b'{"a": -Infinity}', "-Infinity is not JSON; write null, or leave the key out"),
        (b'{"a": 1e999}', "a number is too large for a double"),
        (b'{"a": 1, "a": 2}', "a key stands twice in one object"),
        (b'{"a": "\xff"}', "invalid UTF-8 at byte 8 of the line (0xff)"),
        (b'{"a": "\x00"}', "a NUL byte at character 8 of the line"),
        (b'{"a": "\t"}', "broken JSON: invalid control character at column 8"),
        (b"[" * 100_000, f"the JSON is nested too deeply at column 1; {LONG}"),
        (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, f"the JSON is nested too deeply at column 1; {LONG}"),
        (b"9" * 5_000, f"a number has too many digits at column 1; {LONG}"),
    ],
)
def test_a_bad_line_is_a_problem_and_its_neighbours_are_read(read, bad, problem):
    before, record, after = read(b'{"n": 1}\n' + bad + b'\n{"n": 3}')
    assert (before.value, after.value) == ({"n": 1}, {"n": 3})
    assert (record.line, record.problem, record.value) == (2, problem, None)
    assert (before.line, after.line) == (1, 3)


def test_a_value_over_several_lines_is_told_once(read):
    first, *others = read(b'{\n "n": 1\n}\n')
    assert first.problem.endswith("values that run over several lines are read as .json (`reader: json`)")
    assert not any("several lines" in record.problem for record in others)


def test_byte_order_marks_of_joined_files_are_no_text(read):
    mark = b"\xef\xbb\xbf"
    records = read(mark + b'{"n": 1}\n' + mark + b'{"n": 2}\n')
    assert [record.value for record in records] == [{"n": 1}, {"n": 2}]


def test_a_line_without_end_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("seatrial_plugins.readers.lines.SKIPPED", 3_000_000)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"n": 1}\n' + b"x" * 9_000_000 + b'\n{"n": 3}\n')
    assert [(record.line, record.problem) for record in JsonLines(1000).read(path)] == [
        (1, ""),
        (2, "the line is longer than 1,000 bytes"),
        (2, "the line is longer than 3,000,000 bytes, and no more of the file is read"),
    ]


def test_blank_lines_are_counted_and_are_no_records(read):
    records = read(b'\n{"n": 1}\r\n \t\n{"n": 2}\n\n')
    assert [(record.line, record.value) for record in records] == [(2, {"n": 1}), (4, {"n": 2})]
    (record,) = read(b"\n \n")
    assert record.problem == "the file holds only blank lines"


def test_any_json_value_is_a_record(read):
    assert [record.value for record in read(b'1\n"x"\nnull\n[]\n')] == [1, "x", None, []]


def test_the_excerpt_is_the_start_of_the_line(read):
    (record,) = read(("{" + "ü" * 500).encode())
    assert record.excerpt == "{" + "ü" * 199


def test_a_line_over_the_limit_is_skipped_to_its_end(read):
    long = b'{"a": "' + b"x" * 2_000_000 + b'"}'
    records = read(b'{"n": 1}\n' + long + b'\n{"n": 3}\n' + long, limit=1000)
    assert [(record.line, record.problem) for record in records] == [
        (1, ""),
        (2, "the line is longer than 1,000 bytes"),
        (3, ""),
        (4, "the line is longer than 1,000 bytes"),
    ]
    assert records[1].excerpt == '{"a": "' + "x" * 193


def test_a_line_at_the_limit_is_read(read):
    assert read(b'"' + b"x" * 997 + b'"\n', limit=1000)[0].value == "x" * 997
    assert read(b'"' + b"x" * 999 + b'"\n', limit=1000)[0].problem


def test_fifty_megabytes_on_one_line_are_never_held(tmp_path):
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(b'\n{"n": 2}\n')
    tracemalloc.start()
    try:
        records = list(JsonLines().read(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [(record.line, record.problem) for record in records] == [
        (1, "the line is longer than 10,000,000 bytes"),
        (2, ""),
    ]
    assert peak < 30_000_000
