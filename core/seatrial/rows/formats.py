"""Formats: the layouts that a record is recognised in, and how each becomes a conversation.

    format              keys of the record                                  turns, and what is expected
    preference          chosen and rejected: texts, or lists of messages    the prompt and the chosen answer
                          prompt, question, or instruction and input?;      a preference
                          none where both lists begin alike; system?
    chat                messages: [{role, content, …}, …], system?          as they are
                          role: system, user, assistant or tool; OpenAI's
                          developer becomes system, its function tool
                          content: text, or a list of texts and images; may
                          be missing or null beside tool_calls
                          tool_calls, tool_call_id, name, reasoning_content
                          weight, train, loss or loss_mask 0: only context
    sharegpt            conversations: [{from, value, …}, …], system?       roles renamed
                          from: human, gpt, system, tool, function,
                          function_call, observation
                          (user and assistant are taken too);
                          the value of function_call is JSON, {name,
                          arguments} or a list of these
    choice              question, choices or options (or columns A B C D E  user: the question
                          F G H I J, or option_a, choice1, opa, …), and     assistant: the right choice
                          answer or answerKey or answer_index or answer_idx a choice
                          choices: a list of texts, of {label, text};
                          {text: […], label: […]} (ARC, CommonsenseQA);
                          or {A: …, B: …}; null is no choice;
                          or one text of lines A. …, B. …
                          answer: a label of the choices, a letter, the
                          text of one, or an index from 0
    check               prompt, test, entry_point and                       user, and assistant where there is a solution
                          canonical_solution? (HumanEval); or text or       a check
                          prompt, test_list, code?, test_setup_code? (MBPP)
    alpaca              instruction, output or response, input or           user: instruction, blank line, input
                          context?, history: [[asked, answered], …]?,       assistant: output
                          system?
    prompt-completion   prompt or question, and completion, response,       user, assistant
                          answer, answers or references; system?            references, where there are several
                          history as in alpaca
                          either may also be a list of messages; several
                          answers: a list, or {text: […]} (SQuAD), or
                          {value, aliases} (TriviaQA)
    text-label          text, and the first of label, category, class,      user: the text
                          intent, topic                                     assistant: the label's name
                                                                            a label

Where several fit, the first of this table is meant. `?` marks what may be missing, null or empty. Any format may have
`slice` and `group` (text, number or truth value); `tools` or `functions` (a list of functions, or its JSON text); `image` or
`images` (bytes, `data:` addresses or paths), which stand where a text says `<image>`, a part has no image of its own, or else
before the user's first words; `ground_truth` beside tools (a list of {function: {argument: [values that are right]}}), the
calls that are right; `context`, `passage` or `article` beside a question, which stands before it; `label` or
`kto_tag` as a truth value beside an answer: whether it was preferred; and `weight`, `train` or `loss_mask` 0, or a list of 0
and 1 for its turns: what is not trained. Lists may be JSON text, as in a table's cell, and lists
of mappings a mapping of lists. `columns` gives a key another name in the record; a format whose keys it names is preferred.
`system` may be called `system_prompt` or `system_message`. Truth values become the labels `true`, `false`. Every other key of
the record is left aside, and noted.

What no repair could turn into a row is a `FormatError` here: unknown layouts, missing keys, wrong types, unknown
roles, no turns, no answer where the format is made of one. What can be read but is odd (an empty turn, two user turns
in a row) parses; the `schema` filter speaks about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from seatrial.rows.answers import answer_of, answers_of, checked, judged, passage_before, preferred
from seatrial.rows.choices import lettered, offered, right_choice
from seatrial.rows.column_names import OPTIONAL_COLUMNS
from seatrial.rows.expected import Choice, Expected, Label, References
from seatrial.rows.format_error import FormatError
from seatrial.rows.given import Given
from seatrial.rows.images import Images
from seatrial.rows.left_aside import note_left_aside
from seatrial.rows.notes import Notes
from seatrial.rows.option_columns import is_bare_label, option_columns, refuse_bare_label
from seatrial.rows.record_values import (
    name_of,
    quoted_key,
    quoted_keys,
    text_of,
    type_in_words,
)
from seatrial.rows.row import Format
from seatrial.rows.turn import Turn
from seatrial.rows.turns import OF_A_ROW, declared_calls, history_of, messages_of, shared_turns, taught

__all__ = ["Parsed", "parse", "recognise"]

_ANSWERED_FREELY = frozenset({"alpaca", "prompt-completion"})
_ASKED = ("prompt", "question")
_ANSWERED = ("completion", "response", "answer", "answers", "references")
_LABELS = ("label", "category", "class", "intent", "topic")
_RIGHT = ("answer", "answerKey", "answer_index", "answer_idx")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A record as a conversation: what a `Row` says, without its identity and origin."""

    turns: tuple[Turn, ...]
    format: Format
    expected: Expected | None = None
    slice: str = ""
    group: str = ""
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def label(self) -> str | None:
        """The expected class, or None where something else is expected."""
        return self.expected.name if isinstance(self.expected, Label) else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The options of a multiple-choice question."""
        return self.expected.options if isinstance(self.expected, Choice) else ()


def recognise(record: object) -> Format | None:
    """The format that the record's keys belong to, or None. Values are not looked at."""
    if not isinstance(record, Mapping):
        return None
    return _recognise_keys(record)


