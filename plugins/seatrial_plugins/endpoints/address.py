"""`openai:` names a model behind an OpenAI-compatible endpoint: openai:http://localhost:8000/v1#model-name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from seatrial.errors import SourceError
from seatrial.sources import offline

__all__ = ["EndpointAddress", "api_key", "check_offline", "parse_address"]

_EXAMPLE = "openai:http://localhost:8000/v1#model-name"
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
"""Upper case only, as such variables are written: a key that was put here by mistake is refused, and not repeated."""


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """What an address says."""

    url: str
    """Up to where `/chat/completions` follows; no `/` at its end."""
    model: str
    """What the server calls the model."""
    host: str

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(address: str) -> EndpointAddress:
    """The parts of `openai:URL#MODEL`.

    What could hold a password or a key is refused, since addresses stand in manifests, logs and reports.

    Raises:
        SourceError: it is no such address.
    """
    scheme, _, rest = address.partition(":")
    url, _, model = rest.partition("#")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SourceError(f"{scheme}: its address is no URL ({error}); write it as `{_EXAMPLE}`") from error
    if parts.username is not None or parts.password is not None or parts.query:
        raise SourceError(
            f"{scheme}:{parts.scheme}://{host}…: an address may hold no user name, password or query, for it is written "
            "into manifests and reports; put the key into an environment variable, and its name under `model.api_key_env`"
        )
    if parts.scheme not in {"http", "https"} or not host or port == 0 or not (url.isascii() and url.isprintable()):
        raise SourceError(f"{address}: not the address of an endpoint; write it as `{_EXAMPLE}`")
    if not model.strip():
        raise SourceError(f"{address}: names no model; write what the server calls it after `#`, as in `{_EXAMPLE}`")
    return EndpointAddress(url.rstrip("/"), model, host)


def check_offline(endpoint: EndpointAddress, address: str) -> None:
    """Refuse, with a `SourceError`, another machine's endpoint where nothing may leave this one."""
    if offline() and not endpoint.loopback:
        raise SourceError(
            f"{address}: {endpoint.host} is another machine, and nothing may leave this one; run without --offline, or "
            "serve the model here (localhost is allowed)"
        )


def api_key(variable: str | None, address: str) -> str | None:
    """The key in an environment variable; None where the suite names no variable. No error repeats what it holds.

    Raises:
        SourceError: the variable is unset, or holds what is no key.
    """
    if variable is None:
        return None
    if not _VARIABLE.fullmatch(variable):
        raise SourceError(
            f"{address}: `model.api_key_env` is the name of an environment variable in capital letters, such as "
            "OPENAI_API_KEY, and never the key itself"
        )
    key = os.environ.get(variable, "").strip()
    if not key:
        raise SourceError(f"{address}: the environment variable {variable} (`model.api_key_env`) is not set; export it")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise SourceError(f"{address}: the environment variable {variable} (`model.api_key_env`) holds what is no key")
    return key
