"""One attempt to get a completion: what a server answered, or why there is no answer and whether to try again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from seatrial.terminal.legible import one_line

if TYPE_CHECKING:
    import httpx

__all__ = ["Failure", "attempt"]

_MOST_BYTES = 16 * 2**20
"""Of one answer: no chat completion comes near it, and a server gone mad fills no memory."""

_LATER = frozenset({408, 409, 425, 429})
"""Refusals that may not last: a time-out, a conflict, too early, too many requests. (So may those from 500 on.)"""


_SURE = 16
"""Characters from which on a key stands in no answer by chance. What local servers are given for one (`EMPTY`, `x`) is a word,
and is taken out of errors alone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt brought no answer."""

    reason: str
    again: bool
    """Whether another attempt may succeed."""
    status: int | None = None
    """Of HTTP; None where the server said nothing."""
    connected: bool = True
    """Whether anybody listened."""
    wait: float = 0.0
    """How many seconds the server asked to be left alone (Retry-After)."""
    lasting: bool = False
    """Whether every other request would be refused as well: a wrong key, a model that isn't there."""

    @property
    def silent(self) -> bool:
        """Whether the server said nothing at all: refused, broken off, timed out."""
        return self.status is None


async def attempt(
    http: httpx.AsyncClient, url: str, body: bytes | None, seconds: float, secret: str | None = None
) -> Mapping[str, object] | Failure:
    """POST `body`, or GET where there is none; the JSON object that comes back.

    Args:
        http: has the headers.
        url: whole.
        body: JSON.
        seconds: for all of it; a server that sends a byte now and then is not waited for longer.
        secret: taken out of all that the server says, also of a success: some send errors with status 200, and quote the key.
    """
    import httpx

    # A look round needs no connection that is kept, and one that follows an error 500 is closed by some servers.
    method, headers = ("GET", {"connection": "close"}) if body is None else ("POST", {})
    try:
        async with asyncio.timeout(seconds), http.stream(method, url, content=body, headers=headers) as answer:
            said = bytearray()
            async for chunk in answer.aiter_bytes():
                said += chunk
                if len(said) > _MOST_BYTES:
                    return Failure(
                        f"answered more than {_MOST_BYTES >> 20} MiB", again=False, status=answer.status_code
                    )
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        what = one_line(str(error), 200) or type(error).__name__
        return Failure(f"cannot be reached ({what})", again=True, connected=False)
    except (TimeoutError, httpx.TimeoutException):
        return Failure(f"gave no answer within {seconds:g} s", again=True)
    except httpx.TransportError as error:
        what = one_line(str(error), 200) or type(error).__name__
        return Failure(f"broke off ({what})", again=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Failure(f"could not be asked ({type(error).__name__}: {one_line(str(error), 200)})", again=False)
    if not answer.is_success:
        return _refusal(answer, bytes(said), secret)
    decoded = _decoded(bytes(said), secret, spared="choices")
    if not isinstance(decoded, dict):
        what = _quoted(bytes(said), secret)
        return Failure(f"answered what is no JSON object: {what}", again=False, status=answer.status_code)
    return decoded


def _refusal(answer: httpx.Response, said: bytes, secret: str | None) -> Failure:
    status = answer.status_code
    name = HTTPStatus(status).phrase if status in set(HTTPStatus) else "a status that HTTP does not know"
    quota = b"insufficient_quota" in said  # OpenAI's 429 of an account that has run out of money
    hint = ""
    if answer.is_redirect:
        hint = "; redirects are not followed, for they would take the key elsewhere: name the address it leads to"
    elif status == HTTPStatus.UNAUTHORIZED:
        hint = "; `model.api_key_env` names the environment variable that holds the key"
    elif status == HTTPStatus.NOT_FOUND:
        hint = "; is the model's name right, and the address (most servers' ends in /v1)?"
    return Failure(
        f"answered {status} ({name}): {_quoted(said, secret)}{hint}",
        again=(status in _LATER or (500 <= status <= 599 and status != HTTPStatus.NOT_IMPLEMENTED)) and not quota,
        status=status,
        wait=_retry_after(answer.headers.get("retry-after", "")),
        lasting=quota or status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND},
    )


def _retry_after(value: str) -> float:
    """Seconds, given as such or as the date of RFC 9110; 0 where it is neither."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
    return seconds if 0 < seconds < float("inf") else 0.0


def _decoded(said: bytes, secret: str | None, spared: str = "") -> object:
    """The JSON without the key, None where there is none; under `spared` a short key is left, for it may be a word."""
    try:
        found = json.loads(said)
        if not secret:
            return found
        if isinstance(found, dict) and spared in found and len(secret) < _SURE:
            return {name: one if name == spared else _without(one, secret) for name, one in found.items()}
        return _without(found, secret)
    except (ValueError, RecursionError):
        return None


def _without(said: object, secret: str) -> object:
    """Once decoded, and before anything is cut: JSON may escape a part of the key, and half a key is one too."""
    if isinstance(said, str):
        return said.replace(secret, "[the key]")
    if isinstance(said, list):
        return [_without(one, secret) for one in said]
    if isinstance(said, dict):
        return {name.replace(secret, "[the key]"): _without(one, secret) for name, one in said.items()}
    return said


def _quoted(said: bytes, secret: str | None) -> str:
    """The message in an error's JSON, where there is one, else what was said; the key taken out."""
    whole = found = _decoded(said, secret)
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    if isinstance(found, str):
        text = found
    elif whole is not None:
        text = json.dumps(whole, ensure_ascii=False)
    else:
        text = said.decode("utf-8", "replace")
        text = text.replace(secret, "[the key]") if secret else text
    return one_line(text[:2000], 300) or "nothing"
