"""Every layout becomes turns, and whatever is no row is a FormatError that says which key."""

import json
import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.rows import Format, Label, Row, ToolCall, ToolResult, Turn, content_id, rows_to_table
from seatrial.rows.column_names import COLUMNS
from seatrial.rows.columns import rows_of
from seatrial.rows.format_error import RULES, FormatError
from seatrial.rows.formats import Parsed, parse, recognise
from seatrial.rows.notes import Notes

MESSAGES = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
TURNS = (Turn("user", "Hi"), Turn("assistant", "Hello"))
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}}
ARC = {"text": ["ice", "steam"], "label": ["1", "2"]}


def said(record, **options):
    return [(turn.role, turn.content) for turn in parse(record, **options).turns]


def refusal(record, **options):
    with pytest.raises(FormatError) as caught:
        parse(record, **options)
    assert caught.value.rule in {rule.name for rule in RULES}
    return caught.value.rule, str(caught.value)


@pytest.mark.parametrize(
    ("record", "name", "turns"),
    [
        ({"messages": MESSAGES}, "chat", TURNS),
        ({"messages": MESSAGES, "prompt": "Hi", "completion": "other"}, "chat", TURNS),
        (
            {"messages": [{"role": "user", "content": ["a", {"type": "text", "text": "b"}]}]},
            "chat",
            (Turn("user", "ab"),),
        ),
        ({"prompt": "Hi", "completion": "Hello"}, "prompt-completion", TURNS),
        ({"prompt": "Hi", "response": "Hello", "id": 7}, "prompt-completion", TURNS),
        ({"question": "Hi", "answer": "Hello"}, "prompt-completion", TURNS),
        ({"prompt": MESSAGES[:1], "completion": MESSAGES[1:]}, "prompt-completion", TURNS),
        (
            {"system": "Be brief.", "prompt": "Hi", "completion": "Hello"},
            "prompt-completion",
            (Turn("system", "Be brief."), *TURNS),
        ),
        ({"instruction": "Hi", "output": "Hello"}, "alpaca", TURNS),
        ({"instruction": "Hi", "input": "", "output": "Hello"}, "alpaca", TURNS),
        ({"instruction": "Hi", "input": None, "output": "Hello"}, "alpaca", TURNS),
        (
            {"instruction": "Sum up.", "input": "A text.", "output": "T."},
            "alpaca",
            (Turn("user", "Sum up.\n\nA text."), Turn("assistant", "T.")),
        ),
        (
            {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
            "sharegpt",
            TURNS,
        ),
        (
            {"system": "S", "conversations": [{"from": "function", "value": "21"}]},
            "sharegpt",
            (Turn("system", "S"), Turn("tool", "21")),
        ),
        ({"text": "Hi", "label": "greeting"}, "text-label", (Turn("user", "Hi"), Turn("assistant", "greeting"))),
        ({"text": "Hi", "category": 3}, "text-label", (Turn("user", "Hi"), Turn("assistant", "3"))),
        ({"text": "Hi", "class": True}, "text-label", (Turn("user", "Hi"), Turn("assistant", "true"))),
        (
            {"text": "Hi", "intent": "greet", "topic": "x"},
            "text-label",
            (Turn("user", "Hi"), Turn("assistant", "greet")),
        ),
        (
            {"question": "2 + 2?", "choices": ["3", "4"], "answer": 1},
            "choice",
            (Turn("user", "2 + 2?"), Turn("assistant", "4")),
        ),
    ],
)
def test_each_layout_becomes_the_turns_of_its_format(record, name, turns):
    assert recognise(record) == name
    parsed = parse(record)
    assert (parsed.format, parsed.turns) == (name, turns)
    assert parse(record, format=name) == parsed


def test_what_else_a_message_holds_is_kept_whatever_order_and_nulls_it_has():
    call = parse({"messages": [{"role": "assistant", "content": None, "tool_calls": [CALL], "name": None}]})
    assert call.turns == (Turn("assistant", [ToolCall("weather", {"city": "Rome"}, "c1")]),)
    assert call.turns[0].content == ""
    bare = parse({"messages": [{"tool_calls": [dict(reversed(CALL.items()))], "role": "assistant"}]})
    assert bare.turns == call.turns
    answered = {"role": "tool", "content": "21", "tool_call_id": "c1", "name": "weather"}
    assert parse({"messages": [answered]}).turns == (Turn("tool", [ToolResult("21", "c1", "weather")]),)
    thought = {"role": "assistant", "content": "x", "name": "Bo", "reasoning_content": "hm"}
    assert parse({"messages": [thought]}).turns == (Turn("assistant", "x", name="Bo", reasoning="hm"),)


def test_function_calls_of_sharegpt_become_tool_calls_and_their_observations_answers():
    call = {"name": "weather", "arguments": {"city": "Paris"}}
    for value, calls in ((json.dumps(call), [call]), (json.dumps([call, call]), [call, call])):
        said = [("human", "Weather?"), ("function_call", value), ("observation", '{"sky": "blue"}'), ("gpt", "Blue.")]
        parsed = parse({"conversations": [{"from": speaker, "value": text} for speaker, text in said]})
        assert [turn.role for turn in parsed.turns] == ["user", "assistant", "tool", "assistant"]
        asked, answered = parsed.turns[1:3]
        assert asked.content == ""
        assert asked.calls == tuple(ToolCall(each["name"], each["arguments"]) for each in calls)
        assert answered == Turn("tool", '{"sky": "blue"}')


def test_function_calls_as_openai_wrote_them_first_are_read():
    call = {"name": "weather", "arguments": '{"city": "Paris"}'}
    messages = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "function_call": call},
        {"role": "function", "name": "weather", "content": "blue"},
        {"role": "assistant", "content": "Blue."},
    ]
    _, asked, answered, _ = parse({"messages": messages}).turns
    assert asked == Turn("assistant", [ToolCall("weather", {"city": "Paris"})])
    assert answered == Turn("tool", [ToolResult("blue", name="weather")])
    assert parse({"messages": [{"role": "assistant", "function_call": call}]}).turns[0].content == ""
    for nothing in ({}, {"function_call": None}, {"tool_calls": []}):
        said = {"messages": [{"role": "assistant", "content": None, **nothing}]}
        assert refusal(said) == ("wrong-type", "`messages[0].content` is null, not text")


