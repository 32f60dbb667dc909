"""Messages: which turns are trained, what they call, and lists in other clothes."""

import json

import pytest

from seatrial.rows import ToolCall, Turn
from seatrial.rows.format_error import FormatError
from seatrial.rows.formats import parse
from seatrial.rows.notes import Notes

SAID = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
TURNS = (Turn("user", "q"), Turn("assistant", "a"))
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("key", ["weight", "train", "training", "loss", "loss_mask"])
def test_turns_that_are_only_context_are_marked(key):
    for value, trained in ((0, False), (False, False), (0.0, False), (1, True), (True, True), (None, True)):
        messages = [SAID[0], {**SAID[1], key: value}]
        assert parse({"messages": messages}).turns[1] == Turn("assistant", "a", trained=trained)
        shared = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a", key: value}]
        assert parse({"conversations": shared}).turns[1].trained is trained
    for value in (0.5, "0", 2, []):
        with pytest.raises(FormatError, match=rf"messages\[1\].{key}.* other than 0 and 1"):
            parse({"messages": [SAID[0], {**SAID[1], key: value}]})


@pytest.mark.parametrize("key", ["weight", "train", "loss_mask"])
def test_a_record_says_of_all_its_answers_that_they_are_only_context(key):
    for value, trained in ((0, False), (False, False), ("False", False), (1, True), ("1", True), (None, True)):
        for record in ({"messages": SAID}, {"prompt": "q", "completion": "a"}, {"text": "q", "label": "a"}):
            assert parse({**record, key: value}).turns == (TURNS[0], Turn("assistant", "a", trained=trained))


def test_a_record_says_of_each_turn_whether_it_is_trained():
    said = [*SAID, *SAID]
    for mask in ([0, 0, 0, 1], [0, 1], [1, 0, 0, 1]):
        assert [turn.trained for turn in parse({"messages": said, "loss_mask": mask}).turns] == [
            True,
            False,
            True,
            True,
        ]
    for other in (0.5, [0, 1, 1], "test", {"user": 0}):
        notes = Notes()
        assert all(turn.trained for turn in parse({"messages": said, "weight": other}, notes=notes).turns)
        assert any("'weight' (1): left aside" in warning for warning in notes.warnings())


def test_earlier_turns_of_an_alpaca_row_stand_before_its_instruction():
    record = {"instruction": "And then?", "input": "", "output": "b", "history": [["q", "a"], ["r", "c"]]}
    said = [(turn.role, turn.content) for turn in parse(record).turns]
    assert said == [
        *(("user", "q"), ("assistant", "a"), ("user", "r"), ("assistant", "c")),
        *(("user", "And then?"), ("assistant", "b")),
    ]
    assert parse(record | {"history": []}).turns == (Turn("user", "And then?"), Turn("assistant", "b"))
    assert parse(record | {"history": json.dumps([["q", "a"]])}).turns[:2] == TURNS
    with pytest.raises(FormatError, match=r"`history\[0\]` is no pair"):
        parse(record | {"history": ["q"]})


def test_earlier_turns_stand_before_other_questions_too():
    earlier, (asked, answered) = {"history": [["q", "a"]]}, (Turn("user", "And then?"), Turn("assistant", "b"))
    assert parse({"prompt": "And then?", "completion": "b", **earlier}).turns == (*TURNS, asked, answered)
    for key in ("prompt", "instruction"):
        parsed = parse({key: "And then?", "chosen": "b", "rejected": "c", **earlier})
        assert parsed.turns == (*TURNS, asked, answered)
        assert parsed.expected.rejected == (Turn("assistant", "c"),)


@pytest.mark.parametrize("tools", [[TOOL], json.dumps([TOOL]), [TOOL["function"]], [json.dumps(TOOL)]])
def test_the_tools_of_a_row_come_along_in_one_layout(tools):
    for record in ({"messages": SAID}, {"instruction": "q", "output": "a"}, {"prompt": "q", "completion": "a"}):
        assert parse({**record, "tools": tools}).tools == (TOOL,)
    shared = [{"from": "human", "value": "q"}]
    assert parse({"conversations": shared, "tools": tools}).tools == (TOOL,)
    assert parse({"messages": SAID, "functions": tools}).tools == (TOOL,)


def test_what_is_no_function_is_refused():
    for tools in ([7], [{"description": "x"}], "f", [{"function": {"name": 7}}]):
        with pytest.raises(FormatError, match="tools"):
            parse({"messages": SAID, "tools": tools})
    assert parse({"messages": SAID, "tools": None}).tools == parse({"messages": SAID, "tools": "[]"}).tools == ()


@pytest.mark.parametrize(
    "call",
    [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"b": 1, "a": [2]}'}},
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": [2]}}},
        {"id": "c1", "name": "f", "args": {"b": 1, "a": [2]}},
        {"id": "c1", "name": "f", "parameters": {"b": 1, "a": [2]}},
        {"id": "c1", "name": "f", "input": {"b": 1, "a": [2]}},
    ],
)
def test_arguments_are_an_object_in_the_order_of_the_source(call):
    (turn,) = parse({"messages": [{"role": "assistant", "content": "", "tool_calls": [call]}]}).turns
    assert turn.calls == (ToolCall("f", {"b": 1, "a": [2]}, "c1"),)
    assert list(turn.calls[0].arguments) == ["b", "a"]


