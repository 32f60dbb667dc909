"""Extraction: JSON in what was said, valid or not, and its fields."""

import json

import pytest

from seatrial import Response, Row, Task, Transcript, Turn, UsageError
from seatrial.rows import Check
from seatrial.rows.table import RowList
from seatrial_plugins.extraction import build_extraction, extraction_metrics
from seatrial_plugins.extraction.fields import NOTHING, agreement, json_in, json_of

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
        ('{"a": 1e999}', NOTHING),
        ('{"a": 1, "a": 2}', NOTHING),
        ('[{"a": 1}, {"a": 2}, {"a":', NOTHING),
        ('So: {"total": {"a": 1}, "tax": ', NOTHING),
        ("{'total': {\"a\": 1}}", NOTHING),
        ('```json\n[{"a": 1}, {"a":\n```', NOTHING),
        ('As [1] says: {"a": "}]"}', {"a": "}]"}),
        ("They are [1, 2].", [1, 2]),
        ("[" * 5000, NOTHING),
        ("[" * 5000 + "]" * 5000, NOTHING),
        ("", NOTHING),
    ],
)
def test_json_is_found_in_words(text, value):
    assert json_in(text) == value


def test_fields_are_counted_leaf_by_leaf():
    expected = {"a": {"b": 1, "c": None}, "d": [{"e": "x  y"}, {"e": "z"}], "f": True}
    assert agreement({"a": {"b": 1.0}, "d": [{"e": "z"}, {"e": "Q"}], "f": 1}, expected) == (0.5, 0.5, 0.5)
    assert agreement({}, {"a": None}) == (1, 1, 1)
    assert agreement({}, expected) == (0, 0, 0)


ITEMS = [{"name": "A", "price": 1}, {"name": "B", "price": 2}]


@pytest.mark.parametrize(
    ("found", "expected", "right"),
    [
        ({"address.city": "Bern"}, {"address": {"city": "Bern"}}, 0),
        ({"items[]": "x"}, {"items": ["x"]}, 0),
        ({"a": "b"}, ["b"], 0),
        (ITEMS[::-1], ITEMS, 4),
        ([{"name": "A", "price": 2}, {"name": "B", "price": 1}], ITEMS, 2),
        ([{"name": "A", "price": 1}, {"name": "B", "price": 3}], ITEMS, 3),
        ([ITEMS[0], ITEMS[0]], ITEMS, 2),
        ({"t": [2, 1, 1]}, {"t": [1, 2, 2]}, 2),
        ([[1, 2], [3]], [[3], [2, 1]], 3),
        ([{"x": ITEMS}, {"x": ITEMS[:1]}], [{"x": ITEMS[:1]}, {"x": ITEMS[::-1]}], 6),
    ],
)
def test_a_field_is_right_in_its_own_place_alone(found, expected, right):
    given, wanted = (_leaves(value) for value in (found, expected))
    assert agreement(found, expected) == pytest.approx((right / given, right / wanted, 2 * right / (given + wanted)))


def _leaves(value):
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if inside is None else sum(map(_leaves, inside))


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
    for typo in ({"requird": ["a"]}, {"propertys": {}}, {"properties": {"a": {"minimun": 1}}}):
        with pytest.raises(UsageError, match="there is no keyword"):
            build_extraction(schema=typo)
    build_extraction(schema={"properties": {"requird": {"x-note": 1, "default": {"typ": 1}}}})
    assert judged('{"on": "yesterday"}', schema={"properties": {"on": {"format": "date"}}}).values["valid"] == 0
    rows = [row("no JSON", name="1"), row(check=Check("json_schema", "{broken"), name="2"), row(name="3")]
    scorer = build_extraction()
    assert dict(scorer.problems(rows)).keys() == {"1", "2"}
    remote = judged("{}", asked=row(check=Check("json_schema", '{"$ref": "http://localhost:1/x"}')))
    assert "http://localhost:1/x" in remote.error
    assert not remote.values
    loose = [row('see [1] for {"total": 5}', name="4"), row('{"total": {"a": 5}, "tax": ', name="5")]
    assert dict(scorer.problems(loose)).keys() == {"4", "5"}
    assert json_of('```json\n{"a": 1}\n```') == {"a": 1}


def test_one_answer_that_is_nested_without_end_is_wrong_and_ends_nothing():
    nested = "[" * 300 + "1" + "]" * 300
    sample = judged(nested, json.dumps(RIGHT), schema={"items": {"$ref": "#"}})
    assert (sample.values["valid"], sample.values["pass@1"]) == (0.5, 0.5)
    assert "nested too deeply" in sample.detail["invalid"][0]
    endless = judged("{}", schema={"$ref": "#"})
    assert not endless.values
    assert "its schema" in endless.error
