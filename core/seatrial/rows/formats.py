"""Formats: the layouts that a record is recognised in, and how each becomes a conversation.

    format              keys of the record                                  turns
    chat                messages: [{role, content, …}, …]                   as they are
                          role: system, user, assistant or tool; OpenAI's
                          developer becomes system, its function tool
                          content: text, or a list of text parts; may be
                          missing or null beside tool_calls or function_call;
                          what else a message holds (tool_calls, name,
                          tool_call_id) is kept in `Turn.extra`
    sharegpt            conversations: [{from, value, …}, …], system?       roles renamed
                          from: human, gpt, system, tool, function,
                          function_call, observation
                          (user and assistant are taken too);
                          the value of function_call is JSON, {name,
                          arguments} or a list of these, and becomes the
                          tool_calls of an assistant's turn
    choice              question, choices, answer or answerKey              user: the question
                          choices: a list of texts, of {label, text};       assistant: the right choice
                          {text: […], label: […]} (ARC, CommonsenseQA);
                          or {A: …, B: …}
                          answer: a 0-based index, a letter, a label of
                          the choices, or the text of one
    alpaca              instruction, output, input?, system?                user: instruction, blank line, input
                                                                            assistant: output
    prompt-completion   prompt and completion, prompt and response, or      user, assistant
                        question and answer; system?
                          either may also be a list of messages
    text-label          text, and the first of label, category, class,      user: the text
                        intent, topic                                       assistant: the label's name

Where several fit, the first of this table is meant. `?` marks what may be missing, null or empty. Any format may have
`slice` and `group` (text, number or truth value); every other key of the record is left aside. `columns` gives a key
another name in the record; a format whose keys it names is preferred. Truth values become the labels `true`, `false`.

What no repair could turn into a row is a `FormatError` here: unknown layouts, missing keys, wrong types, unknown
roles, no turns, no answer where the format is made of one. What can be read but is odd (an empty turn, two user turns
in a row) parses; the `schema` filter speaks about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from seatrial.rows import Format, Turn
from seatrial.rows.choices import choices_of, right_choice
from seatrial.rows.format_error import FormatError
from seatrial.rows.record_values import (
    name_of,
    need,
    optional_name,
    optional_text,
    quoted_key,
    quoted_keys,
    text_of,
    type_in_words,
)
from seatrial.rows.turns import messages_of, shared_turns

__all__ = ["COLUMNS", "Parsed", "parse", "recognise"]

COLUMNS = (
    *("messages", "conversations", "system"),
    *("question", "choices", "answer", "answerKey"),
    *("instruction", "input", "output"),
    *("prompt", "completion", "response"),
    *("text", "label", "category", "class", "intent", "topic"),
    *("slice", "group"),
)
"""The keys that `columns` may give another name."""

_PAIRS = (("prompt", "completion"), ("prompt", "response"), ("question", "answer"))
_LABELS = ("label", "category", "class", "intent", "topic")
_ANSWERS = ("answer", "answerKey")
_OPTIONAL = ("system", "input")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record as a conversation: what a `Row` says, without its identity and origin."""

    turns: tuple[Turn, ...]
    format: Format
    label: str | None = None
    choices: tuple[str, ...] = ()
    slice: str = ""
    group: str = ""


def recognise(record: object) -> Format | None:
    """The format that the record's keys belong to, or None. Values are not looked at."""
    if not isinstance(record, Mapping):
        return None
    return _recognise_keys(record)


def _recognise_keys(keys: Iterable[object]) -> Format | None:
    keys = set(keys)
    if "messages" in keys:
        return "chat"
    if "conversations" in keys:
        return "sharegpt"
    if {"question", "choices"} <= keys:
        return "choice"
    if {"instruction", "output"} <= keys:
        return "alpaca"
    if any({*pair} <= keys for pair in _PAIRS):
        return "prompt-completion"
    if "text" in keys and not keys.isdisjoint(_LABELS):
        return "text-label"
    return None


