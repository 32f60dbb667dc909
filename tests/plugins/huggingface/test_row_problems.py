"""Conversations with tools, calls and reasoning: what reaches the model, and what is said where it cannot."""

from __future__ import annotations

import json

import pytest

from seatrial import Row, Turn
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.conversation import conversation_of, is_trained

WITH_TOOLS = (
    "{% if tools %}{{ '<|begin|>system\nTools:' }}{% for t in tools %}{{ t | tojson }}{% endfor %}{{ '<|end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|begin|>' + m.role + '\n' }}{% if m.reasoning_content %}{{ '<think>' + m.reasoning_content + "
    "'</think>' }}{% endif %}{{ m.content }}{% for c in m.tool_calls or [] %}{{ '<call>' + c.function.name + ' ' }}"
    "{{ c.function.arguments | tojson }}{% endfor %}{{ '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|begin|>assistant\n' }}{% endif %}"
)
WITHOUT = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{{ '<|begin|>' + m['role'] + '\n' + m['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|begin|>assistant\n' }}{% endif %}"
)
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def chat(tiny_target, monkeypatch):
    """The tiny model's tokenizer with another chat template."""

    def make(template=WITH_TOOLS):
        made = ChatTokenizer(tiny_target.folder, chat=True, system=None)
        made.tokenizer.chat_template = template
        return made

    return make


def turn(role, content="", **extra):
    return Turn(role, content, json.dumps(extra) if extra else "")


def calls(*arguments, **more):
    made = [{"id": f"c{at}", "function": {"name": "weather", "arguments": said}} for at, said in enumerate(arguments)]
    return turn("assistant", tool_calls=made, **more)


def row(*turns, split="", choices=()):
    return Row("r1", turns, "chat", "path:x", "rows.jsonl", 7, split=split, choices=choices)


ASKED = turn("user", "Weather in Lyon?")


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ('{"city": "Lyon"}', {"city": "Lyon"}),
        ({"city": "Lyon"}, {"city": "Lyon"}),
        ('{"city": "Lyon', '{"city": "Lyon'),
        ("[1]", "[1]"),
        (None, {}),
    ],
)
def test_arguments_are_objects_where_they_say_one(said, given):
    (message,) = conversation_of([calls(said)]).messages
    (call,) = message["tool_calls"]
    assert call["function"] == {"name": "weather", "arguments": given}
    assert call["id"] == "c0"


@pytest.mark.parametrize(
    "made",
    [
        {"function_call": {"name": "weather", "arguments": '{"city": "Lyon"}'}},
        {"tool_calls": [{"name": "weather", "args": {"city": "Lyon"}, "id": None}]},
        {"tool_calls": {"name": "weather", "parameters": {"city": "Lyon"}}},
        {"tool_calls": '[{"type": "function", "function": {"name": "weather", "arguments": {"city": "Lyon"}}}]'},
    ],
    ids=["function_call", "langchain", "llama", "as text"],
)
def test_calls_of_every_layout_reach_the_template_as_one(made):
    (message,) = conversation_of([turn("assistant", **made)]).messages
    assert message["tool_calls"] == [
        {"type": "function", "function": {"name": "weather", "arguments": {"city": "Lyon"}}}
    ]
    assert "function_call" not in message


def test_the_model_is_taught_the_call_and_reads_the_tools(chat):
    talk = [ASKED, calls('{"city": "Lyon"}'), turn("tool", "12 C", tool_call_id="c0"), turn("assistant", "Twelve.")]
    model = chat()
    rendered = model.rendered(talk, [TOOL])
    text = model.tokenizer.decode(rendered.ids)
    assert text.startswith('<|begin|>system\nTools:{"type": "function", "function": {"name": "weather"')
    taught = model.tokenizer.decode([i for i, wanted in zip(rendered.ids, rendered.supervised, strict=True) if wanted])
    assert taught == '<call>weather {"city": "Lyon"}<|end|>Twelve.<|end|>'
    (prompt,) = model.prompts([talk[:1]], [[TOOL]])
    assert tuple(prompt) == rendered.ids[: len(prompt)]
    head, rests = model.answered(talk[:1], ["a", "b"], [TOOL])
    assert (*head, *rests[0])[: len(prompt)] == tuple(prompt)
    assert model.count_tokens([talk, talk], [[TOOL], []])[0] == len(rendered.ids)
    assert not model.unwritten(talk, [TOOL])


def test_a_template_that_joins_arguments_to_its_text_gets_them_as_text(chat):
    joins = WITH_TOOLS.replace(
        "{{ c.function.arguments | tojson }}", "{{ '```json\n' + c.function.arguments + '\n```' }}"
    )
    for said in ('{"city": "Zürich"}', {"city": "Zürich"}):
        assert '<call>weather ```json\n{"city": "Zürich"}\n```<|end|>' in chat(joins).render([ASKED, calls(said)])
    assert not chat(joins).unwritten([ASKED, calls({"city": "Lyon"})])


@pytest.mark.parametrize("stated", [[TOOL], [TOOL["function"]], json.dumps([TOOL])], ids=["tools", "bare", "as text"])
def test_tools_that_stand_with_a_turn_are_the_conversations(chat, stated):
    said = conversation_of([turn("system", "Be brief.", tools=stated), ASKED])
    assert list(said.tools) == [TOOL]
    assert "tools" not in said.messages[0]
    assert "Tools:" in chat().render([turn("user", "Hi", tools=stated)])


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_reaches_the_template_under_the_names_that_templates_read(chat, key):
    talk = [ASKED, turn("assistant", "Twelve.", **{key: "Looked it up."})]
    assert conversation_of(talk).messages[1]["reasoning_content"] == "Looked it up."
    assert conversation_of(talk).messages[1]["thinking"] == "Looked it up."
    model = chat()
    assert "<think>Looked it up.</think>Twelve.<|end|>" in model.render(talk)
    assert not model.unwritten(talk)
    (reason,) = chat(WITHOUT).unwritten(talk)
    assert reason.startswith("the chat template does not write the assistant's reasoning; give")


