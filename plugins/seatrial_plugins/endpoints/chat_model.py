"""A model behind an endpoint, open: it writes, and nothing else can be asked of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from seatrial import Generation, SeatrialError, Turn
from seatrial.model import Tools
from seatrial_plugins.endpoints.client import Client, Limits
from seatrial_plugins.endpoints.completion import generation_of, tokens_of
from seatrial_plugins.endpoints.event_loop import EventLoop
from seatrial_plugins.endpoints.messages import messages_of
from seatrial_plugins.endpoints.settled import Outcome, Settled

__all__ = ["ChatModel", "Request"]

_DRAW = "\0"
"""Stands between a request's body, whose JSON holds none, and the number of the draw that it is for."""

_MOST_STOPS = 4
"""As many as OpenAI's API takes; the text is cut at the others here."""


@dataclass(frozen=True, slots=True)
class Request:
    """What every request says."""

    model: str
    temperature: float | None
    seed: int | None
    length_field: Literal["max_tokens", "max_completion_tokens"]

    def body(
        self,
        turns: Sequence[Turn],
        images: Path | None,
        max_new_tokens: int,
        stop: Sequence[str],
        tools: Sequence[Mapping[str, Any]] = (),
        top_p: float | None = None,
    ) -> str:
        """The request's JSON."""
        said = {
            "model": self.model,
            "messages": messages_of(turns, images),
            self.length_field: max_new_tokens,
            "temperature": self.temperature,
            "top_p": top_p,
            "seed": self.seed,
            "stop": list(stop[:_MOST_STOPS]) or None,
            "tools": list(tools) or None,
        }
        return json.dumps({key: value for key, value in said.items() if value is not None})


class ChatModel:
    """Chat completions of one model (`Generates`, `Samples`, `KeepsAnswers`, `SeesImages`)."""

    def __init__(
        self,
        loop: EventLoop,
        client: Client,
        request: Request,
        facts: Mapping[str, object],
        prices: tuple[float, float] | None = None,
    ) -> None:
        self._loop, self._client, self._request = loop, client, request
        self._facts = facts
        self._prices = prices
        self._settled = Settled()
        self._images: Path | None = None

    @property
    def facts(self) -> Mapping[str, object]:
        """Where it is and how it is asked; once it has answered, what the server says it is."""
        served = sorted(self._settled.by)
        others = [name for name in served if not _is_named(self._request.model, name)]
        said = f"{self._client.url} was asked for the model {self._request.model!r} and answered as {', '.join(map(repr, others))}"
        return {
            **self._facts,
            **({"served": served} if served else {}),
            **({"warnings": [f"{said}: the scores are of what answered"]} if others else {}),
        }

    def generate(
        self, prompts: Sequence[Sequence[Turn]], *, max_new_tokens: int, stop: Sequence[str] = (), tools: Tools = ()
    ) -> list[Generation]:
        """One generation a prompt, several asked at a time.

        Raises:
            StageError: a prompt was not answered. Those of the same call that were keep their answers: asked again one by
                one, they get them from memory.
        """
        requests = [
            self._request.body(turns, self._images, max_new_tokens, stop, may)
            for turns, may in zip(prompts, tools or [()] * len(prompts), strict=True)
        ]

        def ask(unknown: Sequence[str]) -> Iterator[Outcome]:
            yield from self._loop.run(self._ask(unknown, stop))

        return self._settled.of(requests, ask)

    def sample(
        self,
        prompts: Sequence[Sequence[Turn]],
        *,
        answers: int,
        temperature: float,
        top_p: float,
        seed: int,
        max_new_tokens: int,
        stop: Sequence[str] = (),
        tools: Tools = (),
    ) -> list[list[Generation]]:
        """Each answer is a request of its own with a seed of its own: many servers know no `n`.

        A temperature or a seed that the suite leaves out (null), since the model refuses it, is left out here too.

        Raises:
            StageError: a request was not answered.
        """
        own = self._request
        drawn = [
            replace(
                own,
                seed=None if own.seed is None else seed + place,
                temperature=None if own.temperature is None else temperature,
            )
            for place in range(answers)
        ]
        # Without seeds the bodies are the same, and each is nevertheless a draw of its own.
        requests = [
            one.body(turns, self._images, max_new_tokens, stop, may, top_p if top_p < 1 else None) + f"{_DRAW}{place}"
            for turns, may in zip(prompts, tools or [()] * len(prompts), strict=True)
            for place, one in enumerate(drawn)
        ]

        def ask(unknown: Sequence[str]) -> Iterator[Outcome]:
            yield from self._loop.run(self._ask(unknown, stop))

        said = self._settled.of(requests, ask)
        return [said[at : at + answers] for at in range(0, len(said), answers)]

    def keep_answers(self, file: Path) -> None:
        """Note answers there as they come, and take from there what an earlier process was answered."""
        self._settled.keep(file)

    def images_from(self, folder: Path) -> None:
        """Look for images there."""
        self._images = folder

    async def _ask(self, requests: Sequence[str], stop: Sequence[str]) -> list[Outcome]:
        return await asyncio.gather(*(self._outcome(request, stop) for request in requests))

    async def _outcome(self, request: str, stop: Sequence[str]) -> Outcome:
        try:
            completion, seconds, attempts = await self._client.complete(request.partition(_DRAW)[0].encode())
            generation = generation_of(completion, stop, self._client.url)
            generation = replace(generation, took=self._took(completion, generation, seconds, attempts))
        except SeatrialError as error:
            return error
        served = completion.get("model")
        self._settled.note(request, generation, served if isinstance(served, str) else None)
        return generation

    def _took(
        self, completion: Mapping[str, object], generation: Generation, seconds: float, attempts: int
    ) -> dict[str, float]:
        """What the request took; its cost where the suite says prices and the server both counts of tokens."""
        read = tokens_of(completion.get("usage"), "prompt_tokens")
        took: dict[str, float] = {"seconds": round(seconds, 4), "attempts": attempts}
        if read is not None:
            took["prompt_tokens"] = read
        if self._prices is not None and read is not None and generation.tokens is not None:
            took["cost"] = (read * self._prices[0] + generation.tokens * self._prices[1]) / 1e6
        return took


