"""Words that a chat template leaves out, in each way that it may; and what published templates do with them, which is none."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial.errors import SourceError, StageError, TrainingError
from seatrial.rows import Choice, Text, ToolCall, ToolResult
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.examples import render_examples

PLAIN = (
    "{% for m in messages %}{{ '<|begin|>' + m.role + '\n' }}BODY{{ '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|begin|>assistant\n' }}{% endif %}"
)
CONTENT = "m.content"
USERS = "({0} if m.role == 'user' else m.content)"

ASKED = "Which of the ferries that leave Lyon on Sundays goes to Vienne, and when does it come back from there?"
TALK = (Turn("user", ASKED), Turn("assistant", "The blue one, in the evening, at six or at seven."))


def written(body):
    return PLAIN.replace("BODY", "{{ " + body + " }}")


@pytest.fixture
def chat(tiny_target):
    """The tiny model's tokenizer with another chat template, which its own checks have not seen."""

    def make(template, system=None):
        made = ChatTokenizer(tiny_target.folder, chat=True, system=system)
        made.tokenizer.chat_template = template
        return made

    return make


def row(*turns, split="", choices=()):
    expected = Choice(choices, 0) if choices else None
    return Row("r1", turns, "chat", "path:x", "rows.jsonl", 7, split=split, expected=expected)


LOSSES = {
    "replaced": USERS.format("'hi'"),
    "upper case": USERS.format("m.content.upper()"),
    "title": USERS.format("m.content | title"),
    "cut": USERS.format("m.content[:40]"),
    "cut in front": USERS.format("m.content[40:]"),
    "truncated": USERS.format("m.content | truncate(40)"),
    "escaped": USERS.format("m.content.replace('F', '&f') | replace('f', 'ff')"),
    "words taken out": USERS.format("m.content | replace('Sundays', '')"),
    "turned round": USERS.format("m.content | reverse"),
    "only its length": USERS.format("m.content | length | string"),
}


