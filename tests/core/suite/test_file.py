"""The file: whatever stands in it, it loads, or what is wrong is named."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.errors import SuiteError
from seatrial.suite.file import load_suite, summarise_suite
from seatrial.suite.yaml_lines import MAX_BYTES, dump_yaml, read_yaml

from .suite_texts import MINIMAL, SUITE


def _places(value, path=()):
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(inner, (*path, key))


WHOLE = read_yaml(SUITE).data
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([[]]),
    st.just({"length": {"as": 5}}),
    st.just([{"length": None, "choice": None}]),
    st.just([{"metric": 5}]),
    st.sampled_from(["length", "choice/accuracy", "path:", ":", "transformers", "base"]),
)


def test_a_reader_in_any_notation_is_the_same_source(tmp_path, suite_catalogue, extra_metrics):
    path, texts = tmp_path / "suite.yaml", []
    for reader in ("jsonl", {"jsonl": None}, {"jsonl": {}}):
        data = copy.deepcopy(WHOLE)
        data["data"]["train"]["reader"] = reader
        path.write_text(dump_yaml(data), encoding="utf-8")
        texts.append(load_suite(path, suite_catalogue, extra_metrics=extra_metrics).data)
    assert texts[0] == texts[1] == texts[2]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([place for place in _places(WHOLE) if place]), VALUES), min_size=1, max_size=3)
)
def test_whatever_stands_in_a_suite_it_loads_or_its_problems_are_named(
    tmp_path, suite_catalogue, extra_metrics, changes
):
    data = copy.deepcopy(WHOLE)
    for path, value in changes:
        here = data
        for part in path[:-1]:
            here = here[part] if isinstance(here, dict | list) and part in dict(_items(here)) else None
        if isinstance(here, dict) or (isinstance(here, list) and isinstance(path[-1], int) and path[-1] < len(here)):
            here[path[-1]] = copy.deepcopy(value)
    path = tmp_path / "suite.yaml"
    path.write_text(dump_yaml(data), encoding="utf-8")
    lines, problems, again = path.read_text(encoding="utf-8").splitlines(), (), None
    try:
        suite = load_suite(path, suite_catalogue, extra_metrics=extra_metrics)
    except SuiteError as error:
        problems = error.problems
    else:
        suite.write(path)
        again = load_suite(path, suite_catalogue, extra_metrics=extra_metrics)
        assert again == suite
    assert bool(problems) != bool(again)
    assert all(0 < problem.line <= len(lines) and problem.message for problem in problems)


def _items(value):
    return value.items() if isinstance(value, dict) else enumerate(value)


# ---- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"",
            "suite.yaml:1: the file is empty; a suite is a mapping with at least the keys name, model and data (`seatrial suites` lists some)",
        ),
        (
            b"# nothing\n- a\n",
            "suite.yaml:2: the file holds a list; a suite is a mapping with at least the keys name, model and data (`seatrial suites` lists some)",
        ),
        (b"name: x\nseed: \xff\n", "suite.yaml:2: byte 0xFF is no UTF-8; save the file as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "suite.yaml: more than 1,000,000 bytes, which is the most that a suite holds"),
    ],
)
def test_a_file_that_is_no_suite_says_so(tmp_path, suite_catalogue, content, message):
    path = tmp_path / "suite.yaml"
    path.write_bytes(content)
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue)
    assert str(caught.value).replace(f"{tmp_path}/", "") == message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("name", "reason"), [("gone.yaml", "no such file or directory"), (".", "is a directory")])
def test_a_file_that_cannot_be_read_says_so(tmp_path, suite_catalogue, name, reason):
    path = tmp_path / name
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue)
    assert str(caught.value) == f"{path}: cannot be read: {reason}"


def test_a_byte_order_mark_is_no_part_of_the_first_key(load):
    assert load("\ufeff" + MINIMAL).name == "small"


def test_the_description_is_read_without_checking(tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text("description: What it is for.\nunknown: 1\n")
    assert summarise_suite(path) == "What it is for."
    path.write_text("[]")
    assert not summarise_suite(path)
