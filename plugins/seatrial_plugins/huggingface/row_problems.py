"""Row problems: what keeps a model from reading a row as it is meant, told before anything is trained or asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from seatrial.errors import StageError
from seatrial.rows import Preference, Row, Turn
from seatrial_plugins.huggingface.conversation import Tool, is_trained, without

if TYPE_CHECKING:
    from seatrial_plugins.huggingface.chat import ChatTokenizer

__all__ = ["row_problems", "unwritten"]

_BYTES = 4
"""Tokens of a character, at most: each is a byte or more."""


def row_problems(chat: ChatTokenizer, row: Row) -> Iterator[str]:
    """Why the model cannot read the row as it is meant, each in a clause."""
    tools = row.tools
    trained = row.split in {"train", "validation"}
    try:
        text = chat.render(row.turns, tools)
        prompt = chat.render(row.prompt, tools, ask=True)
        if trained:
            chat.rendered(row.turns, tools)
    except StageError as error:
        yield str(error)
        return
    missing = chat.left_out(text, row.turns, taught=True) if trained else _left_out(chat, row, text, prompt)
    if missing:
        yield missing
    yield from unwritten(chat, row.turns, tools)
    answers = (*(row.choices or ((row.target,) if row.target is not None else ())), *_rejected(row))
    longest = len(text) + max(map(len, answers), default=0)
    if not missing and chat.context is not None and _BYTES * longest > chat.context:
        yield from _beyond(chat, row, answers, tools, chat.context)


def _rejected(row: Row) -> tuple[str, ...]:
    """An answer that somebody liked less, which a preference may be asked about."""
    expected = row.expected
    return tuple(turn.content for turn in expected.rejected[:1]) if isinstance(expected, Preference) else ()


def _left_out(chat: ChatTokenizer, row: Row, text: str, prompt: str) -> str:
    """What the model is not asked of a row; with an answer, where its likelihood may be asked.

    Some templates (Mistral 7B's third) write the system turn only where the user speaks last: that loses nothing of an answer
    that is written freely.
    """
    if (missing := chat.left_out(prompt, row.prompt)) or not (row.choices or row.label is not None):
        return missing
    if row.answered:
        return chat.left_out(text, row.turns)
    turns = (*row.prompt, *(Turn("assistant", choice) for choice in row.choices[:1]))
    return chat.left_out(chat.render(turns, row.tools), turns)


def _beyond(
    chat: ChatTokenizer, row: Row, answers: Sequence[str], tools: Sequence[Tool], context: int
) -> Iterator[str]:
    """Whether the row is longer than the model reads: one that is trained on is cut, and that is counted elsewhere."""
    held_out = row.split not in {"", "train", "validation"}
    asked = held_out or not any(turn.role == "assistant" for turn in row.prompt)
    (prompt,) = chat.prompts([row.prompt], [tools])
    length, what = len(prompt), "its prompt has"
    if held_out and answers:
        with suppress(StageError):  # a text that is never made, as `_left_out` says
            head, rests = chat.answered(row.prompt, answers, tools)
            length, what = len(head) + max(map(len, rests)), "its prompt and its answer have"
    if asked and length > context:
        yield f"{what} {length:,} tokens, the model's context {context:,}; the filter `length` drops such rows"


def unwritten(chat: ChatTokenizer, turns: Sequence[Turn], tools: Sequence[Tool]) -> Iterator[str]:
    """What a conversation has and the model reads nothing of, each in a clause.

    A model is taught to say nothing where it should call, or to call what its prompt doesn't name.
    """
    place = (
        "the chat template does not write" if chat.chat else "without a chat template (`chat: false`) nothing writes"
    )
    if any(turn.images for turn in turns):
        yield from _unseen(chat, turns, place)
    calls = [at for at, turn in enumerate(turns) if turn.role == "assistant" and turn.calls]
    if any(_same(chat, turns[: at + 1], "calls", tools) for at in calls):
        yield f"{place} tool calls; give the tokenizer one that does (chat_template.jinja), or take such rows out"
    thoughts = [at for at, turn in enumerate(turns) if is_trained(turn) and turn.reasoning]
    if any(_same(chat, turns[: at + 1], "reasoning", tools) for at in thoughts):
        yield f"{place} the assistant's reasoning; give the tokenizer one that does, or take it out of such rows"
    if tools and not _names(chat, turns, tools):
        yield f"{place} the tools that the assistant may call; give the tokenizer one that does, or say them in a system turn"


def _unseen(chat: ChatTokenizer, turns: Sequence[Turn], place: str) -> Iterator[str]:
    """Why the pictures of a conversation are not seen, or are to be said by who only writes text."""
    if chat.images is None:
        yield "the model reads text alone, and the row has images; ask a model that reads them, or take such rows out"
    elif not chat.chat:
        yield f"{place} pictures; leave `chat` out, or take such rows out"
    elif any(is_trained(turn) and turn.images for turn in turns):
        yield "the assistant shows a picture, and the model is taught text alone; say it in a user's turn, or take such rows out"


def _same(chat: ChatTokenizer, turns: Sequence[Turn], what: str, tools: Sequence[Tool]) -> bool:
    """Whether the last turn is written the same without its calls, or its reasoning."""
    try:
        return chat.render(turns, tools) == chat.render((*turns[:-1], without(turns[-1], what)), tools)
    except StageError:
        return False  # a turn that the template refuses without them is written with them


def _names(chat: ChatTokenizer, turns: Sequence[Turn], tools: Sequence[Tool]) -> bool:
    """Whether the prompt of the first answer names every tool, whoever wrote it there."""
    first = next((at for at, turn in enumerate(turns) if turn.role == "assistant"), len(turns))
    try:
        text = chat.render(turns[:first], tools, ask=True)
    except StageError:
        text = chat.render(turns, tools)
    return all(str((tool.get("function") or tool).get("name", "")) in text for tool in tools)
