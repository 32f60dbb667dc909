"""YAML: the items of one list, each at its line; what YAML adds to JSON is refused or read as text."""

import gzip
import re
import tracemalloc

import pytest

from seatrial_plugins.readers.yaml_list import YamlList


@pytest.fixture
def read(tmp_path):
    def reading(data, limit=10_000_000):
        path = tmp_path / "rows.yaml"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [(r.line, r.value, r.problem) for r in YamlList(limit).read(path)]

    return reading


def test_items_stand_at_the_line_where_they_start(read):
    text = "# rows\n- text: |\n    a\n    b\n  label: x\n\n- {text: 'c', label: y}\n"
    assert read(text) == [(2, {"text": "a\nb\n", "label": "x"}, ""), (7, {"text": "c", "label": "y"}, "")]


def test_line_breaks_that_only_yaml_knows_are_not_counted(read):
    assert read('- "a\u2028b"\n- "c\x85d"\n- e\n') == [(1, "a\u2028b", ""), (2, "c d", ""), (3, "e", "")]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("2024-01-01", "2024-01-01"),
        ("12:30", "12:30"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("1e400000", "1e400000"),
        ("007", "007"),
        ("7", 7),
        ("-7", -7),
        ("+49", "+49"),
        ("-0", "-0"),
        ("1.10", "1.10"),
        ("1.5", 1.5),
        ("-1.5e3", "-1.5e3"),
        ("True", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("'null'", "null"),
        ('"7"', "7"),
        ("!!str 7", "7"),
        ("<<", "<<"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_scalars_mean_what_they_do_in_json(read, scalar, value):
    assert read(f"- {scalar}\n") == [(1, value, "")]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("- &a x\n- *a\n- y", "a YAML alias (*name); write the text out"),
        ("- x\n- !!python/object/apply:os.getcwd []\n- y", ""),
        ("- x\n- !!binary aGk=\n- y", "a YAML tag other than !!str"),
        ("- x\n- {a: 1, a: 2}\n- y", "a key stands twice in one mapping"),
        ("- x\n- {? [a] : 1}\n- y", "a key that is no text"),
        ("- x\n- " + "[" * 100 + "]" * 100 + "\n- y", "nested more than 50 deep"),
        ("- x\n- z\xa0\0z\n- y", "a NUL byte at character 5 of the line"),
        ("- x\n- 👋 \x07\n- y", "control character U+0007 at character 5 of the line"),
        (b"- x\n- z\xff\n- y", "invalid UTF-8 at byte 4 of the line (0xff)"),
    ],
)
def test_a_bad_item_is_a_problem_and_its_neighbours_are_read(read, bad, problem):
    before, item, after = read(bad)
    assert (before, after) == ((1, "x", ""), (3, "y", ""))
    assert (item[0], item[2]) == (2, problem)
    assert item[1] == (None if problem else [])


def test_bad_bytes_in_a_block_belong_to_the_item_that_holds_them(read):
    text = b"- text: |\n    a\n    b\xff\n\n- text: c\n"
    assert read(text) == [(1, None, "invalid UTF-8 at byte 6 of the line (0xff)"), (5, {"text": "c"}, "")]


def test_an_item_over_the_limit_is_a_problem(read):
    items = "".join(f"  - {'x' * 30}\n" for _ in range(5))
    assert read(f"- a\n-\n{items}- b\n", limit=100) == [
        (1, "a", ""),
        (3, None, "longer than 100 characters"),
        (8, "b", ""),
    ]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\n", 1, "the top level is a mapping, not a list of records"),
        ("\n\ntext\n", 3, "the top level is one value, not a list of records"),
        ("[]", 1, "the list is empty"),
        ("# nothing\n", 1, "the file is empty"),
    ],
)
def test_a_top_level_that_is_no_list_is_a_problem(read, text, line, problem):
    assert read(text) == [(line, None, problem)]


def test_what_stands_before_a_break_is_kept(read):
    records = read("- a: 1\n- [b, c]\n- {d: [1, 2\n- e\n")
    assert records[:2] == [(1, {"a": 1}, ""), (2, ["b", "c"], "")]
    assert len(records) == 3
    assert records[2][2].startswith("broken YAML: ")
    assert records[2][2].endswith("; what follows here is lost")
    assert read("- a\n---\n- b\n") == [
        (1, "a", ""),
        (2, None, "broken YAML: a second document at column 1; what follows here is lost"),
    ]


def test_a_list_longer_than_memory_is_never_held(tmp_path):
    path = tmp_path / "rows.yaml.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number in range(3_000):
            file.write(f"- {{text: {'x' * 2_000}, label: l{number}}}\n")
    tracemalloc.start()
    try:
        last = 0
        for last, record in enumerate(YamlList(100_000).read(path), 1):
            assert (record.line, record.value["label"]) == (last, f"l{last - 1}")
            assert len(record.excerpt) == 200
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert last == 3_000
    assert peak < 2_000_000


def test_a_record_without_end_is_given_up(read):
    endless = "- a\n- |\n" + "  some words\n" * 5_000
    first, item, (line, value, problem) = read(endless, limit=10_000)
    assert (first, item) == ((1, "a", ""), (2, None, "longer than 10,000 characters"))
    assert problem == "a record is longer than 20,000 characters; what follows here is lost"
    assert value is None
    assert line > 1_000


def test_a_record_of_very_many_values_is_a_problem(read, monkeypatch):
    monkeypatch.setattr("seatrial_plugins.readers.yaml_tree.MOST_NODES", 50)
    assert read(f"- a\n- [{'[b], ' * 100}]\n- c\n") == [(1, "a", ""), (2, None, "more than 50 values"), (3, "c", "")]
    assert len(read("- a\n" * 200)) == 200


# PyYAML ends it itself from 6.0.4 on.
TOO_DEEP = re.compile(
    r"broken YAML: (nested more than 1,000 deep|exceeded maximum nesting depth) at column \d+; what follows here is lost"
)


def test_endless_nesting_does_not_end_the_process(read):
    before, record = read("- a\n- " + "[" * 100_000)
    assert before == (1, "a", "")
    assert TOO_DEEP.fullmatch(record[2])
    assert read("- " * 500 + "a\n- b\n") == [(1, None, "nested more than 50 deep"), (2, "b", "")]
    (record,) = read("- " * 100_000 + "a")
    assert TOO_DEEP.fullmatch(record[2])
