"""Secrets: a suite is kept in its run folder and handed on with it, so what is secret may not stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from seatrial.suite.yaml_lines import KeyPath

__all__ = ["as_kept", "hidden", "refusal", "secrets_in", "without_secrets"]

_NAMES = re.compile(
    r"(?i)(?:.*_)?(?:api_?key|password|passwd|client_secret|secret_key|secret_access_key|private_key|api_secret|access_token"
    r"|auth_token|hf_token|bearer|authorization)"
)
"""Keys whose value is one. `pad_token` and its like name no secret, and `api_key_env` names a variable."""

_NAMES_A_VARIABLE = re.compile(r"(?i)(?:.*_)?(?:key|token|secret|password|passwd)_env")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
"""Upper case only, as such variables are written: what else stands there may be the key itself."""

_IN_TEXT = (
    (
        re.compile(
            # Up to the last @ before the path; or, as SQLAlchemy reads them, with a password that holds `/`, `?` or `#`. What
            # follows a host's port is none: `http://localhost:8000/v1#org/name@main`.
            r"(?<=://)(?:[^/?#\s]+|[^:/?#@\[\s]*:(?!\d*[/?#])\S*|(?<!http://)(?<!https://)[^:/?#@\[\s]*:\S*)(?=@)"
        ),
        "a user name or password",
    ),
    (re.compile(r"(?i)(?<=[?&])(?:[\w-]*(?:token|secret|password|api_?key|signature)|sig|key)=[^&#\s]+"), "a key"),
    (
        re.compile(
            r"\b(?:hf_[A-Za-z]{30,}|sk-(?:[a-z]+-(?:v1-)?)?[A-Za-z0-9_]{20,}|sk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,}"
            r"|[rs]k_live_\w{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|nvapi-[\w-]{20,}|pplx-[A-Za-z0-9]{30,}"
            r"|r8_[A-Za-z0-9]{30,}|fw_[A-Za-z0-9]{20,}|tgp_v1_[\w-]{20,}|dapi[0-9a-f]{32}|gh[pousr]_[A-Za-z0-9]{30,}"
            r"|github_pat_\w{30,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}|dckr_pat_[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
            r"|xox[abcprs]-[\w-]{10,}|AIza[\w-]{35}|ya29\.[\w-]{20,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"
        ),
        "an access token",
    ),
    (re.compile(r"(?i)\b(?:bearer|basic)\s+(?=\S*\d)[\w.~+/=-]{12,}"), "a header that holds a key"),
)
"""What a secret looks like in an address, an option or an error."""

_HEADER = re.compile(r"(?i)\s*(?:[\w-]+\s*:\s*)?(?:bearer|basic)\s+\S+\s*")
"""Of a text with white space, the only kind that is looked at."""

_HIDDEN = "***"


def secrets_in(data: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Where a suite holds a secret, and what kind of one.

    Texts with white space, such as system prompts, are not looked at, but
    for a header of a request.
    """
    if isinstance(data, Mapping):
        for name, value in data.items():
            if isinstance(value, str) and value and isinstance(name, str) and _NAMES.fullmatch(name):
                yield (*path, name), "a secret by its key"
            elif _is_no_variable(name, value):
                yield (
                    (*path, name),
                    "what is no environment variable's name (capital letters) and may be the key itself",
                )
            else:
                yield from secrets_in(value, (*path, name))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from secrets_in(value, (*path, place))
    elif isinstance(data, str) and _HEADER.fullmatch(data):
        yield path, "a header that holds a key"
    elif isinstance(data, str) and len(data.split(None, 1)) == 1:
        found = next((what for pattern, what in _IN_TEXT if pattern.search(data)), None)
        if found:
            yield path, found


def _is_no_variable(name: object, value: object) -> bool:
    if not isinstance(value, str) or not isinstance(name, str) or not _NAMES_A_VARIABLE.fullmatch(name):
        return False
    return value != "" and not _VARIABLE.fullmatch(value)


def without_secrets(argument: str) -> str:
    """A command line's argument as it may be shown and kept."""
    key, equals, _ = argument.partition("=")
    if equals and _NAMES.fullmatch(re.split(r"[.\s]", key)[-1].lstrip("-").replace("-", "_")):
        return f"{key}={_HIDDEN}"
    for pattern, _ in _IN_TEXT:
        argument = pattern.sub(_HIDDEN, argument)
    return argument


def hidden(value: object) -> object:
    """A value as it may be sent to others: what looks like a secret is ***, wherever it stands."""
    if isinstance(value, Mapping):
        return {
            name: _HIDDEN
            if (isinstance(held, str) and held and isinstance(name, str) and _NAMES.fullmatch(name))
            or _is_no_variable(name, held)
            else hidden(held)
            for name, held in value.items()
        }
    if isinstance(value, list | tuple):
        return [hidden(held) for held in value]
    if isinstance(value, str):
        for pattern, _ in _IN_TEXT:
            value = pattern.sub(_HIDDEN, value)
    return value


def refusal(what: str) -> str:
    """What is said of one."""
    return (
        f"holds {what}, and the suite is kept in the run folder and its reports; leave it to the environment "
        "(`api_key_env`, and what else ends in `_env`, names a variable; HF_TOKEN is read for `hf:`)"
    )


def as_kept(command: Iterable[str]) -> list[str]:
    """A command line as a manifest keeps it."""
    return [without_secrets(argument) for argument in command]
