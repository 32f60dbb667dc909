"""Endpoints: models behind OpenAI's chat API, on this machine or another.

    model: {source: "openai:http://localhost:8000/v1#model-name"}

What it can do is write the next turn. Log-likelihoods of given answers are not asked of it, and scorers that need them are
refused before anything is read: OpenAI's API tells none of a prompt's tokens, and where servers do (`prompt_logprobs`, `echo`
with `logprobs`) they are not safe. vLLM's depend on the order of requests where prefixes are cached (vllm-project/vllm issue
42019), and its newer runner answers `echo` with an error 500 (44106). A score from such numbers would look like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from seatrial import LoaderComponent, UsageError, hookimpl

if TYPE_CHECKING:
    from seatrial.model import Loader

__all__ = ["openai"]


def openai(
    *,
    api_key_env: str | None = None,
    timeout: Annotated[float, Field(gt=0)] = 120.0,
    concurrency: Annotated[int, Field(ge=1)] = 8,
    retries: Annotated[int, Field(ge=0)] = 5,
    requests_per_minute: Annotated[float, Field(gt=0)] | None = None,
    temperature: Annotated[float, Field(ge=0)] | None = 0.0,
    seed: int | None = 0,
    length_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens",
    prices: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] | None = None,
) -> Loader:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        api_key_env: The name of the environment variable that holds the key; the key itself stands nowhere. Unset sends none.
        timeout: Seconds that one attempt may take.
        concurrency: Requests at a time.
        retries: Further attempts after no answer, 429 or 5xx, each after twice as long; Retry-After is kept to.
        requests_per_minute: No more than that are sent, evenly spaced.
        temperature: Sent with every request; null leaves it out, for models that refuse it.
        seed: Sent with every request; null leaves it out, for servers that refuse it.
        prices: What a million tokens cost, those read and those written: `[0.15, 0.6]`. Each answer's cost is then kept.
        length_field: What the server calls the limit of an answer's length; OpenAI's reasoning models want the longer name.
    """
    try:
        import httpx  # noqa: F401 - so that one that is missing is told of before anything runs
    except ImportError as error:
        raise UsageError("openai: httpx is not installed; pip install 'seatrial[endpoints]'") from error
    from seatrial_plugins.endpoints.client import Limits
    from seatrial_plugins.endpoints.endpoint_loader import EndpointLoader, EndpointOptions

    limits = Limits(timeout, concurrency, retries, requests_per_minute=requests_per_minute)
    return EndpointLoader(EndpointOptions(api_key_env, temperature, seed, length_field, limits, prices))


@hookimpl
def seatrial_models() -> Iterable[LoaderComponent[Loader]]:
    """The loader of endpoints."""
    yield LoaderComponent(
        "openai",
        openai,
        "A model behind an OpenAI-compatible endpoint: openai:http://localhost:8000/v1#NAME.",
        provides=frozenset({"generates", "samples"}),
        schemes=frozenset({"openai"}),
        runtime=frozenset({"timeout", "concurrency", "retries", "requests_per_minute"}),
    )