def _recognise_keys(keys: Iterable[object]) -> Format | None:
    keys = set(keys)
    if {"chosen", "rejected"} <= keys:
        return "preference"
    if "messages" in keys:
        return "chat"
    if "conversations" in keys:
        return "sharegpt"
    if "question" in keys and (not keys.isdisjoint({"choices", "options"}) or {"A", "B"} <= keys):
        return "choice"
    if "question" in keys and not keys.isdisjoint(_RIGHT) and option_columns(_names(keys)):
        return "choice"
    if {"prompt", "test", "entry_point"} <= keys or ("test_list" in keys and not keys.isdisjoint({"prompt", "text"})):
        return "check"
    if "instruction" in keys and not keys.isdisjoint({"output", "response"}):
        return "alpaca"
    if not keys.isdisjoint(_ASKED) and not keys.isdisjoint(_ANSWERED):
        return "prompt-completion"
    if not keys.isdisjoint({"text", "image"}) and not keys.isdisjoint(_LABELS):
        return "text-label"
    return None


def _names(keys: Iterable[object]) -> frozenset[str]:
    return frozenset(key for key in keys if isinstance(key, str))


def parse(
    record: object,
    *,
    format: Format | None = None,  # noqa: A002 - the suite's word, and the field's
    columns: Mapping[str, str] = {},
    labels: Mapping[str, str] = {},
    words: bool = False,
    choices: Sequence[str] = (),
    images: Images | None = None,
    notes: Notes | None = None,
) -> Parsed:
    """The record as a conversation.

    Args:
        record: a decoded record, of any type.
        format: the format that it must be in; None recognises it.
        columns: key of a format (one of `COLUMNS`) → its name in the record, such as `{"text": "tweet"}`.
        labels: label as the record has it → label as it shall be, such as `{"0": "hate"}`; others stay.
        words: whether a label's underscores and hyphens are blanks between words.
        choices: the options of a question that brings none of its own: yes and no.
        images: keeps the images; None looks at them, and keeps none.
        notes: is told of keys that are left aside, labels, and answers that are numbers.

    Raises:
        FormatError: the record is no row; never anything else.
    """
    if not isinstance(record, Mapping):
        hint = "; a file of lists of records is read as .json (`reader: json`)" if isinstance(record, list) else ""
        raise FormatError(
            f"the record is {type_in_words(record)}, not a mapping of keys to values{hint}", rule="unrecognised"
        )
    renamed = _renamed(record, columns)
    if choices and renamed.keys().isdisjoint({"choices", "options"}):
        renamed = {**renamed, "choices": list(choices)}
        format = format or "choice"  # noqa: A001 - the argument
    known = format or (_recognise_keys(columns) if columns else None) or _recognise_keys(renamed)
    if known is None:
        raise FormatError(
            f"the record is in no known layout: its keys are {quoted_keys(record)}; known are messages, conversations, "
            "chosen + rejected, question + choices, instruction + output, prompt + completion, question + answer, "
            "text + label (name its keys under `columns:`)",
            rule="unrecognised",
        )
    if known not in _PARSERS:
        raise FormatError(
            f"{known!r} is no format; there are: {', '.join(get_args(Format))}",
            rule="unrecognised",
        )
    given = Given(renamed, labels, words, images or Images(), notes or Notes())
    parsed = _PARSERS[known](given)
    turns = given.placed(parsed.turns)
    if not given.record.keys().isdisjoint(OF_A_ROW):
        turns = taught(turns, given)
    tools = given.tools()
    if tools:
        turns = declared_calls(turns, tools)
    parsed = Parsed(
        turns,
        parsed.format,
        parsed.expected,
        _name(given, "slice", columns),
        _name(given, "group", columns),
        tools,
    )
    if not renamed.keys() <= given.used:
        if known in _ANSWERED_FREELY and is_bare_label(turns[-1].content):
            asked = "\n".join(turn.content for turn in turns[:-1])
            refuse_bare_label(given.record, _names(given.record) - given.used, asked, turns[-1].content)
        note_left_aside(given, columns, turns)
    return parsed


def _renamed(record: Mapping[Any, Any], columns: Mapping[str, str]) -> Mapping[Any, Any]:
    if not columns:
        return record
    given = dict(record)
    for key, name in columns.items():
        if name in record:
            given[key] = record[name]
        elif key not in OPTIONAL_COLUMNS:
            raise FormatError(
                f"key {quoted_key(name)} (column for `{key}`) is missing; the record's keys are {quoted_keys(record)}",
                rule="missing-key",
            )
    return given


