"""JSON: the elements of one list, each at its line, broken ones by themselves."""

import json

import pytest

from seatrial_plugins.readers.json_list import JsonList


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


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (
            '\n{"data": [1]}',
            2,
            "the top level is an object, not a list of records; write the records as a list, or one a line as .jsonl",
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
    assert read('[{"n": 1},]')[1][2].startswith("broken JSON: ")


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