def test_what_openai_calls_a_developer_is_a_system_turn():
    assert said({"messages": [{"role": "developer", "content": "Be brief."}, *MESSAGES]})[0] == ("system", "Be brief.")


def test_messages_under_the_name_of_sharegpt_are_said_to_be_messages():
    assert refusal({"conversations": MESSAGES}) == (
        "missing-key",
        "`conversations[0]` has no key `from`, but a `role`: these are messages; say `columns: {messages: conversations}`",
    )


@pytest.mark.parametrize("number", [1.0, 1])
def test_a_whole_number_is_a_label_however_it_is_stored(number):
    assert parse({"text": "x", "label": number, "group": number}, labels={"1": "hate"}).label == "hate"
    assert parse({"text": "x", "label": number, "group": number}).group == "1"
    assert parse({"question": "x", "choices": [1.0, 2], "answer": 1}).choices == ("1.0", "2")


@pytest.mark.parametrize("number", [0.5, float("inf"), float("nan")])
def test_a_fraction_is_no_label(number):
    assert refusal({"text": "x", "label": number})[0] == "wrong-type"


def test_odd_but_readable_chats_are_left_to_the_schema_filter():
    for messages in (
        [{"role": "user", "content": ""}],
        [{"role": "assistant", "content": "Hello"}, {"role": "assistant", "content": "Hello"}],
        [{"role": "user", "content": "Hi"}, {"role": "system", "content": "S"}],
    ):
        assert said({"messages": messages}) == [(message["role"], message["content"]) for message in messages]


def test_a_label_is_the_last_turn_and_is_renamed():
    row = {"tweet": "x", "class": "0", "lang": "en", "user": 7}
    parsed = parse(
        row,
        columns={"text": "tweet", "label": "class", "slice": "lang", "group": "user"},
        labels={"0": "hate"},
    )
    assert parsed == Parsed(
        (Turn("user", "x"), Turn("assistant", "hate")), "text-label", Label("hate"), slice="en", group="7"
    )
    assert parse({"text": "x", "label": False}, labels={"false": "ham"}).label == "ham"
    assert parse({"text": "x", "label": 1}, labels={"0": "hate"}).label == "1"


