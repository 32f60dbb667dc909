"""Tool calls: held against those that are right, by the leaderboard's rules."""

import json

import pytest

from seatrial import Response, Row, Task, Transcript, Turn
from seatrial.rows import Check, ToolCall
from seatrial.rows.formats import parse
from seatrial.rows.table import RowList
from seatrial_plugins.tools import build_tool_calls, tool_calls_metrics
from seatrial_plugins.tools.call_check import disagreement

TOOL = {
    "type": "function",
    "function": {
        "name": "trip.book",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "default": 7},
                "price": {"type": "number"},
                "stops": {"type": "array", "items": {"type": "string"}},
                "guest": {"type": "object"},
            },
            "required": ["city"],
        },
    },
}
RIGHT = {
    "trip.book": {
        "city": ["New York", "NYC"],
        "days": ["", 7],
        "price": [5.0, ""],
        "stops": [["Rome", "Bern"], ""],
        "guest": [{"name": ["Ann"], "age": [3, ""]}, ""],
    }
}


def row(expected, name="1", turns=None) -> Row:
    said = turns or (Turn("user", "Book a trip"),)
    check = None if expected is None else Check("calls", json.dumps(expected))
    return Row(name, said, "chat", "path:x", "x", 1, expected=check, tools=(TOOL,))


@pytest.mark.parametrize(
    ("arguments", "differs"),
    [
        ({"city": "new-york"}, ""),
        ({"city": "NYC", "price": 5, "stops": ["rome", "BERN"], "guest": {"name": "ann"}}, ""),
        ({"city": "Boston"}, "city is 'Boston'"),
        ({"days": 7}, "required argument city"),
        ({"city": "NYC", "days": "7"}, "days"),
        ({"city": "NYC", "days": True}, "days"),
        ({"city": "NYC", "stops": ["Bern", "Rome"]}, "stops"),
        ({"city": "NYC", "guest": {"name": "Ann", "age": 4}}, "guest"),
        ({"city": "NYC", "guest": {"age": 3}}, "guest"),
        ({"city": "NYC", "more": 1}, "more that is not expected"),
    ],
)
def test_arguments_agree_or_it_is_said_how_not(arguments, differs):
    found = disagreement([ToolCall("trip.book", arguments)], [RIGHT], [TOOL])
    assert (differs in found, bool(found)) == (True, bool(differs)), found


WEATHER = {
    "type": "object",
    "properties": {"loc": {"type": "object"}, "on": {"type": ["boolean", "null"]}, "any": True},
}


@pytest.mark.parametrize(
    ("arguments", "right", "agrees"),
    [
        ({"loc": {"city": "rome"}}, {"loc": [{"city": "Rome"}]}, True),
        ({"loc": {"city": "R"}}, {"loc": [{"city": "Rome"}]}, False),
        ({"loc": {}}, {"loc": [{"city": "Rome"}]}, False),
        ({"loc": {"n": 5}}, {"loc": [{"n": 5}]}, True),
        ({"on": True}, {"on": [1]}, False),
        ({"any": {"a": [True]}}, {"any": [{"a": [[1]]}]}, False),
        ({"any": "x"}, {"any": ["x"]}, True),
        ({"price": 10**400}, {"price": [1.0]}, False),
        ({"xs": [1]}, {"xs": [[1]]}, True),
        ({"xs": ["a", "b"]}, {"xs": ["ab"]}, False),
    ],
)
def test_objects_and_odd_schemas_are_compared_by_value_and_type(arguments, right, agrees):
    odd = {"price": {"type": "number"}, "xs": {"type": "array", "items": [{"type": "integer"}]}}
    tool = {"function": {"name": "f", "parameters": {**WEATHER, "properties": {**WEATHER["properties"], **odd}}}}
    assert (disagreement([ToolCall("f", arguments)], [{"f": right}], [tool]) == "") is agrees


@pytest.mark.parametrize(
    "code", ["no", "{}", '["f"]', "[{}]", '[{"f": {}, "g": {}}]', '[{"f": {"a": 1}}]', '[{"f": [1]}]']
)
def test_a_check_of_no_calls_is_an_error_of_its_row(code):
    asked = Row("1", (Turn("user", "?"),), "chat", "path:x", "x", 1, expected=Check("calls", code), tools=(TOOL,))
    ((_, reason),) = build_tool_calls().problems([asked])
    assert "that are right" in reason


def test_a_call_that_cannot_be_read_is_not_withheld():
    said = Transcript("1", (Response('{"name": "trip.book", "arguments": {"city": "Ro'),), "h")
    (sample,) = build_tool_calls().score([said], Task("t", RowList([row([])])))
    assert dict(sample.values) == {"pass@1": 0.0, "called": None, "named": None, "withheld": 0.0}
    (sample,) = build_tool_calls().score([said], Task("t", RowList([row([RIGHT])])))
    assert dict(sample.values) == {"pass@1": 0.0, "called": 0.0, "named": 0.0, "withheld": None}


def test_calls_may_stand_in_any_order_and_must_be_as_many():
    first, second = ({"trip.book": {"city": [city]}} for city in ("Rome", "Bern"))
    calls = [ToolCall("trip.book", {"city": city}) for city in ("Bern", "Rome")]
    assert disagreement(calls, [first, second], [TOOL]) == ""
    assert "2 calls where 1" in disagreement(calls, [first], [TOOL])
    assert "no call agrees" in disagreement([calls[0], calls[0]], [first, second], [TOOL])
    underscored = [ToolCall("trip_book", {"city": "Rome"})]
    assert "trip_book is called" in disagreement(underscored, [first], [TOOL])
    assert disagreement(underscored, [first], [TOOL], dotted=False) == ""