def _name(given: Given, key: str, columns: Mapping[str, str]) -> str:
    """A name; a value that is none is left aside where nobody asked for it."""
    if key not in given.record or (value := given.get(key)) is None:
        return ""
    try:
        return name_of(value, key, numbers=isinstance(value, float) and not value.is_integer()).strip()
    except FormatError:
        if key in columns:
            raise
        given.notes.leave(key, known=True)
        return ""


# ---- the formats -----------------------------------------------------------------------------------------------------


def _preference(given: Given) -> Parsed:
    turns, expected = preferred(given)
    return Parsed(turns, "preference", expected)


def _chat(given: Given) -> Parsed:
    turns = messages_of(given.need("messages"), "messages", given)
    if turns[0].role != "system":
        turns = (*given.system(), *turns)
    return Parsed(*_judged(given, turns, "chat"))


def _sharegpt(given: Given) -> Parsed:
    turns = shared_turns(given.need("conversations"), "conversations", given)
    return Parsed(*_judged(given, (*given.system(), *turns), "sharegpt"))


def _judged(given: Given, turns: tuple[Turn, ...], form: Format) -> tuple[tuple[Turn, ...], Format, Expected | None]:
    turns, expected = judged(given, turns)
    return turns, form, expected


def _alpaca(given: Given) -> Parsed:
    instruction = given.text("instruction")
    context = given.optional_text(given.first_of(("input", "context")))
    asked = f"{instruction}\n\n{context}" if context else instruction
    turns = (*given.system(), *history_of(given), Turn("user", given.said(asked, "instruction")))
    return Parsed(*_judged(given, (*turns, answer_of(given, given.first_of(("output", "response")))), "alpaca"))


def _prompt_completion(given: Given) -> Parsed:
    asking, answering = given.first_of(_ASKED), given.first_of(_ANSWERED)
    asked = given.need(asking)
    if isinstance(asked, list):
        prompt = messages_of(asked, asking, given)
    else:
        prompt = (
            *history_of(given),
            Turn("user", given.said(passage_before(given, text_of(asked, asking)), asking)),
        )
    completion, others = answers_of(given, answering)
    turns, form, expected = _judged(given, (*given.system(), *prompt, *completion), "prompt-completion")
    if others:
        expected = References((completion[-1].content, *others))
    return Parsed(turns, form, expected)


def _check(given: Given) -> Parsed:
    turns, expected = checked(given)
    return Parsed((*given.system(), *turns), "check", expected)


def _text_label(given: Given) -> Parsed:
    shows = given.record.get("text") is None and "image" in given
    text = "" if shows else given.text("text")
    key = next((key for key in _LABELS if key in given), "label")
    written = name_of(given.need(key), key)
    label = _renamed_label(written, given.labels)
    if not label:
        raise FormatError(f"`{key}` is empty", rule="empty")
    if given.words:
        label = " ".join(label.replace("_", " ").replace("-", " ").split()) or label
    given.notes.label(written, label)
    return Parsed((Turn("user", given.said(text, "text")), Turn("assistant", label)), "text-label", Label(label))


def _renamed_label(written: str, labels: Mapping[str, str]) -> str:
    """The label's new name, if it has one, as it is written or without the white space around it."""
    stripped = written.strip()
    name = labels.get(written)
    return (name if name is not None else labels.get(stripped, stripped) if stripped != written else stripped).strip()


def _choice(given: Given) -> Parsed:
    key = given.first_of(("choices", "options"))
    if key == "options" and key in given and not given.record[key] and not option_columns(_names(given.record)):
        given.used.add(key)  # a column that other rows of the table fill
        return _prompt_completion(given)
    question = passage_before(given, given.text("question"))
    columns = {} if key in given else option_columns(_names(given.record))
    if columns:
        key = ", ".join(columns.values())
        options = lettered({label: given.get(column) for label, column in columns.items()})
    else:
        options = offered(given.need(key), key)
    if len(options.texts) < 2:
        raise FormatError(f"`{key}` holds {len(options.texts)}, and a question needs at least two", rule="empty")
    told = {
        name: right_choice(given.need(name), name, options, given.notes)
        for name in _RIGHT
        if given.record.get(name) is not None
    } or {"answer": right_choice(given.need(given.first_of(_RIGHT)), given.first_of(_RIGHT), options, given.notes)}
    if len({*told.values()}) > 1:
        raise FormatError(f"{' and '.join(f'`{name}`' for name in told)} name different choices", rule="wrong-answer")
    right = next(iter(told.values()))
    turns = (*given.system(), Turn("user", given.said(question, "question")), Turn("assistant", options.texts[right]))
    return Parsed(turns, "choice", Choice(options.texts, right))


_PARSERS: dict[Format, Callable[[Given], Parsed]] = {
    "preference": _preference,
    "chat": _chat,
    "sharegpt": _sharegpt,
    "choice": _choice,
    "check": _check,
    "alpaca": _alpaca,
    "prompt-completion": _prompt_completion,
    "text-label": _text_label,
}
