"""YAML with lines, by the rules of YAML 1.2."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seatrial.suite.yaml_lines import MAX_BYTES, MAX_DEPTH, YamlError, dump_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("1e-3", 0.001),
        ("2.0e-4", 2.0e-4),
        (".5", 0.5),
        ("-1.", -1.0),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2024-01-31", "2024-01-31"),
        ("~", None),
        ("", None),
        ("null", None),
        ("'1'", "1"),
        ('"true"', "true"),
        ("-.inf", -math.inf),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("!!str 5", "5"),
        ("é 漢字 🙂", "é 漢字 🙂"),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says(text, value):
    found = read_yaml(text).data
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number():
    assert math.isnan(read_yaml(".nan").data)


def test_keys_are_the_text_that_stands_there():
    assert read_yaml("{on: 1, yes: 2, 0: 3, true: 4, 1e3: 5, null: 6}").data == {
        "on": 1,
        "yes": 2,
        "0": 3,
        "true": 4,
        "1e3": 5,
        "null": 6,
    }


def test_every_key_and_entry_has_its_line():
    document = read_yaml("# a suite\nname: x\n\ngates:\n  - metric: a\n    min: 0.5\n  - {metric: b,\n     max: 1}\n")
    assert document.lines[("name",)] == 2
    assert document.lines["gates", 0] == 5
    assert document.lines["gates", 0, "min"] == 6
    assert document.lines["gates", 1, "max"] == 8


def test_an_alias_is_a_copy_and_its_key_keeps_its_own_line():
    document = read_yaml("a: &x {k: 1}\nb: 2\nc: *x\n")
    assert document.data == {"a": {"k": 1}, "b": 2, "c": {"k": 1}}
    assert document.lines[("c",)] == 3
    document.data["a"]["k"] = 5
    assert document.data["c"] == {"k": 1}


def test_the_first_of_two_equal_keys_counts_and_the_second_is_a_mistake():
    document = read_yaml("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [(mistake.line, mistake.path, mistake.message) for mistake in document.mistakes] == [
        (2, ("b", "c"), "stands here twice; the first is in line 2"),
        (3, ("a",), "stands here twice; the first is in line 1"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "a: [1,\n  2,\nb",
            3,
            (
                "not valid YAML at column 2: while parsing a flow sequence that starts in line 1, expected ',' or ']', "
                "but got '<stream end>'"
            ),
        ),
        (
            "a: 1\n\tb: 2",
            2,
            (
                "not valid YAML at column 1: while scanning for the next token, found character '\\t' that cannot start "
                "any token; YAML is set in with spaces, so replace the tab by some"
            ),
        ),
        ("a: 1\nb: \x07", 2, "not valid YAML: the character U+0007 is not allowed"),
        (
            "a: 1\n---\nb: 2",
            2,
            "not valid YAML at column 1: expected a single document in the stream that starts in line 1, but found another document",
        ),
        ("a: *b", 1, "not valid YAML at column 4: found undefined alias 'b'"),
        ("a: !!python/name:os.system x", 1, "the tag !!python/name:os.system is not accepted here"),
        ("- 1\n- !!binary aGk=", 2, "the tag !!binary is not accepted here"),
        ("!mine {a: 1}", 1, "the tag !mine is not accepted here"),
        ("!!int three", 1, "the tag !!int is not accepted here"),
        ("a: 1\nb: " + "9" * 5000, 2, "a whole number of 5000 digits"),
        ('"\\ud800"', 1, "a lone surrogate is no character"),
        ("a: &x [*x]", 1, "an alias that contains itself"),
        ("[" * 100_000, 1, f"nested more than {MAX_DEPTH} levels deep"),
        ("a" * (MAX_BYTES + 1), 1, "1,000,001 characters; a suite holds at most 1,000,000"),
    ],
)
def test_what_is_refused_says_where_and_why(text, line, message):
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    assert (caught.value.line, caught.value.message) == (line, message)


def test_a_bomb_of_aliases_is_refused():
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(YamlError, match="more than 50,000 values once its aliases are expanded"):
        read_yaml("\n".join(layers))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
    | st.sampled_from(
        ["yes", "on", "1e-3", "0o7", "0x1", "~", "null", "true", ".inf", "", " a ", "a: b", "- x", "<<", "a\nb"]
    )
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(SCALARS.filter(lambda k: isinstance(k, str)), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_what_is_dumped_is_read_back_equal(data: Any):
    document = read_yaml(dump_yaml(data))
    assert repr(document.data) == repr(data)
    assert not document.mistakes


@given(DOCUMENTS)
def test_what_is_dumped_means_the_same_to_a_reader_of_yaml_1_1(data: Any):
    assert repr(yaml.safe_load(dump_yaml(data))) == repr(data)


def test_what_either_version_would_take_for_something_else_is_quoted():
    assert (
        dump_yaml({"on": "no", "yes": "1e-3", "<<": "2024-01-31"}) == "'on': 'no'\n'yes': '1e-3'\n'<<': '2024-01-31'\n"
    )