def test_a_mapping_of_lists_is_a_list_of_mappings():
    record = {"conversations": {"from": ["human", "gpt"], "value": ["q", "a"]}}
    assert parse(record).turns == TURNS
    assert parse({"messages": {"role": ["user", "assistant"], "content": ["q", "a"]}}).turns == TURNS
    with pytest.raises(FormatError, match="as `datasets` stores a list of mappings, and they differ in length"):
        parse({"messages": {"role": ["user", "assistant"], "content": ["q"]}})


def test_json_text_in_a_cell_is_read():
    assert parse({"messages": json.dumps(SAID)}).turns == TURNS
    assert parse({"question": "q", "choices": '["a", "b"]', "answer": "B"}).choices == ("a", "b")
    with pytest.raises(FormatError, match=r"Python's own notation is not read: write it with `json.dumps`"):
        parse({"messages": str(SAID)})
    with pytest.raises(FormatError, match="is text, not a list"):
        parse({"messages": "user: q"})


def test_a_system_prompt_beside_messages_comes_first():
    assert parse({"system": "S", "messages": SAID}).turns == (Turn("system", "S"), *TURNS)


@pytest.mark.parametrize("key", ["system", "system_prompt", "system_message"])
def test_a_system_prompt_has_several_names(key):
    system = Turn("system", "Be brief.")
    for record in ({"question": "q", "response": "a"}, {"messages": SAID}, {"instruction": "q", "output": "a"}):
        assert parse({**record, key: "Be brief."}).turns == (system, *TURNS)
        assert parse({**record, key: ""}).turns == TURNS


def test_what_a_turn_says_already_is_not_warned_of():
    for record in (
        {"messages": SAID, "prompt": "q"},
        {"instruction": "q", "input": "", "output": "a", "text": "### Instruction: q\n### Response: a"},
        {"messages": [{"role": "system", "content": "Be brief."}, *SAID], "system_prompt": "Be brief."},
    ):
        notes = Notes()
        parse(record, notes=notes)
        assert [*notes.warnings()] == []
    notes = Notes()
    parse({"messages": SAID, "prompt": "another"}, notes=notes)
    assert "'prompt' (1): left aside" in next(notes.warnings())


def test_what_no_layout_reads_is_counted_and_what_another_reads_is_warned_of():
    notes = Notes()
    for number in range(3):
        said = [{**SAID[0], "time": "12:00", "lang": None}, SAID[1]]
        parse({"messages": said, "id": number, "url": "", "output": "x"}, notes=notes)
    assert notes.left_aside() == {"'time' of messages": 3, "'id'": 3, "'output'": 3}
    (warning,) = notes.warnings()
    assert "'output' (3)" in warning
    (remark,) = notes.remarks()
    assert "'time' of messages (3), 'id' (3)" in remark


def test_the_names_that_columns_give_are_read_keys():
    notes = Notes()
    parse({"tweet": "x", "kind": "y", "user": "z"}, columns={"text": "tweet", "label": "kind"}, notes=notes)
    assert notes.left_aside() == {"'user'": 1}


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [SAID[0], {**SAID[1], "train_detail": [{"begin_offset": 0, "end_offset": 1, "train": False}]}]},
        {"messages": [SAID[0], {**SAID[1], "masked": True}]},
        {"text": "q", "label": 3, "label_text": "joy"},
        {"question": "q", "answer": "a", "document": "It is long."},
        {"question": "q", "answer": "a", "context": {"title": ["x"], "sentences": [["y"]]}},
        {"messages": SAID, "videos": ["a.mp4"]},
        {"prompt": "q", "completion": "a", "reasoning": "since"},
    ],
)
def test_keys_that_carry_meaning_elsewhere_are_warned_of(record):
    notes = Notes()
    parse(record, notes=notes)
    (warning,) = notes.warnings()
    assert "left aside" in warning
    assert [*notes.remarks()] == []


def test_nulls_that_arrow_pads_are_in_no_tool_and_no_call():
    def tool(name, properties):
        said = {"name": name, "description": None, "parameters": {"type": "object", "properties": properties}}
        return {"type": "function", "function": said}

    padded = {"type": "string", "enum": None, "default": None}
    tools = [tool("look_up", {"city": padded, "day": None}), tool("tell", {"city": None, "day": padded})]
    calls = [{"name": name, "arguments": {"city": None, "day": "Monday"}} for name in ("look_up", "tell", "unheard_of")]
    parsed = parse({"messages": [SAID[0], {"role": "assistant", "content": None, "tool_calls": calls}], "tools": tools})
    plain = {"type": "string", "default": None}
    assert [tool["function"] for tool in parsed.tools] == [
        {"name": "look_up", "parameters": {"type": "object", "properties": {"city": plain}}},
        {"name": "tell", "parameters": {"type": "object", "properties": {"day": plain}}},
    ]
    assert [call.arguments for call in parsed.turns[1].calls] == [
        {"city": None, "day": "Monday"},
        {"day": "Monday"},
        {"city": None, "day": "Monday"},
    ]