@pytest.mark.parametrize("body", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("split", ["", "train", "test"])
def test_the_users_words_that_are_not_written_are_a_problem(chat, body, split):
    model = chat(written(body))
    ((name, reason),) = model.problems([row(*TALK, split=split)])
    assert name == "r1"
    assert reason.startswith("the chat template does not write what the user says (turn 1")
    assert "chat_template.jinja" in reason
    assert ASKED[:10] not in reason  # what people wrote is not quoted
    with pytest.raises(StageError, match="does not write what the user says"):
        model.prompts([TALK[:1]])
    with pytest.raises(
        TrainingError, match=r"rows\.jsonl:7 \(row r1\): the chat template does not write what the user"
    ):
        render_examples([row(*TALK, split="train")], model, 500)


def test_how_much_of_a_turn_stands_is_told(chat):
    ((_, reason),) = chat(written("m.content[:40]")).problems([row(*TALK[:1])])
    assert f"(turn 1, but for its first 40 of {len(ASKED)} characters)" in reason


def test_a_later_turn_is_not_taken_for_an_earlier_one(chat):
    again = (*TALK, Turn("user", "Sure?"), Turn("assistant", "Yes, I am."), Turn("user", "Sure?"))
    assert not list(chat(written(CONTENT)).problems([row(*again)]))
    once = PLAIN.replace("BODY", "{{ m.content if not (loop.last and m.role == 'user') }}")
    ((_, reason),) = chat(once).problems([row(*again)])
    assert "what the user says (turn 5)" in reason
    last = PLAIN.replace("{% for m in messages %}", "{% for m in messages[-2:] %}").replace("BODY", "{{ m.content }}")
    ((_, reason),) = chat(last).problems([row(*again)])
    assert "what the user says (turn 1)" in reason


def test_the_assistants_words_are_a_problem_where_they_are_read_or_taught(chat):
    model = chat(written("(m.content[:12] if m.role == 'assistant' else m.content)"))
    choices = (TALK[1].content, "The red one, in the evening.")
    for one in (
        row(*TALK, split="train"),
        row(*TALK, Turn("user", "Sure?"), split="test"),
        row(*TALK, split="test", choices=choices),
        row(TALK[0], split="test", choices=choices),
    ):
        ((_, reason),) = model.problems([one])
        assert "what the assistant says (turn 2" in reason
    assert not list(model.problems([row(*TALK, split="test")]))  # it is only asked
    with pytest.raises(StageError, match="what the assistant says"):
        model.answered(TALK[:1], choices)
    with pytest.raises(TrainingError, match="what the assistant says"):
        render_examples([row(*TALK, split="train")], model, 500)


def test_a_system_turn_that_no_answer_stands_behind_is_a_problem_where_likelihoods_are_asked(chat):
    last = "{% if m.role != 'system' or messages[-1].role == 'user' %}{{ m.content }}{% endif %}"
    model = chat(PLAIN.replace("BODY", last))
    talk = (Turn("system", "Answer as briefly as you can."), *TALK)
    assert not list(model.problems([row(*talk, split="test")]))
    ((_, reason),) = model.problems([row(*talk, split="test", choices=(TALK[1].content, "b"))])
    assert "the system turn (turn 1)" in reason
    with pytest.raises(StageError, match="the system turn"):
        model.answered(talk[:2], ["a", "b"])


def test_words_beside_a_call_are_a_problem_where_they_are_taught(chat):
    template = PLAIN.replace(
        "BODY", "{% for c in m.tool_calls or [] %}{{ c.function | tojson }}{% else %}{{ m.content }}{% endfor %}"
    )
    call = Turn("assistant", [Text("Let me look that up."), ToolCall("look", {"for": "ferries"}, "c0")])
    talk = (TALK[0], call, Turn("tool", [ToolResult("blue", "c0")]), TALK[1])
    assert not list(chat(template).problems([row(*talk, split="test")]))
    ((_, reason),) = chat(template).problems([row(*talk, split="train")])
    assert "what the assistant says (turn 2)" in reason


@pytest.mark.parametrize(
    ("role", "said"), [("system", "the system turn (turn 1"), ("tool", "a tool's result (turn 3")], ids=str
)
def test_other_turns_that_are_left_out_are_a_problem(chat, role, said):
    talk = [
        Turn("system", "Answer as briefly as you can."),
        TALK[0],
        Turn("tool", [ToolResult("blue, at six o'clock", "c0")]),
        TALK[1],
    ]
    model = chat(PLAIN.replace("BODY", "{{ m.content if m.role != '" + role + "' }}"))
    ((_, reason),) = model.problems([row(*talk)])
    assert said in reason


@pytest.mark.parametrize("system", [None, "Answer in French."])
@pytest.mark.parametrize("body", ["'hi'", "m.content.upper()", "m.content if m.role == 'assistant'"])
def test_a_template_that_writes_no_question_is_refused_with_the_model(tiny_target, tmp_path, body, system):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_target.folder / name).read_bytes())
    (tmp_path / "chat_template.jinja").write_text(
        PLAIN.replace("BODY", "{{ (m.content if m.role == 'assistant' else " + body + ") }}")
    )
    with pytest.raises(SourceError, match="its chat template cannot write a question and its answer"):
        ChatTokenizer(tmp_path, chat=True, system=system)


def test_a_template_that_leaves_the_suites_system_turn_out_is_refused_with_the_model(tiny_target, tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_target.folder / name).read_bytes())
    (tmp_path / "chat_template.jinja").write_text(PLAIN.replace("BODY", "{{ m.content if m.role != 'system' }}"))
    ChatTokenizer(tmp_path, chat=True, system=None)
    with pytest.raises(SourceError, match=r"does not write the system turn \(turn 1\)"):
        ChatTokenizer(tmp_path, chat=True, system="Answer in French.")


# ---- what published templates do -------------------------------------------------------------------------------------

SYSTEM = Turn("system", "Answer as briefly as you can.\n")
SPACED = Turn("user", "  Two ferries:\r\n\r\n  the blue one\n\n\n  and the red one?\n\n")
LONG_TALK = (SYSTEM, SPACED, TALK[1], TALK[0], Turn("assistant", "At six."))