@pytest.mark.parametrize(
    ("extra", "trained"),
    [
        ({"weight": 0}, False),
        ({"weight": 0.0}, False),
        ({"train": False}, False),
        ({"loss": False}, False),
        ({"loss_mask": 0}, False),
        ({"weight": 1}, True),
        ({"train": True, "loss": 1, "loss_mask": 1}, True),
        ({"weight": "heavy", "name": "Ann"}, True),
    ],
    ids=str,
)
def test_turns_that_their_source_calls_context_are_not_taught(chat, extra, trained):
    talk = [ASKED, turn("assistant", "Buy it elsewhere.", **extra), turn("user", "Well?"), turn("assistant", "12 C.")]
    assert is_trained(talk[1]) is trained
    model = chat()
    rendered = model.rendered(talk)
    taught = model.tokenizer.decode([i for i, wanted in zip(rendered.ids, rendered.supervised, strict=True) if wanted])
    assert taught == "Buy it elsewhere.<|end|>" * trained + "12 C.<|end|>"
    assert not is_trained(turn("user", "x"))
    assert not {"weight", "train", "loss", "loss_mask"} & conversation_of(talk).messages[1].keys()


def test_calls_that_the_template_does_not_write_are_a_problem(chat):
    silent = row(ASKED, calls('{"city": "Lyon"}'))
    with_words = row(ASKED, Turn("assistant", "Let me look.", calls({"city": "Lyon"}).extra), turn("tool", "12 C"))
    for one in (silent, with_words):
        ((name, reason),) = chat(WITHOUT).problems([one])
        assert name == "r1"
        assert reason.startswith("the chat template does not write tool calls; give the tokenizer one that does")
        assert not list(chat().problems([one]))


def test_tools_that_no_prompt_names_are_a_problem(chat):
    talk = [ASKED, turn("assistant", "Twelve.")]
    (reason,) = chat(WITHOUT).unwritten(talk, [TOOL])
    assert "does not write the tools that the assistant may call" in reason
    named = [turn("user", "You may call weather(city). Weather in Lyon?"), talk[1]]
    assert not chat(WITHOUT).unwritten(named, [TOOL])


def test_without_a_template_nothing_writes_them(tiny_target):
    chat = ChatTokenizer(tiny_target.folder, chat=False, system=None)
    (reason,) = chat.unwritten([ASKED, calls("{}")])
    assert reason.startswith("without a chat template (`chat: false`) nothing writes tool calls")


def test_a_row_that_the_template_refuses_is_a_problem_with_its_reason(chat):
    refused = row(turn("system", "Be brief."), ASKED, turn("assistant", "Twelve."))
    problems = list(chat(WITHOUT).problems([row(ASKED), refused]))
    assert [name for name, _ in problems] == ["r1"]
    assert "refuses a conversation of system, user, assistant: System role not supported" in problems[0][1]


def test_a_template_that_rewrites_turns_is_a_problem_of_rows_that_are_trained_on(chat):
    template = "{% for m in messages %}<|begin|>{{ m.role }}\n{{ m.content if loop.last or m.role == 'user' }}<|end|>\n{% endfor %}"
    talk = (ASKED, turn("assistant", "a"), turn("user", "b"), turn("assistant", "c"))
    ((_, reason),) = chat(template).problems([row(*talk, split="train")])
    assert "writes earlier turns differently" in reason
    assert not list(chat(template).problems([row(*talk, split="test")]))


LONG = turn("user", "word " * 1_500)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (
            row(LONG, turn("assistant", "a"), split="test"),
            r"its prompt and its answer have \d,\d{3} tokens, the model's",
        ),
        (row(LONG, split="test"), r"its prompt has \d,\d{3} tokens, the model's context 1,024; the filter `length`"),
        (row(LONG, turn("assistant", "a")), r"its prompt has \d,\d{3} tokens"),
        (
            row(ASKED, turn("assistant", "a"), split="test", choices=("a", "b " * 2_000)),
            "its prompt and its answer have",
        ),
    ],
    ids=["test", "unanswered", "not split yet", "a long choice"],
)
def test_a_prompt_beyond_the_context_is_a_problem(chat, one, reason):
    import re

    ((_, said),) = chat().problems([one])
    assert re.search(reason, said)


def test_what_is_only_cut_or_nearly_too_long_is_none(chat):
    model = chat()
    fits = "a" * (model.context - model.count_tokens([[turn("user", "")]])[0] - 40)
    rows = [
        row(ASKED, turn("assistant", "word " * 1_500), split="train"),
        row(ASKED, turn("assistant", "a"), LONG, turn("assistant", "b")),
        row(turn("user", fits), turn("assistant", "a"), split="test"),
        row(),
    ]
    assert not list(model.problems(rows))


def test_a_model_without_a_config_has_no_context_to_pass(tiny_target, tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_target.folder / name).read_bytes())
    bare = ChatTokenizer(tmp_path, chat=False, system=None)
    assert bare.context is None
    assert not list(bare.problems([row(LONG, split="test")]))
