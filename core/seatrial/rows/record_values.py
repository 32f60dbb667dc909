"""The values of a record: each as the type that a format needs, or an error that says which key holds what instead.

Errors quote names of keys and roles, and nothing that could be what somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from seatrial.rows.format_error import FormatError

__all__ = [
    "list_of",
    "mapping_of",
    "name_of",
    "need",
    "optional_name",
    "optional_text",
    "quoted_key",
    "quoted_keys",
    "text_of",
    "type_in_words",
    "wrong_role",
]

_SURROGATE = re.compile("[\ud800-\udfff]")
_ROLE_NAME = re.compile(r"[a-z_]{1,20}")
_KEY_NAME = re.compile(r"[^\W\d][\w .:/()#-]{0,39}")


def need(record: Mapping[Any, Any], key: str, where: str = "") -> Any:
    """What stands under a key that must be there. `where` is the record's place, "" for the whole record."""
    if key not in record:
        place = f"`{where}` has no key" if where else "the record has no key"
        raise FormatError(f"{place} `{key}`; its keys are {quoted_keys(record)}", rule="missing-key")
    return record[key]


def text_of(value: object, where: str) -> str:
    """A text that can be stored."""
    if not isinstance(value, str):
        raise FormatError(f"`{where}` is {type_in_words(value)}, not text", rule="wrong-type")
    broken = _SURROGATE.search(value)
    if broken:
        raise FormatError(f"`{where}` holds a lone surrogate at character {broken.start() + 1}", rule="wrong-text")
    return value


def optional_text(record: Mapping[Any, Any], key: str) -> str:
    """A text; "" where the key is missing or null."""
    value = record.get(key)
    return "" if value is None else text_of(value, key)


def optional_name(record: Mapping[Any, Any], key: str) -> str:
    """A name; "" where the key is missing or null."""
    value = record.get(key)
    return "" if value is None else name_of(value, key)


def name_of(value: object, where: str, *, numbers: bool = False) -> str:
    """A name: text, a whole number, or a truth value (`true`, `false`, as JSON writes them).

    1.0 is 1: a column of whole numbers in which one is missing becomes one of fractions on its way through pandas. With
    `numbers`, any number is taken, as it is written.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and not numbers:
        value = int(value)
    if isinstance(value, int) or (numbers and isinstance(value, float) and value - value == 0):
        try:
            return str(value)
        except ValueError as error:
            raise FormatError(f"`{where}` is a number of too many digits", rule="wrong-type") from error
    if isinstance(value, str):
        return text_of(value, where)
    accepted = "text, a number or a truth value" if numbers else "text, a whole number or a truth value"
    raise FormatError(f"`{where}` is {type_in_words(value)}, not {accepted}", rule="wrong-type")


def list_of(value: object, where: str) -> list[Any]:
    """A list of anything."""
    if not isinstance(value, list):
        raise FormatError(f"`{where}` is {type_in_words(value)}, not a list", rule="wrong-type")
    return value


def mapping_of(value: object, where: str) -> Mapping[Any, Any]:
    """A mapping of anything."""
    if not isinstance(value, Mapping):
        raise FormatError(f"`{where}` is {type_in_words(value)}, not a mapping of keys to values", rule="wrong-type")
    return value


def wrong_role(where: str, role: object, known: Collection[str]) -> FormatError:
    """The error that a role is none of the known ones."""
    if not isinstance(role, str):
        return FormatError(f"`{where}` is {type_in_words(role)}, not a role", rule="wrong-role")
    # A capitalised word may be a speaker's name, a personal datum; a word in lower case is a role that somebody made up.
    quoted = role.lower() in known or _ROLE_NAME.fullmatch(role)
    said = repr(role) if quoted else "(not a role's name)"
    return FormatError(f"`{where}` is {said}; known roles are {', '.join(known)}", rule="wrong-role")


def type_in_words(value: object) -> str:
    """`null`, `a text`, `a list`, …: what a value is, without what it says."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a truth value"
    kinds: Mapping[type, str] = {str: "text", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def quoted_key(key: object) -> str:
    """A key as it may be quoted: what doesn't look like a name could be what somebody wrote."""
    return repr(key) if isinstance(key, str) and _KEY_NAME.fullmatch(key) else "(not a name)"


def quoted_keys(record: Mapping[Any, Any]) -> str:
    """The keys of a record, as far as they may be quoted."""
    shown = [quoted_key(key) for key in record]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return (", ".join(shown[:12]) or "none") + more
