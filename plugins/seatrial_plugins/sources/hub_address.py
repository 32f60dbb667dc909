"""The address of something on the Hugging Face hub, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seatrial.errors import SourceError
from seatrial.sources import SourceKind

__all__ = ["HubAddress", "parse_address"]

_ADDRESS = re.compile(
    r"hf:(?P<repo>[\w.-]+/[\w.-]+)"
    r"(?:@(?P<revision>refs/(?:pr/\d+|convert/[\w.-]+)|[^@:/]+))?"
    r"(?::(?P<config>[^:/]+))?"
    r"(?:/(?P<rest>.+))?"
)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Which repository, at which revision, and what of it."""

    address: str
    """As the suite wrote it."""
    repo: str
    """`org/name`."""
    revision: str
    """A branch, tag, `refs/…` or commit; `main` where the address says nothing."""
    config: str | None
    """Data: the configuration (subset)."""
    rest: str | None
    """Data: the split. A model: one file of the repository."""


def parse_address(address: str, kind: SourceKind) -> HubAddress:
    """The parts of `hf:org/name[@revision][:config][/split]`, or of a model's `hf:org/name[@revision][/file]`.

    Raises:
        SourceError: it is no such address.
    """
    form = "hf:org/name[@revision][:config][/split]" if kind == "data" else "hf:org/name[@revision][/file]"
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise SourceError(f"{address}: is no address of the hub; write {form}")
    if kind == "model" and parts["config"]:
        raise SourceError(f"{address}: a model has no configuration {parts['config']!r}; write {form}")
    if kind == "data" and parts["rest"] and "/" in parts["rest"]:
        raise SourceError(f"{address}: {parts['rest']!r} is no split's name; write {form}")
    return HubAddress(address, parts["repo"], parts["revision"] or "main", parts["config"], parts["rest"])
