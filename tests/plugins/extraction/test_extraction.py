"""Extraction: JSON in what was said, valid or not, and its fields."""

import json

import pytest

from seatrial import Response, Row, Task, Transcript, Turn, UsageError
from seatrial.rows import Check
from seatrial.rows.table import RowList
from seatrial_plugins.extraction import build_extraction, extraction_metrics
from seatrial_plugins.extraction.fields import NOTHING, agreement, json_in, leaves

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "tags": {"type": "array"}},
    "required": ["name"],
}
RIGHT = {"name": "Ann Lee", "age": 3, "tags": ["a", "b"]}


def row(target=RIGHT, check=None, name="1") -> Row:
    turns = (Turn("user", "Ann Lee is 3"), Turn("assistant", target if isinstance(target, str) else json.dumps(target)))
    return Row(name, turns, "prompt-completion", "path:x", "x", 1, expected=check)


def judged(*answers, asked=None, **options):
    said = Transcript("1", tuple(map(Response, answers)), "h")
    scorer = build_extraction(answers=len(answers), **options)
    (sample,) = scorer.score([said], Task("t", RowList([asked or row()])))
    return sample


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("Here:\n```json\n[1, 2]\n```\nDone.", [1, 2]),
        ('The answer is {"a": {"b": null}} I think', {"a": {"b": None}}),
        ("nothing [of {the sort", NOTHING),
        ('{"a": NaN}', NOTHING),
        ("", NOTHING),
    ],
)
def test_json_is_found_in_words(text, value):
    assert json_in(text) == value


def test_fields_are_counted_leaf_by_leaf():
    expected = leaves({"a": {"b": 1, "c": None}, "d": [{"e": "x  y"}, {"e": "z"}], "f": True})
    assert sorted(map(str, expected)) == [
        "('.a.b', 1)",
        "('.d[].e', 'x y')",
        "('.d[].e', 'z')",
        "('.f', ('truth', True))",
    ]
    assert agreement(leaves({"a": {"b": 1.0}, "d": [{"e": "z"}, {"e": "Q"}], "f": 1}), expected) == (0.5, 0.5, 0.5)
    assert agreement(leaves({}), leaves({"a": None})) == (1, 1, 1)
    assert agreement(leaves({}), expected) == (0, 0, 0)


def test_answers_are_valid_or_not_and_their_fields_right_or_not():
    right = judged(f"```json\n{json.dumps(RIGHT)}\n```", schema=SCHEMA)
    assert set(right.values.values()) == {1.0}
    some = judged('{"name": "ann lee", "age": 4, "more": 1}', schema=SCHEMA, ignore_case=True)
    assert dict(some.values) == pytest.approx(
        {"pass@1": 0, "valid": 1, "field_precision": 1 / 3, "field_recall": 1 / 4, "field_f1": 2 / 7}
    )
    bad = judged('{"age": "3"}', schema=SCHEMA)
    assert (bad.values["valid"], "'name' is a required property" in bad.detail["invalid"][0]) == (0, True)
    assert set(judged("no idea", schema=SCHEMA).values.values()) == {0.0}
    assert {metric.column for metric in extraction_metrics()} == set(bad.values)


def test_a_row_may_bring_its_own_schema_and_several_answers_their_mean():
    asked = row(check=Check("json_schema", json.dumps({"required": ["age", "tags"]})))
    sample = judged(json.dumps(RIGHT), '{"age": 3}', asked=asked, k=[2])
    assert (sample.values["valid"], sample.values["pass^2"], sample.values["pass@2"]) == (0.5, 0, 1)
    assert sample.values["field_recall"] == pytest.approx(0.625)


def test_what_cannot_be_judged_is_told():
    with pytest.raises(UsageError, match=r"`schema` is no JSON Schema.*type"):
        build_extraction(schema={"type": "objekt"})
    rows = [row("no JSON", name="1"), row(check=Check("json_schema", "{broken"), name="2"), row(name="3")]
    scorer = build_extraction()
    assert dict(scorer.problems(rows)).keys() == {"1", "2"}
    remote = judged("{}", asked=row(check=Check("json_schema", '{"$ref": "http://localhost:1/x"}')))
    assert "http://localhost:1/x" in remote.error
    assert not remote.values