def parse(
    record: object,
    *,
    format: Format | None = None,  # noqa: A002 - the suite's word, and the field's
    columns: Mapping[str, str] = {},
    labels: Mapping[str, str] = {},
) -> Parsed:
    """The record as a conversation.

    Args:
        record: a decoded record, of any type.
        format: the format that it must be in; None recognises it.
        columns: key of a format (one of `COLUMNS`) → its name in the record, such as `{"text": "tweet"}`.
        labels: label as the record has it → label as it shall be, such as `{"0": "hate"}`; others stay.

    Raises:
        FormatError: the record is no row; never anything else.
    """
    if not isinstance(record, Mapping):
        raise FormatError(
            f"the record is {type_in_words(record)}, not a mapping of keys to values", rule="unrecognised"
        )
    given = _renamed(record, columns)
    known = format or _recognise_keys(columns) or _recognise_keys(given)
    if known is None:
        raise FormatError(
            f"the record is in no known layout: its keys are {quoted_keys(record)}; known are messages, conversations, question "
            "+ choices, instruction + output, prompt + completion, question + answer, text + label (name its keys under "
            "`columns:`)",
            rule="unrecognised",
        )
    if known not in _PARSERS:
        raise FormatError(
            f"{known!r} is no format; there are: {', '.join(get_args(Format))}",
            rule="unrecognised",
        )
    parsed = _PARSERS[known](given, labels)
    return Parsed(
        turns=parsed.turns,
        format=known,
        label=parsed.label,
        choices=parsed.choices,
        slice=optional_name(given, "slice"),
        group=optional_name(given, "group"),
    )


def _renamed(record: Mapping[Any, Any], columns: Mapping[str, str]) -> Mapping[Any, Any]:
    if not columns:
        return record
    given = dict(record)
    for key, name in columns.items():
        if name in record:
            given[key] = record[name]
        elif key not in _OPTIONAL:
            raise FormatError(
                f"key {quoted_key(name)} (column for `{key}`) is missing; the record's keys are {quoted_keys(record)}",
                rule="missing-key",
            )
    return given


# ---- the formats -----------------------------------------------------------------------------------------------------


def _chat(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    return Parsed(messages_of(need(record, "messages"), "messages"), "chat")


def _sharegpt(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    turns = shared_turns(need(record, "conversations"), "conversations")
    return Parsed((*_system(record), *turns), "sharegpt")


def _alpaca(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    instruction = text_of(need(record, "instruction"), "instruction")
    context = optional_text(record, "input")
    asked = f"{instruction}\n\n{context}" if context else instruction
    return Parsed((*_system(record), Turn("user", asked), _answer(record, "output")), "alpaca")


def _prompt_completion(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    asking, answering = next(
        (pair for pair in _PAIRS if pair[0] in record and pair[1] in record),
        next((pair for pair in _PAIRS if pair[0] in record), _PAIRS[0]),
    )
    asked = need(record, asking)
    prompt = messages_of(asked, asking) if isinstance(asked, list) else (Turn("user", text_of(asked, asking)),)
    if not isinstance(record.get(answering), list):
        return Parsed((*_system(record), *prompt, _answer(record, answering)), "prompt-completion")
    completion = messages_of(record[answering], answering)
    if completion[-1].role != "assistant":
        raise FormatError(
            f"`{answering}` ends with the role {completion[-1].role}, not with the assistant's answer",
            rule="wrong-role",
        )
    return Parsed((*_system(record), *prompt, *completion), "prompt-completion")


def _text_label(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    text = text_of(need(record, "text"), "text")
    key = next((key for key in _LABELS if key in record), "label")
    label = name_of(need(record, key), key)
    label = labels.get(label, label)
    if not label.strip():
        raise FormatError(f"`{key}` is empty", rule="empty")
    return Parsed((Turn("user", text), Turn("assistant", label)), "text-label", label=label)


def _choice(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    question = text_of(need(record, "question"), "question")
    names, choices = choices_of(need(record, "choices"))
    if len(choices) < 2:
        raise FormatError(f"`choices` holds {len(choices)}, and a question needs at least two", rule="empty")
    key = next((key for key in _ANSWERS if key in record), "answer")
    right = choices[right_choice(need(record, key), key, names, choices)]
    return Parsed((Turn("user", question), Turn("assistant", right)), "choice", choices=choices)


_PARSERS: Mapping[str, Callable[[Mapping[Any, Any], Mapping[str, str]], Parsed]] = {
    "chat": _chat,
    "sharegpt": _sharegpt,
    "alpaca": _alpaca,
    "prompt-completion": _prompt_completion,
    "text-label": _text_label,
    "choice": _choice,
}


# ---- what several of them hold --------------------------------------------------------------------------------------


def _system(record: Mapping[Any, Any]) -> tuple[Turn, ...]:
    text = optional_text(record, "system")
    return (Turn("system", text),) if text else ()


def _answer(record: Mapping[Any, Any], key: str) -> Turn:
    value = need(record, key)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise FormatError(f"`{key}` is empty, so the row has no answer", rule="empty")
    return Turn("assistant", text_of(value, key))
