"""Formats: the layouts that a record is recognised in, and how each becomes a conversation.

    format              keys of the record                                  turns
    chat                messages: [{role, content, …}, …]                   as they are
                          role: system, user, assistant or tool
                          content: text, or a list of text parts;
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

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from seatrial.rows import Format, Turn

__all__ = ["COLUMNS", "RULES", "FormatError", "Parsed", "parse", "recognise"]

COLUMNS = (
    *("messages", "conversations", "system"),
    *("question", "choices", "answer", "answerKey"),
    *("instruction", "input", "output"),
    *("prompt", "completion", "response"),
    *("text", "label", "category", "class", "intent", "topic"),
    *("slice", "group"),
)
"""The keys that `columns` may give another name."""

RULES: Mapping[str, str] = {
    "undecodable": "The reader could not decode the record.",
    "unrecognised": "The record is in no known layout.",
    "missing-key": "A key that the format needs is missing.",
    "wrong-type": "A key holds another type than the format needs.",
    "wrong-role": "A turn's role is none that a model knows.",
    "empty": "There is nothing to learn from: no turns, no answer, no label.",
    "wrong-answer": "The answer names none of the choices, or several.",
    "wrong-text": "A text holds half a character (a lone surrogate), which no file can store.",
}
"""What `FormatError.rule` may be, each in a sentence for reviewers."""

_ROLES = ("system", "user", "assistant", "tool")
_SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "function_call": "assistant",
    "observation": "tool",
}
_PAIRS = (("prompt", "completion"), ("prompt", "response"), ("question", "answer"))
_LABELS = ("label", "category", "class", "intent", "topic")
_ANSWERS = ("answer", "answerKey")
_OPTIONAL = ("system", "input")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ROLE_NAME = re.compile(r"[a-z_]{1,20}")
_KEY_NAME = re.compile(r"[^\W\d][\w .:/()#-]{0,39}")


class FormatError(ValueError):
    """Why a record is no row: one sentence, with the key that is wrong. It quotes names, never what people wrote."""

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule
        """One of `RULES`."""


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
        raise FormatError(f"the record is {_type(record)}, not a mapping of keys to values", rule="unrecognised")
    given = _renamed(record, columns)
    known = format or _recognise_keys(columns) or _recognise_keys(given)
    if known is None:
        raise FormatError(
            f"the record is in no known layout: its keys are {_names(record)}; known are messages, conversations, question "
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
        slice=_optional_name(given, "slice"),
        group=_optional_name(given, "group"),
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
                f"key {_name(name)} (column for `{key}`) is missing; the record's keys are {_names(record)}",
                rule="missing-key",
            )
    return given


# ---- the formats -----------------------------------------------------------------------------------------------------


def _chat(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    return Parsed(_messages(_need(record, "messages"), "messages"), "chat")


def _sharegpt(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    said = _list(_need(record, "conversations"), "conversations")
    if not said:
        raise FormatError("`conversations` holds no turn", rule="empty")
    turns = []
    for number, given in enumerate(said):
        where = f"conversations[{number}]"
        turn = {**_mapping(given, where)}
        speaker = _need(turn, "from", where)
        role = _SPEAKERS.get(speaker) if isinstance(speaker, str) else None
        if role is None:
            raise _wrong_role(f"{where}.from", speaker, _SPEAKERS)
        value = _text(_need(turn, "value", where), f"{where}.value")
        if speaker == "function_call":
            turn["tool_calls"], value = _calls(value, f"{where}.value"), ""
        turns.append(Turn(role, value, _extra(turn, ("from", "value"), where)))
    return Parsed((*_system(record), *turns), "sharegpt")


def _calls(value: str, where: str) -> list[Mapping[str, Any]]:
    """The calls of a function_call's value, as chat messages have them."""
    try:
        said = json.loads(value)
    except (ValueError, RecursionError):
        said = None
    calls = said if isinstance(said, list) else [said]
    if not calls or not all(isinstance(call, dict) for call in calls):
        raise FormatError(
            f"`{where}` is no function call: it needs JSON, an object with `name` and `arguments` or a list of these",
            rule="wrong-type",
        )
    return [{"type": "function", "function": call} for call in calls]