def test_slice_and_group_are_read_in_every_format_and_may_be_missing():
    parsed = parse({"messages": MESSAGES, "slice": "en", "group": 3})
    assert (parsed.slice, parsed.group) == ("en", "3")
    assert parse({"messages": MESSAGES, "slice": None}).slice == ""
    assert parse({"messages": MESSAGES, "slice": 0.5}).slice == "0.5"


def test_a_group_that_is_no_name_is_refused_only_where_the_suite_asks_for_it():
    notes = Notes()
    record = {"messages": MESSAGES, "group": ["a", "b"]}
    assert parse(record, notes=notes).group == ""
    assert notes.left_aside() == {"'group'": 1}
    assert refusal(record, columns={"group": "group"})[0] == "wrong-type"


def test_columns_decide_the_format_where_they_name_its_keys():
    record = {"messages": MESSAGES, "body": "Hi", "kind": "greeting"}
    assert parse(record).format == "chat"
    assert parse(record, columns={"text": "body", "label": "kind"}).label == "greeting"
    assert said({"conversations": MESSAGES}, columns={"messages": "conversations"}) == [
        ("user", "Hi"),
        ("assistant", "Hello"),
    ]


def test_a_named_column_that_is_missing_is_an_error_unless_its_key_is_optional():
    assert refusal({"text": "x", "label": "y"}, columns={"text": "tweet"}) == (
        "missing-key",
        "key 'tweet' (column for `text`) is missing; the record's keys are 'text', 'label'",
    )
    columns = {"input": "context", "output": "response"}
    assert said({"instruction": "Hi", "response": "Hello"}, columns=columns) == [("user", "Hi"), ("assistant", "Hello")]


@pytest.mark.parametrize(
    ("choices", "answer", "right"),
    [
        (["a", "b", "c"], 2, "c"),
        (["a", "b", "c"], 2.0, "c"),
        (["ice", "steam"], "B", "steam"),
        (["ice", "steam"], "steam", "steam"),
        (["ice", "steam"], "1", "steam"),
        (["3", "2", "1", "0"], "0", "0"),
        ([3, 2.5], "2.5", "2.5"),
        ({"A": "ice", "B": "steam"}, "B", "steam"),
        (ARC, "2", "steam"),
        (ARC, "ice", "ice"),
        ({"text": ["ice", "steam"]}, "A", "ice"),
        ([{"label": "A", "text": "ice"}, {"label": "B", "text": "steam"}], "B", "steam"),
    ],
)
def test_the_right_choice_is_found_by_index_letter_label_or_text(choices, answer, right):
    for key in ("answer", "answerKey"):
        parsed = parse({"question": "Q", "choices": choices, key: answer})
        assert parsed.turns == (Turn("user", "Q"), Turn("assistant", right))
        assert right in parsed.choices
        assert parsed.label is None


@pytest.mark.parametrize(
    ("choices", "answer", "expected"),
    [
        (["a", "b"], 2, ("wrong-answer", "`answer` names none of the 2 choices, which are counted from 0")),
        (["a", "b"], -1, ("wrong-answer", "`answer` names none of the 2 choices")),
        (["a", "b"], "E", ("wrong-answer", "`answer` names none of the 2 choices")),
        (ARC, "A", ("wrong-answer", "`answer` names none of the 2 choices")),
        (["B", "A"], "A", ("wrong-answer", "`answer` means several of the 2 choices")),
        (["same", "same"], "same", ("wrong-answer", "`answer` means several of the 2 choices")),
        (["a", "b"], "", ("empty", "`answer` is empty, so the row has no answer")),
        (["a", "b"], None, ("wrong-type", "`answer` is null, not an index, a letter or a choice's text")),
        (["a", "b"], True, ("wrong-type", "`answer` is a truth value, not an index, a letter or a choice's text")),
        (["a"], 0, ("empty", "`choices` holds 1, and a question needs at least two")),
        ("ab", 0, ("wrong-type", "`choices` is text, not a list")),
        (["a", ["b"]], 0, ("wrong-type", "`choices[1]` is a list, not text, a number or a truth value")),
        (["a", None], 0, ("empty", "`choices` holds 1, and a question needs at least two")),
        ({"text": ["a", "b"], "label": ["1"]}, "1", ("wrong-type", "`choices` has 1 labels for 2 texts")),
        (
            [{"text": "a"}, {"text": "b"}],
            0,
            ("missing-key", "`choices[0]` has no key `label`; its keys are 'text'"),
        ),
    ],
)
def test_an_answer_that_is_not_one_of_the_choices_is_refused(choices, answer, expected):
    assert refusal({"question": "Q", "choices": choices, "answer": answer}) == expected


