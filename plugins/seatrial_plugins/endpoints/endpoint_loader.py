"""The loader of models behind an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from seatrial.errors import SourceError
from seatrial.model import Capability, Endpoint, Product, ProductKind, Target
from seatrial.sources import Resolved
from seatrial_plugins.endpoints.address import api_key, check_offline, parse_address
from seatrial_plugins.endpoints.attempt import Failure, attempt
from seatrial_plugins.endpoints.chat_model import ChatModel, Request, facts_of
from seatrial_plugins.endpoints.client import Client, Limits
from seatrial_plugins.endpoints.event_loop import EventLoop
from seatrial_plugins.endpoints.pace import Pace

if TYPE_CHECKING:
    import httpx

__all__ = ["EndpointLoader", "EndpointOptions"]

_MOST_SECONDS_TO_CONNECT = 10.0


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """What a suite says beside the address."""

    api_key_env: str | None = None
    temperature: float | None = 0.0
    seed: int | None = 0
    length_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    limits: Limits = field(default_factory=Limits)
    prices: tuple[float, float] | None = None
    """What a million tokens cost, those read and those written."""


class EndpointLoader:
    """OpenAI-compatible chat completions (`seatrial.model.Loader`)."""

    def __init__(self, options: EndpointOptions) -> None:
        self._options = options
        self._reached: set[str] = set()

    def resolve(self, address: str, find: Callable[[str], Resolved], cache: Path) -> Endpoint:
        """The endpoint that the address names; nothing is asked of it yet.

        Raises:
            SourceError: it is no endpoint's address, it is another machine's and nothing may leave this one, or the key is
                missing.
        """
        del find, cache
        parts = parse_address(address)
        check_offline(parts, address)
        api_key(self._options.api_key_env, address)
        return Endpoint(address, parts.url, parts.model, {"loopback": parts.loopback})

    def provides(self, target: Target, product: ProductKind | None) -> frozenset[Capability]:
        """It writes; with a product it can do nothing, for there is no way to put one on top of it."""
        del target
        return frozenset({"generates", "samples"}) if product is None else frozenset()

    @contextmanager
    def open(self, target: Target, product: Product | None = None) -> Iterator[ChatModel]:
        """The model, after a look whether anybody listens.

        Raises:
            SourceError: nobody listens, or the key is refused.
        """
        import httpx

        endpoint = _endpoint(target)
        if product is not None:
            self.check_product(product)
        options = self._options
        key = api_key(options.api_key_env, endpoint.address)
        request = Request(endpoint.model, options.temperature, options.seed, options.length_field)
        http = httpx.AsyncClient(
            headers={
                "content-type": "application/json",
                "accept-encoding": "identity",  # nothing is unpacked that is larger than what was sent
                **({"authorization": f"Bearer {key}"} if key else {}),
            },
            timeout=httpx.Timeout(options.limits.timeout, connect=_MOST_SECONDS_TO_CONNECT),
            # Servers close idle connections, uvicorn's after 5 s; who sends on one just then gets no answer.
            limits=httpx.Limits(max_connections=options.limits.concurrency, keepalive_expiry=1.0),
            trust_env=not parse_address(endpoint.address).loopback,  # no proxy stands before this machine's own servers
        )
        with EventLoop() as loop:
            try:
                loop.run(self._reach(http, endpoint, key))
                pace = Pace(options.limits.requests_per_minute)
                client = Client(http, endpoint.url, options.limits, key, pace)
                facts = facts_of(endpoint.url, request, options.limits, options.api_key_env)
                yield ChatModel(loop, client, request, facts, options.prices)
            finally:
                loop.run(http.aclose())

    async def _reach(self, http: httpx.AsyncClient, endpoint: Endpoint, key: str | None) -> None:
        """Ask for the list of models: told before a thousand rows are. Whether it lists the model does not matter.

        Servers list what they like: `transformers serve` the hub's cache, or an error where there is none. One that was
        reached once isn't asked again: should it have been killed since, that is an error of each row that it leaves out.
        """
        if endpoint.url in self._reached:
            return
        answer = await attempt(http, f"{endpoint.url}/models", None, _MOST_SECONDS_TO_CONNECT, key)
        if isinstance(answer, Failure) and not answer.connected:
            raise SourceError(f"{endpoint.address}: {answer.reason}; start the server, or mend the address")
        if isinstance(answer, Failure) and answer.status == HTTPStatus.UNAUTHORIZED:
            raise SourceError(f"{endpoint.address}: {answer.reason}")
        self._reached.add(endpoint.url)

    def check_product(self, product: Product) -> NoReturn:
        """There is none that an endpoint could take.

        Raises:
            SourceError: always.
        """
        raise SourceError(
            f"{product.folder}: no {product.kind} can be put on a model behind an endpoint; serve the model with it, or name "
            "its weights with another loader"
        )

    def tokenizer(self, target: Target) -> NoReturn:
        """There is none that could be seen.

        Raises:
            SourceError: always.
        """
        raise SourceError(f"{target.address}: the tokenizer of a model behind an endpoint cannot be seen")

    def trainable(self, target: Target) -> NoReturn:
        """There are no weights here.

        Raises:
            SourceError: always.
        """
        raise SourceError(f"{target.address}: a model behind an endpoint cannot be trained")


def _endpoint(target: Target) -> Endpoint:
    if not isinstance(target, Endpoint):
        raise SourceError(f"{target.address}: the loader `openai` opens endpoints only")
    return target