IN_FIRST = (
    "{% set s = messages[0].content if messages[0].role == 'system' else '' %}{% for m in messages if m.role != 'system' %}"
    "{% if m.role == 'user' %}{{ '[INST] ' }}{% if s and loop.first %}{{ '<<SYS>>\n' + s + '\n<</SYS>>\n\n' }}{% endif %}"
    "{{ m.content.strip() + ' [/INST]' }}{% else %}{{ ' ' + m.content.strip() + ' <|end|>' }}{% endif %}{% endfor %}"
)
IN_LAST = IN_FIRST.replace("loop.first", "loop.index0 >= messages | length - 3")
THOUGHTS = "(m.content.split('</think>')[-1].lstrip('\n') if m.role == 'assistant' and not loop.last else m.content)"
SHAPES = {
    "trimmed": written("m.content | trim"),
    "blank lines joined": written("m.content.strip().replace('\r\n', '\n').replace('\n\n', '\n')"),
    "system in the first user's": IN_FIRST,
    "system in the last user's": IN_LAST,
    "as JSON": written("m.content | tojson"),
    "a preface": "{{ 'Today is Monday.\n' }}" + written("m.content"),
    "earlier reasoning left out": written(THOUGHTS),
}


@pytest.mark.parametrize("template", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("split", ["", "train", "test"])
def test_what_published_templates_do_is_no_problem(chat, template, split):
    model = chat(template)
    found = [said for _, said in model.problems([row(*LONG_TALK, split=split)])]
    assert [said for said in found if "does not write" in said] == []
    model.prompts([LONG_TALK[:-1]])


THINKING = Turn("assistant", "<think>\nThe blue one sails on Sundays.\n</think>\n\nThe blue one.")


def test_reasoning_that_is_left_out_of_earlier_turns_is_no_problem_and_of_the_one_that_is_taught_it_is(chat):
    earlier = chat(written(THOUGHTS))
    talk = (TALK[0], THINKING, Turn("user", "Thank you."), Turn("assistant", "You are welcome."))
    assert not list(earlier.problems([row(*talk, split="test")]))
    never = chat(written("(m.content.split('</think>')[-1].lstrip('\n') if m.role == 'assistant' else m.content)"))
    assert not list(never.problems([row(*talk[:2], split="test")]))
    ((_, reason),) = never.problems([row(*talk[:2], split="train")])
    assert "what the assistant says (turn 2" in reason
    spaced = chat(written("m.content.replace('<think>', '<think>\n\n').replace('\n</think>', '</think>')"))
    assert not list(spaced.problems([row(*talk[:2], split="train")]))


def test_switches_that_a_template_takes_out_are_no_words(chat):
    switches = chat(written("m.content.replace('/no_think', '').replace('/think', '') | trim"))
    talk = (Turn("system", "Be brief. /no_think"), Turn("user", "/think Which ferry /no_think is it?"))
    assert not list(switches.problems([row(*talk)]))
    path = chat(written("m.content.replace('/think', '')"))
    assert list(path.problems([row(Turn("user", "Where is lib/think/tank of the project?"))]))


@pytest.mark.parametrize("body", ["m.content | tojson", "m.content | tojson(ensure_ascii=true)", "m | tojson"])
def test_results_of_tools_as_json(chat, body):
    result = Turn("tool", [ToolResult('{"ferry": "bleu foncé",\n "at": 6}', "c0")])
    template = written("(" + body + " if m.role == 'tool' else m.content)")
    assert not list(chat(template).problems([row(TALK[0], result, TALK[1])]))


def test_control_tokens_in_a_turn_are_words(chat):
    talk = (Turn("user", "What does <|end|> end?\n"), Turn("assistant", "A turn: <|end|>"))
    assert not list(chat(written("m.content | trim")).problems([row(*talk, split="train")]))
    ((_, reason),) = chat(written("m.content | replace('end?', 'end')")).problems([row(*talk)])
    assert "what the user says (turn 1" in reason


def test_a_turn_without_words_is_none(chat):
    assert not list(chat(written("m.content")).problems([row(Turn("user", " \n"), Turn("assistant", "Yes?"))]))


def test_without_a_template_all_words_are_written(tiny_target):
    model = ChatTokenizer(tiny_target.folder, chat=False, system=None)
    assert not list(model.problems([row(*LONG_TALK, split="train")]))