@pytest.mark.parametrize(
    ("record", "rule", "message"),
    [
        ("text", "unrecognised", "the record is text, not a mapping of keys to values"),
        (
            [],
            "unrecognised",
            "the record is a list, not a mapping of keys to values; a file of lists of records is read as .json (`reader: json`)",
        ),
        (None, "unrecognised", "the record is null, not a mapping of keys to values"),
        ({"messages": []}, "empty", "`messages` holds no turn"),
        ({"messages": None}, "wrong-type", "`messages` is null, not a list"),
        ({"messages": ["Hi"]}, "wrong-type", "`messages[0]` is text, not a mapping of keys to values"),
        (
            {"messages": [{"role": "bot", "content": "x"}]},
            "wrong-role",
            "`messages[0].role` is 'bot'; known roles are system, developer, user, assistant, tool, function",
        ),
        (
            {"messages": [{"role": "User", "content": "x"}]},
            "wrong-role",
            "`messages[0].role` is 'User'; known roles are system, developer, user, assistant, tool, function",
        ),
        (
            {"messages": [{"role": ["user"], "content": "x"}]},
            "wrong-role",
            "`messages[0].role` is a list, not a role",
        ),
        ({"messages": [{"content": "x"}]}, "missing-key", "`messages[0]` has no key `role`; its keys are 'content'"),
        (
            {"messages": [MESSAGES[0], {"role": "user"}]},
            "missing-key",
            "`messages[1]` has no key `content`; its keys are 'role'",
        ),
        (
            {"messages": [{"role": "user", "content": None}]},
            "wrong-type",
            "`messages[0].content` is null, not text",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "video", "video": "a.mp4"}]}]},
            "wrong-type",
            "`messages[0].content[0]` is a part of type 'video', and only text and images are read",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"name": "f", "args": {"x": float("nan")}}]}]},
            "wrong-type",
            "`messages[0].tool_calls[0]` holds what JSON cannot say",
        ),
        ({"conversations": []}, "empty", "`conversations` holds no turn"),
        (
            {"conversations": [{"from": "observer", "value": "x"}]},
            "wrong-role",
            (
                "`conversations[0].from` is 'observer'; known roles are human, user, gpt, assistant, system, tool, "
                "function, function_call, observation"
            ),
        ),
        *(
            (
                {"conversations": [{"from": "function_call", "value": value}]},
                "wrong-type",
                (
                    "`conversations[0].value` is no function call: it needs JSON, an object with `name` and `arguments` "
                    "or a list of these"
                ),
            )
            for value in ("weather(Paris)", '{"name": ', '"weather"', "[]", "[1]", "", "[" * 100_000)
        ),
        (
            {"conversations": [{"from": "human"}]},
            "missing-key",
            "`conversations[0]` has no key `value`; its keys are 'from'",
        ),
        ({"prompt": "x", "completion": None}, "empty", "`completion` is empty, so the row has no answer"),
        ({"prompt": "x", "completion": " \n"}, "empty", "`completion` is empty, so the row has no answer"),
        ({"prompt": "x", "completion": []}, "empty", "`completion` holds no turn"),
        (
            {"prompt": "x", "completion": MESSAGES[:1]},
            "wrong-role",
            "`completion` ends with the role user, not with the assistant's answer",
        ),
        ({"prompt": 1, "completion": "x"}, "wrong-type", "`prompt` is a number, not text"),
        ({"question": "x", "answer": 4}, "wrong-type", "`answer` is a number, not text"),
        ({"instruction": "x", "output": ""}, "empty", "`output` is empty, so the row has no answer"),
        ({"instruction": "x", "input": {}, "output": "y"}, "wrong-type", "`input` is a mapping, not text"),
        ({"text": None, "label": "x"}, "wrong-type", "`text` is null, not text"),
        ({"text": "x", "label": " "}, "empty", "`label` is empty"),
        (
            {"text": "x", "label": 0.5},
            "wrong-type",
            "`label` is a number, not text, a whole number or a truth value",
        ),
        (
            {"text": "x", "topic": None},
            "wrong-type",
            "`topic` is null, not text, a whole number or a truth value",
        ),
        ({"text": "a\ud800", "label": "x"}, "wrong-text", "`text` holds a lone surrogate at character 2"),
    ],
)
def test_what_is_no_row_is_refused_with_its_key(record, rule, message):
    assert refusal(record) == (rule, message)


