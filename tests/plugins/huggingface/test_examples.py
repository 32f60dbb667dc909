from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial import Row, Turn
from seatrial.errors import TrainingError
from seatrial.rows import ToolCall
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.runtime import masked_example, render_examples


@pytest.fixture(scope="module")
def chat(tiny_target):
    return ChatTokenizer(tiny_target.folder, chat=True, system=None)


def row(*turns: tuple[str, str], name: str = "r") -> Row:
    return Row(name, tuple(Turn(role, text) for role, text in turns), "chat", "path:x", "x", 1)


TALK = row(
    ("user", "Where is it?"), ("assistant", "At the station."), ("user", "Thank you 😀"), ("assistant", "Goodbye!")
)


def test_all_turns_of_the_assistant_are_supervised_and_nothing_else(chat):
    (example,) = render_examples([TALK], chat, 500).examples
    shown = masked_example(example, chat)
    assert [part["text"] for part in shown if part["supervised"]] == ["At the station.<|end|>", "Goodbye!<|end|>"]
    whole = chat.render(TALK.turns)
    assert "".join(str(part["text"]) for part in shown) == whole.rstrip("\n")


def test_turns_that_are_only_context_are_not_supervised(chat):
    first, told, second, answer = TALK.turns
    context = replace(TALK, turns=(first, replace(told, trained=False), second, answer))
    (example,) = render_examples([context], chat, 500).examples
    shown = masked_example(example, chat)
    assert [part["text"] for part in shown if part["supervised"]] == ["Goodbye!<|end|>"]
    assert "At the station.<|end|>" in "".join(str(part["text"]) for part in shown)
    nothing = replace(TALK, turns=(first, replace(told, trained=False)), id="nothing")
    assert render_examples([context, nothing], chat, 500).unsupervised_rows == ("nothing",)


def test_nothing_is_fed_behind_the_last_supervised_token(chat):
    trailing = row(("user", "a"), ("assistant", "b"), ("user", "never read"))
    (example,) = render_examples([trailing], chat, 500).examples
    assert example.targets[-1] == len(example.ids) - 1
    assert len(example.fed) == len(example.ids) - 1
    assert "never read" not in chat.tokenizer.decode(list(example.ids))


def test_truncation_is_counted_to_the_token(chat):
    rendered = chat.rendered(TALK.turns)
    whole, cut = len(rendered.ids), 12
    found = render_examples([TALK, row(("user", "a"), ("assistant", "b"))], chat, whole - cut)
    assert found.truncated_rows == 1
    assert found.lost_tokens == cut
    assert found.lost_supervised_tokens == sum(rendered.supervised[whole - cut :]) > 0
    assert found.tokens == whole - cut + len(chat.rendered(row(("user", "a"), ("assistant", "b")).turns).ids)
    assert found.supervised_tokens == sum(len(example.targets) for example in found.examples)


def test_rows_without_a_supervised_token_are_named(chat):
    silent = row(("user", "Anybody there?"), name="silent")
    long = row(("user", "word " * 400), ("assistant", "yes"), name="long")
    empty = row(name="empty")
    found = render_examples([silent, TALK, long], chat, 300)
    assert found.unsupervised_rows == ("silent", "long")
    assert [example.row for example in found.examples] == ["r"]
    with pytest.raises(
        TrainingError,
        match=r"no token of the 2 train rows is supervised.*beyond the 300 tokens that a row may have.*1 rows.*silent",
    ):
        render_examples([silent, long], chat, 300)
    assert render_examples([empty, TALK], chat, 300).unsupervised_rows == ("empty",)


def test_an_empty_answer_still_teaches_the_end_of_the_turn(chat):
    (example,) = render_examples([row(("user", "a"), ("assistant", ""))], chat, 500).examples
    assert [example.ids[place] for place in example.targets] == list(chat.end_ids)


def test_no_rows_are_no_examples(chat):
    assert render_examples([], chat, 10).examples == ()


def test_rows_that_the_template_cannot_write_are_named_with_their_place(chat, monkeypatch):
    template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}{% for m in messages %}"
        "<|begin|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|begin|>assistant\n{% endif %}"
    )
    monkeypatch.setattr(chat.tokenizer, "chat_template", template)
    silent = Row("silent", (Turn("user", "a"), Turn("assistant", [ToolCall("f")])), "chat", "path:x", "talks.jsonl", 14)
    refused = [
        Row(f"s{n}", (Turn("system", "s"), *TALK.turns), "chat", "path:x", "talks.jsonl", 20 + n) for n in range(6)
    ]
    with pytest.raises(TrainingError) as caught:
        render_examples([TALK, silent, *refused], chat, 500)
    first, second, third, *_, last = str(caught.value).splitlines()
    assert first == "7 of 8 rows cannot be trained on as they are:"
    assert second.startswith("talks.jsonl:14 (row silent): the chat template does not write tool calls")
    assert third.startswith("talks.jsonl:20 (row s0): the model's chat template refuses a conversation of system, user")
    assert "no system turns" in third
    assert last == "… and 2 more"


def test_turns_that_are_only_context_are_not_targets(chat):
    context = Turn("assistant", "Buy it elsewhere.", trained=False)
    talk = Row("r", (TALK.turns[0], context, *TALK.turns[2:]), "chat", "path:x", "x", 1)
    (example,) = render_examples([talk], chat, 500).examples
    assert [part["text"] for part in masked_example(example, chat) if part["supervised"]] == ["Goodbye!<|end|>"]
    only = Row("only", (TALK.turns[0], context), "chat", "path:x", "x", 2)
    assert render_examples([talk, only], chat, 500).unsupervised_rows == ("only",)
