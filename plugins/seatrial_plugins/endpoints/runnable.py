"""A LangChain runnable on trial: a chain, a chat model or a compiled graph, given what its input schema asks for.

Nothing of LangChain is imported that the user's module has not imported already.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.errors import SourceError, StageError
from seatrial_plugins.endpoints.completion import BY_ITSELF, CUT_OFF

__all__ = ["Said", "ask_runnable", "input_of", "is_runnable"]

_MESSAGES = "messages"
"""The key that LangGraph's message states have."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a runnable gave back."""

    text: str
    tokens: int | None = None
    """The provider's count of what was written; None where it gives none, or a parser stands behind the model."""
    finished: bool | None = None


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
) -> Said:
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


def _said(answer: Any) -> Said:
    from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages

    if isinstance(answer, str):
        return Said(answer)
    if isinstance(answer, Mapping) and answer.get(_MESSAGES):
        answer = answer[_MESSAGES][-1]  # a graph's state: the last message is the reply
    if not isinstance(answer, BaseMessage):
        raise StageError(
            f"the runnable returned a {type(answer).__name__}, neither text nor a message; end it with an output parser, such "
            "as StrOutputParser()"
        )
    told = answer.response_metadata
    reason = str(told.get("finish_reason") or told.get("stop_reason")).lower()
    usage = getattr(answer, "usage_metadata", None) or {}
    text = str(answer.text)
    if not text and isinstance(answer, AIMessage) and answer.tool_calls:
        sent = convert_to_openai_messages(answer)
        text = json.dumps(sent["tool_calls"], ensure_ascii=False) if isinstance(sent, dict) else ""
    return Said(text, usage.get("output_tokens"), True if reason in BY_ITSELF else False if reason in CUT_OFF else None)