def test_samples_tell_calls_names_and_what_was_rightly_left_alone():
    rows = [row([RIGHT], "1"), row([RIGHT], "2"), row([RIGHT], "3"), row([], "4"), row([], "5"), row(None, "6")]
    said = [
        "[trip.book(city='NYC')]",
        "[trip.book(city='Bonn')]",
        "I can't.",
        "I can't.",
        "[trip.book(city='NYC')]",
        "x",
    ]
    transcripts = [
        Transcript(one.row, (Response(text),), "h") for one, text in zip(map(_named, rows), said, strict=True)
    ]
    found = list(build_tool_calls().score(transcripts, Task("t", RowList(rows))))
    columns = ("pass@1", "called", "named", "withheld")
    assert [tuple(one.values.get(name) for name in columns) for one in found] == [
        (1.0, 1.0, 1.0, None),
        (0.0, 1.0, 1.0, None),
        (0.0, 0.0, 0.0, None),
        (1.0, None, None, 1.0),
        (0.0, None, None, 0.0),
        (None, None, None, None),
    ]
    assert "ground_truth" in found[5].error
    assert "'Bonn'" in found[1].detail["differs"][0]
    assert {metric.column for metric in tool_calls_metrics()} == set(columns)


def _named(one: Row):
    return Transcript(one.id)


def test_an_answer_that_calls_says_what_is_right_and_defaults_may_be_left_out():
    call = ToolCall("trip.book", {"city": "Rome", "guest": {"name": "Ann"}})
    asked = row(None, turns=(Turn("user", "Book"), Turn("assistant", [call])))
    answers = {
        "[trip.book(city='Rome', guest={'name': 'Ann'})]": 1.0,
        "[trip.book(city='Rome', guest={'name': 'Ann'}, days=7)]": 1.0,
        "[trip.book(city='Rome', guest={'name': 'Ann'}, days=8)]": 0.0,
    }
    for text, right in answers.items():
        transcripts = [Transcript("1", (Response(text),), "h")]
        (sample,) = build_tool_calls().score(transcripts, Task("t", RowList([asked])))
        assert sample.values["pass@1"] == right, sample.detail


@pytest.mark.parametrize(
    "answer",
    [
        '<tool_call>{"name": "trip.book", "arguments": {"city": "Rome"}}</tool_call>',
        '{"name": "trip.book", "arguments": {"city": "Rome"}}',
        "[trip.book(city='Rome')]",
    ],
)
def test_an_answer_that_writes_its_calls_expects_them(answer):
    asked = row(None, turns=(Turn("user", "Book"), Turn("assistant", answer)))
    said = [Transcript("1", (Response(text),), "h") for text in ("I do not know.", answer)]
    values = [next(build_tool_calls().score([one], Task("t", RowList([asked])))).values for one in said]
    assert [(one["pass@1"], one["withheld"]) for one in values] == [(0, None), (1, None)]
    cut = row(None, turns=(Turn("user", "Book"), Turn("assistant", '{"name": "trip.book", "argum')))
    ((_, reason),) = build_tool_calls().problems([cut])
    assert "cannot be read" in reason


def test_the_leaderboards_rows_are_read():
    record = {
        "messages": [{"role": "user", "content": "Book"}],
        "tools": [TOOL["function"]],
        "ground_truth": [{"trip.book": {"city": ["Rome"]}}],
        "slice": "simple",
    }
    found = parse(record)
    assert (found.expected, found.slice) == (Check("calls", '[{"trip.book":{"city":["Rome"]}}]'), "simple")
    assert parse({**record, "ground_truth": []}).expected == Check("calls", "[]")


@pytest.mark.slow
def test_a_whole_run_reads_the_rows_and_gates_the_calls(seatrial, tmp_path):
    (tmp_path / "caller_of_trips.py").write_text(
        "from seatrial import Generation\n"
        "class Caller:\n"
        "    facts = {}\n"
        "    def generate(self, prompts, *, max_new_tokens, stop=(), tools=()):\n"
        "        return [Generation('[trip.book(city=\"Rome\")]', 5, True) for _ in prompts]\n"
        "def make():\n    return Caller()\n"
    )
    tools = [TOOL["function"]]
    items = [
        {"messages": [{"role": "user", "content": f"Book {place}"}], "tools": tools, "ground_truth": truth}
        for place, truth in enumerate(([{"trip.book": {"city": ["Rome"]}}], [{"trip.book": {"city": ["Bern"]}}], []))
    ]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items))
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: caller\nmodel: {source: 'python:caller_of_trips:make'}\n"
        f"data:\n  tests: {{calls: {{source: 'path:{tmp_path / 'items.jsonl'}'}}}}\n"
        "score:\n  - tool_calls: {on: calls}\n"
        "gates:\n  - {metric: tool_calls/pass@1, min: 0.005}\nreport: [markdown]\n"
    )
    code, said = seatrial("run", suite)
    assert (code, "PASS" in said) == (0, True), said
    (run,) = (tmp_path / "runs").iterdir()
    scores = {one["metric"]: one["value"] for one in json.loads((run / "scores.json").read_text())["scores"]}
    assert scores["tool_calls/pass@1"] == pytest.approx(1 / 3)
    assert (scores["tool_calls/called"], scores["tool_calls/named"], scores["tool_calls/withheld"]) == (1, 1, 0)
