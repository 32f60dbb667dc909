"""A chat completion as a generation: what of a server's JSON is the model's answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from seatrial import Generation
from seatrial.errors import StageError
from seatrial.rows.storable import storable
from seatrial.terminal.legible import one_line

__all__ = ["finished_by", "generation_of", "no_answer", "tokens_of", "until"]

_MOST_TOKENS = 2**31
_BY_ITSELF = ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "tool_calls", "tool_use", "function_call")
_CUT_OFF = ("length", "max_tokens", "model_length", "truncated")
_WITHHELD = ("content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "refusal")
"""Reasons to stop that servers give, in either case: OpenAI's, Anthropic's and Gemini's behind a proxy, Hugging Face's and
Mistral's. Any other tells nothing of whether the answer is whole."""


def generation_of(completion: Mapping[str, object], stop: Sequence[str], where: str) -> Generation:
    """What the first choice says.

    An answer of tool calls alone is their JSON, a refusal its text; reasoning that the server keeps apart is no part of the
    answer. The text ends before the first of `stop`, which some servers leave in it. Tokens are the server's own count
    (reasoning included); None where it gives none.

    Raises:
        StageError: there is no answer in it, or the server withheld it.
    """
    if error := completion.get("error"):
        raise StageError(f"{where}: answered an error: {_shown(error)}")
    choices = completion.get("choices")
    first = (
        [each for each in choices if not isinstance(each, dict) or not each.get("index")]
        if isinstance(choices, list)
        else []
    )
    choice = first[0] if first else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise StageError(f"{where}: answered no chat completion: {_shown(completion)}")
    told = str(choice.get("finish_reason")).lower()
    if why := no_answer(told):
        raise StageError(f"{where}: {why}" + (f": {_shown(choice)}" if told == "error" else ""))
    text = _text(message)
    if text is None:
        raise StageError(f"{where}: answered a message without content: {_shown(message)}")
    return until(stop, Generation(text, tokens_of(completion.get("usage")), finished_by(told)))


def finished_by(reason: str) -> bool | None:
    """Whether what ended for that reason (lower case) is whole; None where that tells nothing."""
    return True if reason in _BY_ITSELF else False if reason in _CUT_OFF else None


def until(stop: Sequence[str], said: Generation) -> Generation:
    """What was said before the first of `stop`, as text that can be kept."""
    cuts = [place for word in stop if word and (place := said.text.find(word)) >= 0]
    if not cuts:
        return replace(said, text=storable(said.text))
    return replace(said, text=storable(said.text[: min(cuts)]), finished=True)


def no_answer(reason: str) -> str | None:
    """Why what ended for that reason (lower case) is no answer, whatever text there is; None where it is one."""
    if reason in _WITHHELD:
        return f"the server's content filter withheld the answer ({reason})"
    return "the server ended the answer with an error" if reason == "error" else None


def _text(message: Mapping[str, object]) -> str | None:
    content = message.get("content")
    if isinstance(content, list):  # as parts, which some servers answer as they are asked
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        content = "".join(texts) if texts and all(isinstance(text, str) for text in texts) else None  # type: ignore[arg-type]  # as just seen
    if isinstance(content, str) and content:
        return content
    if calls := message.get("tool_calls"):
        return json.dumps(calls, ensure_ascii=False)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return refusal
    if content == "" or message.get("content", "") is None:
        return ""
    return None


def tokens_of(usage: object, name: str = "completion_tokens") -> int | None:
    """A count of tokens that the server gives; None where it gives none."""
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < _MOST_TOKENS else None


def _shown(said: object) -> str:
    return one_line(json.dumps(said, ensure_ascii=False), 200)
