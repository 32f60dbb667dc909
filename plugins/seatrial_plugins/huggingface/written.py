"""Written words: whether what was said stands in what a chat template made of it.

A template is a program, and one that drops, cuts or rewrites the user's words gives numbers of questions that nobody asked.
Published ones change words in these ways only, which count as written:

    white space around them is trimmed, and blank lines within are joined (Llama 2, Gemma, Falcon);
    the system turn stands in the first or the last user's (Llama 2, Mistral), wherever the first one is;
    earlier reasoning, `<think>…</think>` in the assistant's words, is left out (DeepSeek-R1, Qwen3);
    switches such as `/no_think` are taken out (SmolLM3, Nemotron);
    results of tools, and what else may be, are written as JSON (Llama 3.1).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from seatrial.rows import Text, ToolResult, Turn
from seatrial_plugins.huggingface.control_tokens import ControlTokens
from seatrial_plugins.huggingface.conversation import is_trained

__all__ = ["left_out"]

_THOUGHT = re.compile(r"<\|?/?[\w:]*(?:think|thought|reason)\w*\|?>|\[/?think\]", re.IGNORECASE)
"""What stands around reasoning within the assistant's words."""

_SWITCH = re.compile(r"(?<![\w/])/(?:no_?think|think|system_override)(?![\w/])")

_TELLING = 20
"""Characters at the beginning of a turn that do not stand in a text by chance."""

_SAYS = {"system": "the system turn", "tool": "a tool's result"}

_Change = Callable[[str], str]


def left_out(text: str, turns: Sequence[Turn], mark: _Change, *, taught: bool) -> str:
    """The first turn whose words a rendered text does not hold, in words; "" where it holds all.

    Args:
        text: what the template wrote.
        turns: what it was given.
        mark: how control tokens of a turn stand in the text.
        taught: whether the model is taught the text, so that reasoning and words beside calls must stand there, too.
    """
    if not ControlTokens.are_marked(text):
        mark = str
    if _first_missing(text, turns, mark, taught=taught) is None:
        return ""
    found = _first_missing(_folded(text), turns, lambda words: _folded(mark(words)), taught=taught, switches=True)
    if found is None:
        return ""
    number, words = found
    turn = turns[number]
    said = _SAYS.get(turn.role, f"what the {turn.role} says")
    stands = bisect_left(range(len(words)), 1, key=lambda size: words[: size + 1] not in _folded(text))
    part = f", but for its first {stands:,} of {len(words):,} characters" if stands >= _TELLING else ""
    return f"{said} (turn {number + 1}{part})"


def _first_missing(
    text: str, turns: Sequence[Turn], change: _Change, *, taught: bool, switches: bool = False
) -> tuple[int, str] | None:
    """The place of a turn, and the words of it that do not stand behind those of the turns before it.

    Each is looked for behind the end of the first place where the last one can stand, so that none is missed.
    """
    place = 0
    for number, turn in enumerate(turns):
        in_order = turn.role in {"user", "assistant"}
        for piece in _pieces(turn, taught=taught, switches=switches):
            if not (words := change(piece).strip()):
                continue
            end = _end_of(words, text, place if in_order else 0)
            if end < 0:
                return number, words
            place = end if in_order else place
    return None


def _pieces(turn: Turn, *, taught: bool, switches: bool) -> Iterator[str]:
    """The words that must stand, each stretch without a break."""
    if turn.images:  # which stand between its words
        yield from (part.text for part in turn.parts if isinstance(part, Text | ToolResult))
        return
    content = turn.content
    if turn.role != "assistant":
        yield from _SWITCH.split(content) if switches else (content,)
    elif taught and is_trained(turn):
        yield from _THOUGHT.split(content)
    elif not turn.calls:  # Llama 3.1 writes nothing beside a call
        yield _THOUGHT.split(content)[-1]


def _end_of(words: str, text: str, start: int) -> int:
    """Where words end that stand in a text, as they are or as JSON; -1 where they don't."""
    if (found := text.find(words, start)) >= 0:
        return found + len(words)
    for plainly in (False, True):
        coded = json.dumps(words, ensure_ascii=plainly)[1:-1]
        if coded != words and (found := text.find(coded, start)) >= 0:
            return found + len(coded)
    return -1


def _folded(text: str) -> str:
    return " ".join(text.split())
