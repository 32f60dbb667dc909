"""Conversations with tools, calls and reasoning: what reaches the model, and what is said where it cannot."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial.rows import Choice, Image, Text, ToolCall, ToolResult
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


def calls(*arguments):
    return Turn("assistant", [ToolCall("weather", said, f"c{at}") for at, said in enumerate(arguments)])


def row(*turns, split="", choices=()):
    expected = Choice(choices, 0) if choices else None
    return Row("r1", turns, "chat", "path:x", "rows.jsonl", 7, split=split, expected=expected)


ASKED = Turn("user", "Weather in Lyon?")


@pytest.mark.parametrize("said", [{"city": "Lyon"}, '{"city": "Lyon', {}], ids=str)
def test_a_call_is_a_message_with_its_arguments_as_they_are(said):
    (message,) = conversation_of([calls(said)]).messages
    assert message["tool_calls"] == [
        {"id": "c0", "type": "function", "function": {"name": "weather", "arguments": said}}
    ]


def test_the_model_is_taught_the_call_and_reads_the_tools(chat):
    talk = [ASKED, calls({"city": "Lyon"}), Turn("tool", [ToolResult("12 C", "c0")]), Turn("assistant", "Twelve.")]
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


def test_reasoning_reaches_the_template_under_the_names_that_templates_read(chat):
    talk = [ASKED, Turn("assistant", "Twelve.", reasoning="Looked it up.")]
    assert conversation_of(talk).messages[1]["reasoning_content"] == "Looked it up."
    assert conversation_of(talk).messages[1]["thinking"] == "Looked it up."
    model = chat()
    assert "<think>Looked it up.</think>Twelve.<|end|>" in model.render(talk)
    assert not model.unwritten(talk)
    (reason,) = chat(WITHOUT).unwritten(talk)
    assert reason.startswith("the chat template does not write the assistant's reasoning; give")


@pytest.mark.parametrize("trained", [True, False])
def test_turns_that_are_only_context_are_not_taught(chat, trained):
    elsewhere = Turn("assistant", "Buy it elsewhere.", trained=trained)
    talk = [ASKED, elsewhere, Turn("user", "Well?"), Turn("assistant", "12 C.")]
    assert is_trained(elsewhere) is trained
    model = chat()
    rendered = model.rendered(talk)
    taught = model.tokenizer.decode([i for i, wanted in zip(rendered.ids, rendered.supervised, strict=True) if wanted])
    assert taught == "Buy it elsewhere.<|end|>" * trained + "12 C.<|end|>"
    assert not is_trained(ASKED)


def test_calls_that_the_template_does_not_write_are_a_problem(chat):
    silent = row(ASKED, calls({"city": "Lyon"}))
    with_words = row(
        ASKED, Turn("assistant", [Text("Let me look."), *calls({"city": "Lyon"}).parts]), Turn("tool", "12 C")
    )
    for one in (silent, with_words):
        ((name, reason),) = chat(WITHOUT).problems([one])
        assert name == "r1"
        assert reason.startswith("the chat template does not write tool calls; give the tokenizer one that does")
        assert not list(chat().problems([one]))


def test_tools_that_no_prompt_names_are_a_problem(chat):
    talk = [ASKED, Turn("assistant", "Twelve.")]
    (reason,) = chat(WITHOUT).unwritten(talk, [TOOL])
    assert "does not write the tools that the assistant may call" in reason
    named = [Turn("user", "You may call weather(city). Weather in Lyon?"), talk[1]]
    assert not chat(WITHOUT).unwritten(named, [TOOL])


def test_images_are_a_problem_of_a_model_that_reads_text(chat):
    shown = Turn("user", [Text("What is this?"), Image("0" * 64, "image/png", 2, 2)])
    ((_, reason),) = chat().problems([row(shown, Turn("assistant", "A ship."))])
    assert reason.startswith("the model reads text alone, and the row has images")


def test_without_a_template_nothing_writes_them(tiny_target):
    chat = ChatTokenizer(tiny_target.folder, chat=False, system=None)
    (reason,) = chat.unwritten([ASKED, calls({})])
    assert reason.startswith("without a chat template (`chat: false`) nothing writes tool calls")


def test_a_row_that_the_template_refuses_is_a_problem_with_its_reason(chat):
    refused = row(Turn("system", "Be brief."), ASKED, Turn("assistant", "Twelve."))
    problems = list(chat(WITHOUT).problems([row(ASKED), refused]))
    assert [name for name, _ in problems] == ["r1"]
    assert "refuses a conversation of system, user, assistant: System role not supported" in problems[0][1]


def test_a_template_that_rewrites_turns_is_a_problem_of_rows_that_are_trained_on(chat):
    template = "{% for m in messages %}<|begin|>{{ m.role }}\n{{ m.content if loop.last or m.role == 'user' }}<|end|>\n{% endfor %}"
    talk = (ASKED, Turn("assistant", "a"), Turn("user", "b"), Turn("assistant", "c"))
    ((_, reason),) = chat(template).problems([row(*talk, split="train")])
    assert "writes earlier turns differently" in reason
    assert not list(chat(template).problems([row(*talk, split="test")]))


LONG = Turn("user", "word " * 1_500)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (
            row(LONG, Turn("assistant", "a"), split="test"),
            r"its prompt and its answer have \d,\d{3} tokens, the model's",
        ),
        (row(LONG, split="test"), r"its prompt has \d,\d{3} tokens, the model's context 1,024; the filter `length`"),
        (row(LONG, Turn("assistant", "a")), r"its prompt has \d,\d{3} tokens"),
        (
            row(ASKED, Turn("assistant", "a"), split="test", choices=("a", "b " * 2_000)),
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
    fits = "a" * (model.context - model.count_tokens([[Turn("user", "")]])[0] - 40)
    rows = [
        row(ASKED, Turn("assistant", "word " * 1_500), split="train"),
        row(ASKED, Turn("assistant", "a"), LONG, Turn("assistant", "b")),
        row(Turn("user", fits), Turn("assistant", "a"), split="test"),
        row(),
    ]
    assert not list(model.problems(rows))


def test_a_model_without_a_config_has_no_context_to_pass(tiny_target, tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_target.folder / name).read_bytes())
    bare = ChatTokenizer(tmp_path, chat=False, system=None)
    assert bare.context is None
    assert not list(bare.problems([row(LONG, split="test")]))
