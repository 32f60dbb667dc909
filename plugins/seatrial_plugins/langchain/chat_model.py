"""A model of seatrial's as LangChain's chat model: what it answers in a chain is what it answered on trial."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import run_in_executor
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, PrivateAttr

import seatrial
from seatrial import Generates, Row, Turn, UsageError
from seatrial.model import ChecksRows, CountsTokens, Generation, Model, Streams, offered
from seatrial_plugins.langchain.messages import message_of, turns_of

__all__ = ["SeatrialChatModel"]

_TOLD = frozenset({"max_new_tokens", "max_tokens", "tools", "tool_choice", "temperature", "stream"})
"""What a call may say beside its messages."""


class SeatrialChatModel(BaseChatModel):
    """The model that a run tuned, or its base, in a chain. It decodes greedily, as on trial.

    One conversation is answered at a time, whoever asks (`batch`, threads, async): a batch's answers are those of its
    conversations alone, to the letter. Until a stream is read to its end, or closed, other calls wait; one by the thread that
    reads it would wait for itself, and is refused. (Async code is not told so: its calls are of threads of a pool.)
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any = Field(exclude=True, repr=False)
    """An open model (`seatrial.model.Generates`)."""
    name_of_model: str = "seatrial"
    """What traces call it."""
    max_new_tokens: int = Field(default=256, ge=1)
    """Where a reply is cut off, unless the call says otherwise."""

    _closing: ExitStack = PrivateAttr(default_factory=ExitStack)
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    """No RLock: an async stream is read on by whichever thread of the pool is free, and ended by another than began it."""
    _reader: int | None = PrivateAttr(default=None)
    """The thread that reads the open stream; none of an async one."""

    # ---- where it comes from --------------------------------------------------------------------------------------

    @classmethod
    def from_run(
        cls, run: str | Path, *, system: Literal["tuned", "base"] = "tuned", seed: int | None = None, **fields: Any
    ) -> Self:
        """The model of a run folder; it stays in memory until `close`, or the end of a `with` block.

        Args:
            run: The run folder.
            system: The tuned model, or its base.
            seed: Of several trainings, whose; None for the first.
            **fields: `max_new_tokens`, and what every chat model of LangChain takes.

        Raises:
            UsageError: the run has no such system, or it cannot write (a classifier).
            SourceError: the weights are gone, or are no longer those of the run.
        """
        made = cls(
            model=None, name_of_model=f"{Path(run).name}/{system}", **fields
        )  # what it refuses, before weights are read
        with ExitStack() as closing:
            model: Model = closing.enter_context(seatrial.open_run(run).open_model(system, seed=seed))
            if not isinstance(model, Generates):
                raise UsageError(f"{run}: its model names labels and writes no text, so that it is no chat model")
            made.model = model
            made._closing = closing.pop_all()
        return made

    def close(self) -> None:
        """Let go of the weights."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- what LangChain asks --------------------------------------------------------------------------------------

    @property
    def _llm_type(self) -> str:
        return "seatrial"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model": self.name_of_model, "max_new_tokens": self.max_new_tokens}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        """The model with tools, which the chat template tells it of. A call cannot be forced.

        Raises:
            UsageError: the chat template writes nothing of tools, or a call is to be forced.
        """
        _refuse_forced(tool_choice)
        said = [convert_to_openai_tool(tool) for tool in tools]
        row = Row("tools", (Turn("user", "Question"),), "chat", "", "", 0, tools=tuple(said))
        if isinstance(self.model, ChecksRows) and (problems := [why for _, why in self.model.problems([row])]):
            raise UsageError(f"{self.name_of_model}: it cannot be told of tools: {'; '.join(problems)}")
        chosen = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=said, **chosen, **kwargs)

    def get_num_tokens(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self._counter().tokenize([text])[0])

    def get_token_ids(self, text: str) -> list[int]:
        """The tokens of a text, without special ones."""
        return self._counter().tokenize([text])[0]

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], tools: Sequence[Any] | None = None) -> int:
        """How many tokens a conversation and its tools have, as the chat template writes them."""
        said = [convert_to_openai_tool(tool) for tool in tools or ()]
        return self._counter().count_tokens([turns_of(messages)], [said] if said else ())[0]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager
        length, tools = self._asked(kwargs)
        turns = turns_of(messages)
        with self._in_turn(threading.get_ident()):
            (said,) = self.model.generate([turns], max_new_tokens=length, stop=stop or (), **offered([tools]))
        return ChatResult(generations=[ChatGeneration(message=self._message(messages, said, tools))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Pieces as they are decoded; with tools, the whole reply, for what begins as text may be a call."""
        yield from self._pieces(messages, stop, run_manager, threading.get_ident(), **kwargs)

    def _pieces(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        run_manager: CallbackManagerForLLMRun | None,
        reader: int | None,
        **kwargs: Any,
    ) -> Generator[ChatGenerationChunk]:
        length, tools = self._asked(kwargs)
        if tools or not isinstance(self.model, Streams):
            message = self._generate(messages, stop, **kwargs).generations[0].message
            yield _chunk(message, last=True)
            return
        with self._in_turn(reader):
            for piece in self.model.stream(turns_of(messages), max_new_tokens=length, stop=stop or ()):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager is not None:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """As `_stream`, read on by whichever thread of the pool is free: none of them is the reader."""
        told = run_manager.get_sync() if run_manager else None
        pieces = self._pieces(messages, stop, told, None, **kwargs)
        try:
            while (chunk := await run_in_executor(None, next, pieces, None)) is not None:
                yield chunk
        finally:
            with suppress(ValueError):  # a thread is still at it, and closes it when it lets go
                pieces.close()

    @contextmanager
    def _in_turn(self, reader: int | None) -> Iterator[None]:
        """The model, for one call at a time."""
        if reader is not None and self._reader == reader:
            raise UsageError(
                f"{self.name_of_model}: this thread has a stream of it open, and half read; read it to its end, or close it, "
                "before the next call"
            )
        with self._turn:
            self._reader = reader
            try:
                yield
            finally:
                self._reader = None

    # ---- one answer -----------------------------------------------------------------------------------------------

    def _asked(self, told: Mapping[str, Any]) -> tuple[int, Sequence[Mapping[str, Any]]]:
        """How long a reply may be, and the tools that it may call.

        Raises:
            UsageError: the call says what the model cannot follow.
        """
        unknown = sorted(name for name, value in told.items() if name not in _TOLD and value is not None)
        if unknown:
            raise UsageError(
                f"{self.name_of_model} takes no {', '.join(unknown)}; a call may say {', '.join(sorted(_TOLD))}"
            )
        if told.get("temperature"):
            raise UsageError(f"{self.name_of_model} decodes greedily, as on trial: its temperature is 0")
        _refuse_forced(told.get("tool_choice"))
        lengths = [told[name] for name in ("max_new_tokens", "max_tokens") if told.get(name) is not None]
        length = int(lengths[0]) if lengths else self.max_new_tokens
        if length < 1:
            raise UsageError(f"{self.name_of_model}: a reply of {length} tokens is none; `max_tokens` is at least 1")
        return length, () if told.get("tool_choice") == "none" else told.get("tools") or ()

    def _message(self, asked: list[BaseMessage], said: Generation, tools: Sequence[Mapping[str, Any]]) -> AIMessage:
        reason = {True: "stop", False: "length", None: None}[said.finished]
        told: dict[str, Any] = {"response_metadata": {"model_name": self.name_of_model, "finish_reason": reason}}
        if said.tokens is not None and isinstance(self.model, CountsTokens):
            before = self.model.count_tokens([turns_of(asked)], [tools] if tools else ())[0]
            told["usage_metadata"] = {
                "input_tokens": before,
                "output_tokens": said.tokens,
                "total_tokens": before + said.tokens,
            }
        return message_of(said.text, [tool["function"]["name"] for tool in tools], **told)

    def _counter(self) -> CountsTokens:
        if not isinstance(self.model, CountsTokens):
            raise UsageError(f"{self.name_of_model}: the tokenizer of this model cannot be seen")
        return self.model


def _refuse_forced(choice: object) -> None:
    if choice not in (None, "auto", "none", False):  # not a set: a choice may be a mapping
        raise UsageError(
            f"tool_choice is {choice!r}: a call cannot be forced by a chat template; leave it out, or say 'auto'"
        )


def _chunk(message: BaseMessage, *, last: bool) -> ChatGenerationChunk:
    assert isinstance(message, AIMessage)
    pieces = [
        {
            "name": call["name"],
            "args": json.dumps(call["args"]),
            "id": call["id"],
            "index": place,
            "type": "tool_call_chunk",
        }
        for place, call in enumerate(message.tool_calls)
    ]
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=message.content,
            tool_call_chunks=pieces,
            response_metadata=message.response_metadata,
            usage_metadata=message.usage_metadata,
            chunk_position="last" if last else None,
        )
    )
