"""A callable as a model: each capability that the user's object has, its answers held against what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from seatrial import Continuation, Generation, Row, SeatrialError, Turn
from seatrial.errors import StageError
from seatrial.model import Capability, Model, Tools
from seatrial.rows import content_id
from seatrial_plugins.endpoints.completion import until
from seatrial_plugins.endpoints.messages import messages_of
from seatrial_plugins.endpoints.python_module import UserError, blame
from seatrial_plugins.endpoints.runnable import ask_runnable, input_of, is_runnable
from seatrial_plugins.endpoints.settled import Outcome, Settled

__all__ = ["python_model"]


class _Calls:
    """Calls the user's object, and says whose fault it is where that fails."""

    def __init__(self, made: Any, module: str, facts: Mapping[str, object], concurrency: int = 1) -> None:
        self._made = made
        self._module = module
        self._settled = Settled()
        self._noting = Lock()
        self._concurrency = concurrency
        self.facts = facts

    def _call(self, function: Callable[..., Any], *given: object, **named: object) -> Any:
        try:
            return function(*given, **named)
        except SeatrialError:
            raise
        except UserError as error:
            raise StageError(blame(error, self._module)) from error

    def _wrong(self, what: str, answer: object, wanted: str) -> StageError:
        return StageError(f"{self._module}: {what} returned a {type(answer).__name__}, not {wanted}")

    def _list(self, what: str, answer: object, asked: Sequence[object], of: type, wanted: str) -> list[Any]:
        if not isinstance(answer, list) or len(answer) != len(asked) or not all(isinstance(one, of) for one in answer):
            found = f"a list of {len(answer)}" if isinstance(answer, list) else f"a {type(answer).__name__}"
            raise StageError(f"{self._module}: {what} was asked for {len(asked)} and returned {found}, not {wanted}")
        return answer


class _Writes(_Calls):
    """A function from messages to text (`Generates`, `KeepsAnswers`, `SeesImages`)."""

    _images: Path | None = None

    def generate(
        self, prompts: Sequence[Sequence[Turn]], *, max_new_tokens: int, stop: Sequence[str] = (), tools: Tools = ()
    ) -> list[Generation]:
        """One call a prompt, `concurrency` at a time. What is called knows no limit of length; its text ends before a stop."""
        del max_new_tokens
        offered = tools or [()] * len(prompts)
        requests = [
            json.dumps([messages_of(turns, self._images), list(may)])
            for turns, may in zip(prompts, offered, strict=True)
        ]

        def ask(unknown: Sequence[str]) -> Iterator[Outcome]:
            if self._concurrency == 1:
                yield from (self._outcome(one, stop) for one in unknown)
                return
            with ThreadPoolExecutor(self._concurrency, "seatrial-callable") as threads:
                yield from threads.map(lambda one: self._outcome(one, stop), unknown)

        return self._settled.of(requests, ask)

    def _outcome(self, request: str, stop: Sequence[str]) -> Outcome:
        try:
            messages, tools = json.loads(request)
            answer = self._written(messages, tools, stop)
        except SeatrialError as error:
            return error
        with self._noting:
            self._settled.note(request, answer)
        return answer

    def keep_answers(self, file: Path) -> None:
        """Note answers there as they come, and take from there what an earlier process was answered."""
        self._settled.keep(file)

    def images_from(self, folder: Path) -> None:
        """Look for images there."""
        self._images = folder

    def _written(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], stop: Sequence[str]) -> Generation:
        if tools:
            raise StageError(
                "the row offers tools, and a function is told none; write an object with `generate`, which may take `tools`"
            )
        text = self._call(self._made, messages)
        if not isinstance(text, str):
            raise self._wrong("the function", text, "text")
        return until(stop, Generation(text, None, None))


class _Runs(_Writes):
    """A LangChain runnable."""

    def _written(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], stop: Sequence[str]) -> Generation:
        takes = input_of(self._made, self._module)
        return until(stop, self._call(ask_runnable, self._made, takes, messages, tools))


class _Generates(_Calls):
    """An object with `generate` (`Generates`)."""

    def generate(
        self, prompts: Sequence[Sequence[Turn]], *, max_new_tokens: int, stop: Sequence[str] = (), tools: Tools = ()
    ) -> list[Generation]:
        """As the object answers."""
        told = {"tools": tools} if any(tools) else {}
        answer = self._call(self._made.generate, prompts, max_new_tokens=max_new_tokens, stop=stop, **told)
        return self._list("generate()", answer, prompts, Generation, "a list with a Generation for each prompt")


class _Scores(_Calls):
    """An object with `loglikelihoods` (`Scores`)."""

    def loglikelihoods(
        self, prompts: Sequence[Sequence[Turn]], options: Sequence[Sequence[str]], *, tools: Tools = ()
    ) -> list[list[Continuation]]:
        """As the object answers."""
        answer = self._call(self._made.loglikelihoods, prompts, options, **({"tools": tools} if any(tools) else {}))
        wanted = "a list with a list of Continuations for each prompt"
        found = self._list("loglikelihoods()", answer, prompts, list, wanted)
        return [
            self._list("loglikelihoods()", one, offered, Continuation, "a Continuation for each option of a prompt")
            for one, offered in zip(found, options, strict=True)
        ]


def _question(row: Row) -> Row:
    """The row without what it is expected to be answered, and where that could be looked up."""
    return replace(
        row, id=content_id(row.prompt), turns=row.prompt, expected=None, source="", file="", line=0, slice="", group=""
    )


class _Classifies(_Calls):
    """An object with `classify` (`Classifies`)."""

    def classify(self, rows: Sequence[Row]) -> list[str]:
        """As the object answers."""
        answer = self._call(self._made.classify, [_question(row) for row in rows])
        return self._list("classify()", answer, rows, str, "a list with a label for each row")


def python_model(
    made: Any, provides: frozenset[Capability], module: str, facts: Mapping[str, object], concurrency: int = 1
) -> Model:
    """A model with just the capabilities that `provides` names."""
    parts: list[type] = []
    if "generates" in provides:
        # A chat model of LangChain has a `generate` too, and it is another one.
        parts.append(_Runs if is_runnable(made) else _Generates if hasattr(made, "generate") else _Writes)
    parts += [kind for capability, kind in _OTHERS.items() if capability in provides]
    model: Model = type("PythonModel", tuple(parts), {"__doc__": "What a factory of the user's made."})(
        made, module, facts, concurrency
    )
    return model


_OTHERS: Mapping[Capability, type] = {"scores": _Scores, "classifies": _Classifies}
