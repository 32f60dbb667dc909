"""A LangChain runnable on trial: a chain, a chat model or a compiled graph, given what its input schema asks for.

Nothing of LangChain is imported that the user's module has not imported already.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial import Generation
from seatrial.errors import SourceError, StageError
from seatrial_plugins.endpoints.completion import finished_by, no_answer

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

__all__ = ["ask_runnable", "input_of", "is_runnable"]

_MESSAGES = "messages"
"""The key that LangGraph's message states have."""

_REASONS = ("finish_reason", "stop_reason", "done_reason")
"""Where providers say why an answer ended: OpenAI's name for it, Anthropic's, Ollama's."""


@dataclass(frozen=True, slots=True)
class Input:
    """What a runnable takes."""

    key: str | None
    """The variable of a template or the key of a state; None where it takes the messages themselves."""
    messages: bool
    """Whether that is a list of messages, and not one text."""


def is_runnable(made: object) -> bool:
    """Whether this is a `Runnable`, or a class of them."""
    loaded = sys.modules.get("langchain_core.runnables")
    if loaded is None:
        return False
    return issubclass(made, loaded.Runnable) if isinstance(made, type) else isinstance(made, loaded.Runnable)


def input_of(runnable: Any, address: str) -> Input:
    """What the runnable takes, by its input schema: a list of messages, or one variable.

    Raises:
        SourceError: it takes several variables, which a conversation cannot fill.
    """
    schema: Mapping[str, Any] = runnable.get_input_jsonschema()
    variables: Mapping[str, Any] = schema.get("properties", {}) if schema.get("type") == "object" else {}
    wanted = [name for name in schema.get("required", variables) if name in variables]
    if not variables:
        return Input(None, messages=True)
    if _MESSAGES in variables:
        wanted = [_MESSAGES, *(name for name in schema.get("required", ()) if name != _MESSAGES)]
    if len(wanted) != 1:
        raise SourceError(
            f"{address}: the runnable takes {', '.join(sorted(variables))}, and a row is one conversation; put before it what "
            'makes its input of the messages: `RunnableLambda(lambda messages: {"question": …}) | chain`'
        )
    of_messages = wanted[0] == _MESSAGES or variables[wanted[0]].get("type") == "array"
    return Input(wanted[0], messages=of_messages)


def ask_runnable(
    runnable: Any, takes: Input, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()
) -> Generation:
    """Invoke the runnable on a conversation.

    Raises:
        StageError: the conversation is no single text and the runnable takes one, tools are offered to what binds none, or
            what came back is no text and no message.
    """
    from langchain_core.messages import convert_to_messages

    if tools and not hasattr(runnable, "bind_tools"):
        raise StageError(
            "the row offers tools, and this runnable binds none (`bind_tools`); let the factory return a chat model"
        )
    asked: Any = convert_to_messages(list(messages))
    if not takes.messages:
        if len(messages) != 1 or not isinstance(messages[0]["content"], str):
            raise StageError(
                f"the runnable takes one text ({takes.key!r}), and the row is a conversation of {len(messages)} turns; let its "
                f'template take messages: MessagesPlaceholder("{_MESSAGES}")'
            )
        asked = messages[0]["content"]
    able = runnable.bind_tools(list(tools)) if tools else runnable
    return _said(able.invoke(asked if takes.key is None else {takes.key: asked}))


def _said(answer: Any) -> Generation:
    from langchain_core.messages import AIMessage, BaseMessage

    if isinstance(answer, str):
        return Generation(answer, None, None)
    if isinstance(answer, Mapping) and answer.get(_MESSAGES):
        answer = answer[_MESSAGES][-1]  # a graph's state: the last message is the reply
    if not isinstance(answer, BaseMessage):
        raise StageError(
            f"the runnable returned a {type(answer).__name__}, neither text nor a message; end it with an output parser, such "
            "as StrOutputParser()"
        )
    if not isinstance(answer, AIMessage):
        raise StageError(
            f"the runnable's last message is a {type(answer).__name__}, and a reply is an AIMessage: it replied nothing"
        )
    told = answer.response_metadata
    reason = str(next((told[name] for name in _REASONS if told.get(name)), None)).lower()
    if why := no_answer(reason):
        raise StageError(why)
    usage = answer.usage_metadata or {}
    # The provider's count; behind an output parser there is none.
    return Generation(_words(answer), usage.get("output_tokens"), finished_by(reason))


def _words(answer: AIMessage) -> str:
    """Its text; of one without, the calls in OpenAI's format, those with arguments that are no JSON as they were written, or
    the refusal.
    """
    from langchain_core.messages import convert_to_openai_messages

    if text := str(answer.text):
        return text
    if answer.tool_calls or answer.invalid_tool_calls:
        sent = convert_to_openai_messages(answer) if answer.tool_calls else {}
        calls = list(sent["tool_calls"]) if isinstance(sent, dict) and "tool_calls" in sent else []
        calls += [
            {"type": "function", "id": call["id"], "function": {"name": call["name"], "arguments": call["args"]}}
            for call in answer.invalid_tool_calls
        ]
        return json.dumps(calls, ensure_ascii=False)
    blocks = [block for block in answer.content if isinstance(block, dict)]
    refusals = [block["refusal"] for block in blocks if isinstance(block.get("refusal"), str)]
    return "".join(refusals) or str(answer.additional_kwargs.get("refusal") or "")
