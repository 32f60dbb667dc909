"""JSON: the elements of one list, each at its line, broken ones by themselves."""

import gzip
import json
import tracemalloc

import pytest

from seatrial_plugins.readers.json_list import JsonList
from seatrial_plugins.readers.strict_json import StrictJson


@pytest.fixture
def read(tmp_path):
    def reading(data, limit=10_000_000):
        path = tmp_path / "rows.json"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [(record.line, record.value, record.problem) for record in JsonList(limit).read(path)]

    return reading


def test_elements_stand_at_the_line_where_they_start(read):
    rows = [{"n": number, "text": "a\nb"} for number in range(3)]
    assert read(json.dumps(rows)) == [(1, row, "") for row in rows]
    assert read("\n\n" + json.dumps(rows, indent=1)) == [(4 + 4 * n, row, "") for n, row in enumerate(rows)]


def test_json_lines_under_the_name_of_json_are_read(read):
    assert read('{"n": 1}\n{"n": 2}\n') == [(1, {"n": 1}, ""), (2, {"n": 2}, "")]
    records = read('{"n": 1\n{"n": 2}\n')
    assert records[0][2] == "broken JSON: expecting ',' delimiter at column 8"
    assert records[1] == (2, {"n": 2}, "")


def test_objects_side_by_side_are_read_one_after_the_other(read):
    assert read('{"n": 1}{"n": 2} {"n": 3}\n{"n": 4}') == [(1, {"n": n}, "") for n in (1, 2, 3)] + [(2, {"n": 4}, "")]
    records = read('{"n": 1} x\n{"n": 2}\n')
    assert [value for _, value, _ in records] == [{"n": 1}, None, {"n": 2}]


def test_pythons_own_notation_is_told_from_json(read):
    ((line, value, problem),) = read("[{'n': 1}]")
    assert (line, value) == (1, None)
    assert "Python's own notation, not JSON (write it with `json.dumps`)" in problem


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (
            '\n{"data": [1]}',
            2,
            "the top level is an object with one list in it, not a list of records; write the records as a list, or one a line as .jsonl",
        ),
        (
            "7",
            1,
            "the top level is one value, not a list of records; write the records as a list, or one a line as .jsonl",
        ),
        ("[]", 1, "the list is empty"),
        (" \n", 1, "the file is empty"),
        ("{\n", 1, "broken JSON: expecting property name enclosed in double quotes at line 2, column 1"),
    ],
)
def test_a_top_level_that_is_no_list_is_a_problem(read, text, line, problem):
    assert read(text) == [(line, None, problem)]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ('{"a": x}', "broken JSON: expecting value at line 2, column 7"),
        ('{"a": 1 "b": [2, 3]}', "broken JSON: expecting ',' delimiter at line 2, column 9"),
        ('{"a": 1} {"b": 2}', "broken JSON: expecting ',' after the value at line 2, column 9"),
        ('{"a": NaN}', "NaN is not JSON; write null, or leave the key out"),
        ('{"a": 1, "a": 2}', "a key stands twice in one object"),
        ("[" * 60_000 + "]" * 60_000, "the JSON is nested too deeply at line 2, column 1"),
    ],
)
def test_a_broken_element_does_not_take_its_neighbours_along(read, bad, problem):
    assert read(f'[{{"n": 1}},\n{bad},\n{{"n": 3}}]') == [(1, {"n": 1}, ""), (2, None, problem), (3, {"n": 3}, "")]


def test_an_element_missing_between_commas_is_a_problem(read):
    assert read('[{"n": 1},,{"n": 3}]') == [
        (1, {"n": 1}, ""),
        (1, None, "broken JSON: expecting value at line 1, column 11"),
        (1, {"n": 3}, ""),
    ]


def test_a_comma_behind_the_last_element_is_no_record(read):
    assert read('[{"n": 1},\n]') == [(1, {"n": 1}, "")]


def test_objects_over_several_lines_are_read_one_after_the_other(read):
    rows = [{"n": number, "of": {"x": [number]}} for number in range(3)]
    printed = "\n".join(json.dumps(row, indent=2) for row in rows)
    assert read(printed) == [(1 + 8 * n, row, "") for n, row in enumerate(rows)]
    assert [value for _, value, _ in read(printed.replace("}\n{", "},\n{"))] == rows
    broken = printed.replace('"n": 1', '"n": one')
    (_, first, _), (line, value, problem), (_, last, _) = read(broken)
    assert (first, last, line, value) == (rows[0], rows[2], 9, None)
    assert problem == "broken JSON: expecting value at line 10, column 8"
    assert read(printed[:-3])[2][2].endswith("what follows here is lost")