def test_an_unknown_layout_names_its_keys_and_what_is_known():
    rule, message = refusal({"dialogue_id": 1, "turns": []})
    assert rule == "unrecognised"
    assert "its keys are 'dialogue_id', 'turns'; known are messages, conversations, chosen + rejected" in message
    assert "`columns:`" in message
    assert recognise({"text": "x"}) is None
    assert "its keys are none;" in refusal({})[1]
    assert "'k11' and 28 more;" in refusal({f"k{number}": 0 for number in range(40)})[1]


def test_a_format_that_was_asked_for_says_what_it_misses():
    assert refusal({"text": "x", "label": "y"}, format="chat") == (
        "missing-key",
        "the record has no key `messages`; its keys are 'text', 'label'",
    )
    assert refusal({"prompt": "x"}, format="prompt-completion") == (
        "missing-key",
        "the record has no key `completion`; its keys are 'prompt'",
    )
    assert refusal({"text": "x"}, format="text-label")[1] == "the record has no key `label`; its keys are 'text'"
    assert refusal({"question": "x", "choices": ["a", "b"]}, format="choice")[1].startswith(
        "the record has no key `answer`;"
    )


def test_nothing_that_people_wrote_is_quoted():
    secret = "jane.doe@example.com lives in Main Street 5 and likes to write long keys"
    for record in (
        {secret: 1},
        {"messages": [{"role": secret, "content": "x"}]},
        {"messages": [{"role": "Jane", "content": "x"}]},
        {"conversations": [{"from": "Jane Doe", "value": "x"}]},
        {"question": secret, "choices": [secret, "b"], "answer": "Jane"},
        {"text": {"mail": "Jane"}, "label": "x"},
    ):
        assert "jane" not in refusal(record)[1].lower()


def test_an_endlessly_nested_value_is_refused():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    calls = [{"name": "f", "args": {"x": deep}}]
    assert refusal({"messages": [{"role": "assistant", "tool_calls": calls}]})[0] == "wrong-type"
    assert parse({"messages": [{"role": "user", "content": "x", "meta": deep}]}).turns == (Turn("user", "x"),)
    assert refusal({"text": "x", "label": 10**5000})[0] == "wrong-type"


def test_every_rule_and_column_is_documented():
    import seatrial.rows.formats as module

    assert set(get_args(Format)) == set(re.findall(r"^    ([a-z-]+) {2,}", module.__doc__, re.MULTILINE)) - {"format"}
    for column in COLUMNS:
        assert re.search(rf"\b{column}\b", module.__doc__), column


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.just("A"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(["user", "assistant", "human", "gpt", "tool", "Hi", "", "A", "0", "text"])
turn_lists = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "content", "from", "value", "tool_calls", "text", "label", "x"]), words | json_values
    )
    | json_values,
    max_size=4,
)
records = st.dictionaries(
    st.sampled_from([*COLUMNS, "other"]), words | turn_lists | json_values | st.integers(-2, 3), max_size=8
)


@settings(max_examples=400, deadline=None)
@given(json_values | records, st.none() | st.sampled_from(get_args(Format)))
def test_any_json_value_parses_or_is_a_format_error(record, name):
    refused = None
    try:
        parsed = parse(record, format=name)
    except FormatError as error:
        refused = error
    if refused is not None:
        assert refused.rule in {rule.name for rule in RULES}
        assert str(refused)
        return
    assert parsed.turns
    assert parsed.format in {name or recognise(record), "prompt-completion"}
    name = content_id(parsed.turns, parsed.expected, parsed.tools)
    row = Row(name, parsed.turns, parsed.format, "path:x", "x", 1, parsed.expected, tools=parsed.tools)
    assert rows_of(rows_to_table([row])) == [row]