def _alpaca(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    instruction = _text(_need(record, "instruction"), "instruction")
    context = _optional_text(record, "input")
    asked = f"{instruction}\n\n{context}" if context else instruction
    return Parsed((*_system(record), Turn("user", asked), _answer(record, "output")), "alpaca")


def _prompt_completion(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    asking, answering = next(
        (pair for pair in _PAIRS if pair[0] in record and pair[1] in record),
        next((pair for pair in _PAIRS if pair[0] in record), _PAIRS[0]),
    )
    asked = _need(record, asking)
    prompt = _messages(asked, asking) if isinstance(asked, list) else (Turn("user", _text(asked, asking)),)
    if not isinstance(record.get(answering), list):
        return Parsed((*_system(record), *prompt, _answer(record, answering)), "prompt-completion")
    completion = _messages(record[answering], answering)
    if completion[-1].role != "assistant":
        raise FormatError(
            f"`{answering}` ends with the role {completion[-1].role}, not with the assistant's answer",
            rule="wrong-role",
        )
    return Parsed((*_system(record), *prompt, *completion), "prompt-completion")


def _text_label(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    text = _text(_need(record, "text"), "text")
    key = next((key for key in _LABELS if key in record), "label")
    label = _scalar(_need(record, key), key)
    label = labels.get(label, label)
    if not label.strip():
        raise FormatError(f"`{key}` is empty", rule="empty")
    return Parsed((Turn("user", text), Turn("assistant", label)), "text-label", label=label)


def _choice(record: Mapping[Any, Any], labels: Mapping[str, str]) -> Parsed:
    del labels
    question = _text(_need(record, "question"), "question")
    names, choices = _choices(_need(record, "choices"))
    if len(choices) < 2:
        raise FormatError(f"`choices` holds {len(choices)}, and a question needs at least two", rule="empty")
    key = next((key for key in _ANSWERS if key in record), "answer")
    right = choices[_right(_need(record, key), key, names, choices)]
    return Parsed((Turn("user", question), Turn("assistant", right)), "choice", choices=choices)


_PARSERS: Mapping[str, Callable[[Mapping[Any, Any], Mapping[str, str]], Parsed]] = {
    "chat": _chat,
    "sharegpt": _sharegpt,
    "alpaca": _alpaca,
    "prompt-completion": _prompt_completion,
    "text-label": _text_label,
    "choice": _choice,
}


# ---- turns -----------------------------------------------------------------------------------------------------------


def _messages(value: object, key: str) -> tuple[Turn, ...]:
    messages = _list(value, key)
    if not messages:
        raise FormatError(f"`{key}` holds no turn", rule="empty")
    return tuple(_message(message, f"{key}[{number}]") for number, message in enumerate(messages))


def _message(value: object, where: str) -> Turn:
    message = _mapping(value, where)
    role = _need(message, "role", where)
    if role not in _ROLES:
        raise _wrong_role(f"{where}.role", role, _ROLES)
    extra = _extra(message, ("role", "content"), where)
    # A turn that only calls tools has no content in some sources, null in others.
    content = message.get("content") if message.get("tool_calls") else _need(message, "content", where)
    if content is None and message.get("tool_calls"):
        content = ""
    return Turn(role, _content(content, f"{where}.content"), extra)


def _content(value: object, where: str) -> str:
    """Text, or the texts of a list of parts one after the other."""
    if not isinstance(value, list):
        return _text(value, where)
    texts = []
    for number, part in enumerate(value):
        at = f"{where}[{number}]"
        if isinstance(part, str):
            texts.append(_text(part, at))
            continue
        kind = _mapping(part, at).get("type", "text")
        if kind != "text":
            raise FormatError(f"`{at}` is a part of type {_name(kind)}, and only text is read", rule="wrong-type")
        texts.append(_text(_need(part, "text", at), f"{at}.text"))
    return "".join(texts)


def _extra(turn: Mapping[Any, Any], without: Sequence[str], where: str) -> str:
    """What else a turn holds, as JSON; keys that are null or empty lists say nothing and are left out."""
    rest = {key: value for key, value in turn.items() if key not in without and value is not None and value != []}
    if not rest:
        return ""
    try:
        return json.dumps(rest, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"`{where}` holds what JSON cannot say, under {_names(rest)}", rule="wrong-type") from error


def _system(record: Mapping[Any, Any]) -> tuple[Turn, ...]:
    text = _optional_text(record, "system")
    return (Turn("system", text),) if text else ()


def _answer(record: Mapping[Any, Any], key: str) -> Turn:
    value = _need(record, key)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise FormatError(f"`{key}` is empty, so the row has no answer", rule="empty")
    return Turn("assistant", _text(value, key))


# ---- choices ---------------------------------------------------------------------------------------------------------


def _choices(value: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The choices' own labels, where they have any, and their texts."""
    if isinstance(value, Mapping) and "text" in value and isinstance(value["text"], list):
        texts = _choice_texts(value["text"], "choices.text")
        if value.get("label") is None:
            return (), texts
        names = _choice_texts(_list(value["label"], "choices.label"), "choices.label")
        if len(names) != len(texts):
            raise FormatError(f"`choices` has {len(names)} labels for {len(texts)} texts", rule="wrong-type")
        return names, texts
    if isinstance(value, Mapping):
        return _choice_texts(list(value), "the keys of choices"), _choice_texts(list(value.values()), "choices")
    items = _list(value, "choices")
    if items and all(isinstance(item, Mapping) for item in items):
        said = {
            key: _choice_texts([_need(item, key, f"choices[{at}]") for at, item in enumerate(items)], f"choices.{key}")
            for key in ("label", "text")
        }
        return said["label"], said["text"]
    return (), _choice_texts(items, "choices")


def _choice_texts(values: Sequence[object], where: str) -> tuple[str, ...]:
    return tuple(_scalar(value, f"{where}[{number}]", numbers=True) for number, value in enumerate(values))


def _right(value: object, key: str, names: Sequence[str], choices: Sequence[str]) -> int:
    """The index of the right choice.

    A number is a 0-based index. A text is one of the choices' own labels; else the letter or the text of a choice,
    which must not be two different ones; else a 0-based index in digits.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise FormatError(f"`{key}` is {_type(value)}, not an index, a letter or a choice's text", rule="wrong-type")
    if isinstance(value, str):
        if not value.strip():
            raise FormatError(f"`{key}` is empty, so the row has no answer", rule="empty")
        found = {number for number, name in enumerate(names) if name == value}
        if not found:
            letter = ord(value) - ord("A") if len(value) == 1 and not names else -1
            found = {number for number, text in enumerate(choices) if text == value or number == letter}
        if not found and value.isdecimal() and not names:
            found = {int(value[:9])} & set(range(len(choices)))
        if len(found) > 1:
            raise FormatError(f"`{key}` means several of the {len(choices)} choices", rule="wrong-answer")
        if found:
            return found.pop()
    elif 0 <= value < len(choices):
        return value
    raise FormatError(f"`{key}` names none of the {len(choices)} choices", rule="wrong-answer")


# ---- values ----------------------------------------------------------------------------------------------------------


def _need(record: Mapping[Any, Any], key: str, where: str = "") -> Any:
    if key not in record:
        place = f"`{where}` has no key" if where else "the record has no key"
        raise FormatError(f"{place} `{key}`; its keys are {_names(record)}", rule="missing-key")
    return record[key]


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise FormatError(f"`{where}` is {_type(value)}, not text", rule="wrong-type")
    broken = _SURROGATE.search(value)
    if broken:
        raise FormatError(f"`{where}` holds a lone surrogate at character {broken.start() + 1}", rule="wrong-text")
    return value


def _optional_text(record: Mapping[Any, Any], key: str) -> str:
    value = record.get(key)
    return "" if value is None else _text(value, key)


def _optional_name(record: Mapping[Any, Any], key: str) -> str:
    value = record.get(key)
    return "" if value is None else _scalar(value, key)


def _scalar(value: object, where: str, *, numbers: bool = False) -> str:
    """A name: text, a whole number, or a truth value (`true`, `false`, as JSON writes them)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (numbers and isinstance(value, float) and value - value == 0):
        try:
            return str(value)
        except ValueError as error:
            raise FormatError(f"`{where}` is a number of too many digits", rule="wrong-type") from error
    if isinstance(value, str):
        return _text(value, where)
    accepted = "text, a number or a truth value" if numbers else "text, a whole number or a truth value"
    raise FormatError(f"`{where}` is {_type(value)}, not {accepted}", rule="wrong-type")


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError(f"`{where}` is {_type(value)}, not a list", rule="wrong-type")
    return value


def _mapping(value: object, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise FormatError(f"`{where}` is {_type(value)}, not a mapping of keys to values", rule="wrong-type")
    return value


def _wrong_role(where: str, role: object, known: Collection[str]) -> FormatError:
    if not isinstance(role, str):
        return FormatError(f"`{where}` is {_type(role)}, not a role", rule="wrong-role")
    # A capitalised word may be a speaker's name, a personal datum; a word in lower case is a role that somebody made up.
    quoted = role.lower() in known or _ROLE_NAME.fullmatch(role)
    said = repr(role) if quoted else "(not a role's name)"
    return FormatError(f"`{where}` is {said}; known roles are {', '.join(known)}", rule="wrong-role")


def _type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a truth value"
    kinds: Mapping[type, str] = {str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def _name(key: object) -> str:
    """A key as it may be quoted: what doesn't look like a name could be what somebody wrote."""
    return repr(key) if isinstance(key, str) and _KEY_NAME.fullmatch(key) else "(not a name)"


def _names(record: Mapping[Any, Any]) -> str:
    shown = [_name(key) for key in record]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return (", ".join(shown[:12]) or "none") + more
