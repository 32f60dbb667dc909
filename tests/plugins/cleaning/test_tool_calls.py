"""Tool calls: which are well-formed, and which answers belong to one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Row, Turn
from seatrial.rows import Text, ToolCall, ToolResult
from seatrial.rows.formats import parse
from seatrial_plugins.cleaning import build_schema
from seatrial_plugins.cleaning.tool_calls import calls_of, tool_faults

ASK, DONE = Turn("user", "Weather in Oslo?"), Turn("assistant", "Cold.")


def call(name: object = "weather", arguments: object = '{"city": "Oslo"}', id: object = "c1"):  # noqa: A002
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: object, text: str = "", **more: object) -> Turn:
    """The turn that a message with these calls becomes."""
    message = {"role": "assistant", "content": text, "tool_calls": list(calls), **more}
    return parse({"messages": [message]}).turns[0]


def answering(id: str | None = None, text: str = "-3 °C") -> Turn:  # noqa: A002
    return Turn("tool", [ToolResult(text, id or "")])


def faults(*turns: Turn, format_: str = "chat") -> list[tuple[str, int, str]]:
    row = Row("r", turns, format_, "s", "f", 1)
    return [(fault.rule, fault.turn, fault.detail) for fault in tool_faults(row)]


def test_ids_that_are_numbers_are_names_too():
    made = calling(call(id=7))
    (answered,) = parse({"messages": [{"role": "tool", "content": "x", "tool_call_id": 7}]}).turns
    assert faults(ASK, made, answered, DONE) == []


@pytest.mark.parametrize(
    "made",
    [
        calling(call()),
        calling(call(arguments={"city": "Oslo"})),
        calling(call(arguments="{}"), text="Let me look."),
        calling({"id": "c1", "name": "weather", "args": {"city": "Oslo"}}),
        calling({"id": "c1", "function": {"name": "now"}}),
        calling(function_call={"name": "weather", "arguments": "{}"}),
        Turn("assistant", 'Wait.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>'),
    ],
)
def test_the_usual_ways_to_call_are_understood(made):
    (one,) = calls_of(made)
    assert (one.name in {"weather", "now"}, one.problem) == (True, "")
    assert faults(ASK, made, answering(one.id), DONE) == []


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (calling(call(arguments='{"city": "Oslo"')), "the arguments of 'weather' are no JSON object"),
        (calling(call(arguments="")), "the arguments of 'weather' are no JSON object"),
        (calling(call(arguments='["Oslo"]')), "the arguments of 'weather' are no JSON object"),
        (calling(call(arguments="[" * 200_000)), "the arguments of 'weather' are no JSON object"),
        (calling(call(arguments="9" * 5_000)), "the arguments of 'weather' are no JSON object"),
        (calling(call(arguments=7)), "the arguments of 'weather' are no JSON object"),
        (calling(call(name="Anna Berg, 0151 234", arguments="x")), "the arguments of a call are no JSON object"),
        (calling(call(name=" ")), "a call names no function"),
        (calling(call(name=None)), "a call names no function"),
        (calling({"id": "c1", "function": "weather"}), "a call names no function"),
        (calling("weather"), "a call names no function"),
        (calling(tool_calls="weather"), "a call names no function"),
        (Turn("assistant", '<tool_call>{"name": "weather"'), "a call names no function"),
        (calling(invalid_tool_calls=[{}]), "a call names no function"),
        (
            calling(invalid_tool_calls=[{"name": "weather", "args": "{", "error": "cut off"}]),
            "the arguments of 'weather' are no JSON object",
        ),
        (calling(call(), call("tide")), "two calls have the same id"),
    ],
)
def test_a_malformed_call_is_found_with_its_reason(made, reason):
    assert faults(ASK, made) == [("tool-call", 1, reason)]


def test_an_answer_names_an_open_call():
    both = calling(call(), call("tide", "{}", "c2"))
    assert faults(ASK, both, answering("c2"), answering("c1"), DONE) == []
    unknown = "no call of the id that it names is open"
    assert faults(ASK, both, answering("c3"), answering("c1"), answering("c2"), DONE) == [("tool-answer", 2, unknown)]
    assert faults(ASK, both, answering("c1"), answering("c1"), answering("c2")) == [("tool-answer", 3, unknown)]
    nameless = "it names no call, though the calls have ids"
    assert faults(ASK, calling(call()), answering()) == [("tool-answer", 2, nameless)]
    assert faults(ASK, calling(call(id=None)), answering("c1")) == [("tool-answer", 2, unknown)]


def test_an_answer_needs_a_call():
    assert faults(ASK, DONE, answering()) == [("tool-answer", 2, "the assistant has called no tool")]
    assert faults(ASK, DONE, answering(), format_="sharegpt") == []
    made = calling(call(id=None))
    assert faults(ASK, made, answering(), answering()) == [("tool-answer", 3, "every call has been answered")]


@pytest.mark.parametrize(
    "said", ['<functioncall> {"name": "f"}', "<function=f>{}</function>", "[TOOL_CALLS][]", "So:\nAction: f[x]"]
)
def test_an_answer_to_a_call_that_is_written_in_another_way_is_no_fault(said):
    called = Turn("assistant", said)
    assert faults(ASK, called, answering(), answering(), DONE) == []
    assert [fault[:2] for fault in faults(ASK, called, answering(), DONE, answering(), DONE)] == [("tool-answer", 4)]
    assert [fault[:2] for fault in faults(Turn("user", said), DONE, answering(), DONE)] == [("tool-answer", 2)]


def test_a_call_is_answered_before_anybody_else_speaks():
    both = calling(call(), call("tide", "{}", "c2"))
    assert faults(ASK, both) == [], "the end of a row may be the call that is to be learnt"
    assert faults(ASK, both, Turn("user", "And?"), DONE) == [
        ("tool-unanswered", 2, "the user speaks before 'weather' and 1 more is answered")
    ]
    assert faults(ASK, both, answering("c1"), DONE) == [
        ("tool-unanswered", 3, "the assistant speaks before 'tide' is answered")
    ]


def test_talk_about_tags_is_no_call():
    assert calls_of(Turn("assistant", "Put it between <tool_call> and </tool_call>.")) == []
    assert calls_of(Turn("user", '<tool_call>{"name": "f"}</tool_call>')) == []


def test_the_filter_says_one_finding_a_rule_and_row():
    turns = (ASK, calling(call(arguments="x")), answering("c9"), calling(call(arguments="y")), answering("c1"), DONE)
    findings = list(build_schema().inspect([Row("r", turns, "chat", "s", "f", 1)]))
    assert [(f.rule, f.score, f.detail) for f in findings] == [
        ("tool-call", 2, "turn 1: the arguments of 'weather' are no JSON object (and 1 more)"),
        ("tool-answer", 1, "turn 2: no call of the id that it names is open"),
        ("tool-unanswered", 1, "turn 3: the assistant speaks before 'weather' is answered"),
    ]
    assert [span.turn for span in findings[0].spans] == [1, 3]


def test_many_calls_and_tags_take_linear_work():
    many = 20_000
    made = calling(*(call("f", "{}", f"c{number}") for number in range(many)))
    answers = [answering(f"c{number}") for number in reversed(range(many))]
    assert faults(ASK, made, *answers, DONE) == []
    assert len(calls_of(Turn("assistant", "<tool_call>{" * many))) == many
    assert calls_of(Turn("assistant", "<tool_call>" * 500_000)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "function"]), inner),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "tool"]), st.text(max_size=5), JSON), max_size=6))
def test_whatever_stands_there_no_crash(said):
    turns = [Turn(role, [Text(text), ToolCall("f", extra, "c"), ToolResult(text, text)]) for role, text, extra in said]
    assert all(0 <= turn < len(turns) for _, turn, _ in faults(*turns))


@pytest.mark.parametrize("observations", [["[1, 2]"], ["1", "2"]])
def test_an_observation_of_sharegpt_answers_all_calls_of_its_turn_or_one_of_them(observations):
    calls = json.dumps([{"name": "weather", "arguments": {"city": city}} for city in ("Oslo", "Rome")])
    said = [("human", "Cold?"), ("function_call", calls), *(("observation", text) for text in observations)]
    parsed = parse({"conversations": [{"from": who, "value": text} for who, text in [*said, ("gpt", "In Oslo.")]]})
    row = Row("r", parsed.turns, parsed.format, "s", "f", 1)
    assert list(build_schema().inspect([row])) == []
    assert faults(*parsed.turns[:2], DONE, format_="sharegpt") == [
        ("tool-unanswered", 2, "the assistant speaks before 'weather' and 1 more is answered")
    ]
    once_more = [*parsed.turns[:-1], Turn("tool", "3"), Turn("tool", "4"), DONE]
    assert {rule for rule, _, _ in faults(*once_more, format_="sharegpt")} == {"tool-answer"}
