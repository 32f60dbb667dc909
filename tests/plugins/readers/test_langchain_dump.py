"""LangChain's message dumps: every layout gives the same chat messages."""

import json

import pytest

from seatrial.rows import ToolCall, ToolResult
from seatrial.rows.formats import parse
from seatrial_plugins import readers

CALLS = [{"name": "weather", "args": {"city": "Rome"}, "id": "c1", "type": "tool_call"}]
EMPTY = {"additional_kwargs": {}, "response_metadata": {}, "name": None, "id": None}
# What langchain-core 1.7 writes for the same conversation.
DATA = [
    ("system", "SystemMessage", {"content": "Be brief."}),
    ("human", "HumanMessage", {"content": "Weather in Rome?"}),
    ("ai", "AIMessage", {"content": "", "tool_calls": CALLS, "invalid_tool_calls": []}),
    ("tool", "ToolMessage", {"content": "21 C", "tool_call_id": "c1", "name": "weather", "status": "success"}),
    ("ai", "AIMessage", {"content": [{"type": "text", "text": "21 "}, {"type": "text", "text": "degrees."}]}),
    ("chat", "ChatMessage", {"content": "Thanks", "role": "user"}),
    ("AIMessageChunk", "AIMessageChunk", {"content": "Bye", "tool_calls": [], "tool_call_chunks": []}),
]
NESTED = [{"type": kind, "data": {**EMPTY, "type": kind, **data}} for kind, _, data in DATA]
FLAT = [{**EMPTY, "type": kind, **data} for kind, _, data in DATA]
DUMPED = [
    {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", name], "kwargs": {**data, "type": kind}}
    for kind, name, data in DATA
]
PROMPT = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "prompts", "chat", "ChatPromptValue"],
    "kwargs": {"messages": DUMPED},
}


@pytest.fixture
def read(tmp_path):
    def reading(text, name="dump.json"):
        path = tmp_path / name
        path.write_text(text)
        return list(readers.langchain().read(path))

    return reading


@pytest.mark.parametrize(
    "document",
    [NESTED, [NESTED], [FLAT], [DUMPED], [PROMPT], DUMPED, [{"messages": NESTED}]],
    ids=["one conversation", "nested", "flat", "dumped", "prompt", "dumped alone", "messages"],
)
def test_every_layout_gives_the_same_conversation(read, document):
    (record,) = read(json.dumps(document, indent=1))
    parsed = parse(record.value)
    assert [(turn.role, turn.content) for turn in parsed.turns] == [
        ("system", "Be brief."),
        ("user", "Weather in Rome?"),
        ("assistant", ""),
        ("tool", "21 C"),
        ("assistant", "21 degrees."),
        ("user", "Thanks"),
        ("assistant", "Bye"),
    ]
    assert parsed.turns[2].parts == (ToolCall("weather", {"city": "Rome"}, "c1"),)
    assert parsed.turns[3].parts == (ToolResult("21 C", "c1", "weather"),)


def test_json_lines_hold_a_conversation_a_line(read):
    lines = "\n".join(json.dumps(messages) for messages in (NESTED, DUMPED, {"messages": FLAT}))
    records = read(lines, "dump.jsonl")
    assert [record.line for record in records] == [1, 2, 3]
    assert records[0].value == records[1].value == records[2].value


def test_calls_are_kept_however_they_were_written(read):
    raw = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    bad = [{"name": "f", "args": "{", "id": "c2", "error": "cut off", "type": "invalid_tool_call"}]
    used = [{"type": "text", "text": "Let me see."}, {"type": "tool_use", "id": "c1", "name": "weather", "input": {}}]
    messages = [
        {"type": "ai", "data": {"content": "", "additional_kwargs": {"tool_calls": raw}}},
        {"type": "ai", "data": {"content": "", "tool_calls": [], "invalid_tool_calls": bad}},
        {"type": "ai", "data": {"content": used, "tool_calls": CALLS}},
    ]
    (record,) = read(json.dumps([messages]))
    first, second, third = record.value["messages"]
    assert first["tool_calls"] == raw
    assert second["invalid_tool_calls"] == bad
    assert parse(record.value).turns[1].calls == (ToolCall("f", "{", "c2"),), (
        "no object, which the filter `schema` finds"
    )
    assert parse(record.value).turns[2].content == "Let me see."
    assert third["tool_calls"][0]["function"] == {"name": "weather", "arguments": {"city": "Rome"}}


def test_the_call_of_an_older_dump_is_read(read):
    call = {"name": "weather", "arguments": '{"city": "Rome"}'}
    messages = [{"type": "ai", "data": {"content": "", "additional_kwargs": {"function_call": call}}}]
    assert parse(read(json.dumps([messages]))[0].value).turns[0].calls == (ToolCall("weather", {"city": "Rome"}),)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([[{"type": "human", "data": {}}]], "messages[0] has no content"),
        ([[FLAT[0], "Hi"]], "messages[1] is no message of LangChain"),
        ([[{"type": "remove", "data": {"content": ""}}]], "messages[0] is of no kind of message that a chat has"),
        ([[{"content": "x"}]], "messages[0] is of no kind of message that a chat has"),
        ([{"text": "x"}], "no list of LangChain messages"),
        (["x"], "no list of LangChain messages"),
        ([PROMPT | {"kwargs": None}], "messages[0] is of no kind of message that a chat has"),
    ],
)
def test_what_is_no_conversation_is_a_problem(read, document, problem):
    (record,) = read(json.dumps(document))
    assert (record.problem, record.value) == (problem, None)


def test_a_broken_message_spoils_a_conversation_that_is_the_whole_file(read):
    text = f"[{json.dumps(FLAT[0])},\n{{broken}}]"
    (record,) = read(text)
    assert record.line == 1
    assert record.problem.startswith("message at line 2: broken JSON: ")


def test_an_empty_conversation_is_left_to_the_format(read):
    assert read("[[]]")[0].value == {"messages": []}