_VERSION = re.compile(
    r"([-:](\d{4}-?\d{2}-?\d{2}|(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])|2\d(0[1-9]|1[0-2])|00\d)|@[\w.-]+)?"
)
"""What a server adds to a name that stands for its newest version: `gpt-4o-2024-08-06`, `gpt-4-0613`, `mistral-large-2411`,
`gemini-1.5-pro-002`, `org/name@main`, or nothing; and no count of steps, such as `-500`."""

_NEWEST = re.compile(r"[-:]latest$|/$")
"""What stands for the newest version at a name's end: `claude-3-5-sonnet-latest`, `llama3:latest`; or a folder's slash."""

_FOLDERS = ("/", ".", "~")
"""How paths begin: a server that was started on a folder names itself by it, `/models/name` for `org/name`."""


def _is_named(asked: str, served: str) -> bool:
    """Whether a server's name is that of the model asked for: the same or its dated version, whatever folder it stands in.

    Two that name different owners, `org/name` and `other/name`, are different models, and so are two folders.
    """
    asked, served = (_NEWEST.sub("", name.casefold()) for name in (asked, served))
    owners, named = zip(*(name.rpartition("/")[::2] for name in (asked, served)), strict=True)
    if all(owners) and len({name.startswith(_FOLDERS) for name in (asked, served)}) == 1:
        short, long = sorted(owners, key=len)
        if not f"/{long}".endswith(f"/{short}"):
            return False
    return named[1].startswith(named[0]) and _VERSION.fullmatch(named[1], len(named[0])) is not None


def facts_of(url: str, request: Request, limits: Limits, api_key_env: str | None) -> Mapping[str, object]:
    """What a reviewer should know. The key's variable is named; what it holds is not."""
    return {"url": url, **asdict(request), **asdict(limits), "api_key_env": api_key_env}