def test_lists_and_objects_that_were_joined_with_their_byte_order_marks_are_read_on(read):
    both = b"\xef\xbb\xbf" + b'[{"n": 1},\n{"n": 2}]\n' + b"\xef\xbb\xbf" + b'[{"n": 3}]'
    assert read(both) == [(1, {"n": 1}, ""), (2, {"n": 2}, ""), (3, {"n": 3}, "")]
    pretty = "\ufeff".join(json.dumps({"n": n}, indent=1) + "\n" for n in range(2))
    assert [value for _, value, _ in read("\ufeff" + pretty)] == [{"n": 0}, {"n": 1}]
    assert read(b'\xef\xbb\xbf{"n": 1}\n\xef\xbb\xbf{"n": 2}\n') == [(1, {"n": 1}, ""), (2, {"n": 2}, "")]


def test_a_record_is_put_together_from_as_many_blocks_as_it_takes(read):
    rows = [{"text": "ü" * size, "n": size} for size in (10, 70_000, 200_000, 3, 65_535, 65_536)]
    assert read(json.dumps(rows, ensure_ascii=False)) == [(1, row, "") for row in rows]
    assert [value for _, value, _ in read(json.dumps(rows, indent=1))] == rows


@pytest.mark.parametrize("between", [" ", "x", '"'])
def test_a_file_that_unpacks_to_more_than_memory_is_not_held(tmp_path, between, monkeypatch):
    """A megabyte of what is no record, in a few kilobytes."""
    monkeypatch.setattr("seatrial_plugins.readers.json_list.SKIPPED", 100_000)
    path = tmp_path / "rows.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'[{"n": 1},' + (b'"' if between == "x" else b""))
        for _ in range(40):
            file.write(between.encode() * 25_000)
        file.write(b'{"n": 2}]')
    tracemalloc.start()
    try:
        first, *others = JsonList(20_000).read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert first.value == {"n": 1}
    assert others[-1].problem.endswith(("what follows here is lost", "100,000 characters of white space"))
    assert peak < 600_000


@pytest.mark.parametrize(
    "text",
    [
        "[" + "," * 40_000,
        "[" + "x," * 40_000,
        '[{"a": 1' + ' "b": {' * 20_000,
        '["' + '\\"' * 80_000,
        "[" + '"a" ' * 40_000,
        "[" + '{"a": "' * 30_000,
        '{"a":\n' * 20_000,
        "[1, " + "9" * 200_000,
    ],
    ids=lambda text: f"{text[:12]}…",
)
def test_broken_text_takes_work_in_its_length_alone(read, text, monkeypatch):
    """Each is gone through a few times: characters that were looked at, not seconds."""
    looked = 0
    decode = StrictJson.decode

    def counting(self, text, start=0):
        nonlocal looked
        decoded = decode(self, text, start)
        looked += max(decoded.end, start) - start + 1
        return decoded

    monkeypatch.setattr(StrictJson, "decode", counting)
    assert any(problem for _, _, problem in read(text))
    assert looked < 6 * len(text)


def test_invalid_utf_8_is_the_problem_of_its_element(read):
    records = read(b'[{"t": "a"}, {"t": "\xff"}, {"t": "\\ud83d\\ude00 \xc3\xa9"}]')
    assert records == [(1, {"t": "a"}, ""), (1, None, "invalid UTF-8"), (1, {"t": "😀 é"}, "")]


def test_an_element_over_the_limit_is_a_problem(read):
    assert read('["' + "x" * 200 + '", "y"]', limit=100) == [
        (1, None, "the record is longer than 100 characters"),
        (1, "y", ""),
    ]


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ('[{"n": 1}', (1, None, "the list is never closed: the file may be cut off")),
        ('[{"n": 1},\n', (2, None, "the list is never closed: the file may be cut off")),
        (
            '[{"n": 1},\n{"n": "cut',
            (2, None, "broken JSON: unterminated string at line 2, column 7; what follows here is lost"),
        ),
        ('[{"n": 1}]\nmore', (2, None, "text after the end of the list")),
    ],
)
def test_what_was_read_before_the_end_is_kept(read, text, last):
    assert read(text) == [(1, {"n": 1}, ""), last]
