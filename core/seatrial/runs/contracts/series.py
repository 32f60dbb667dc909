"""Series and mappings of one type, and how one of another type is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from types import NoneType
from typing import Any, TypeVar

from seatrial.errors import ContractError

__all__ = ["each", "mapping", "not_numbers", "one", "said"]

T = TypeVar("T")


def one(answer: object, kind: type[T], who: str) -> T:
    """The answer.

    Raises:
        ContractError: it is of another type.
    """
    if not isinstance(answer, kind):
        raise ContractError(f"{who} gave {said(answer)} where it must give a {kind.__name__}")
    return answer


def each(answers: object, kind: type[T], who: str) -> Iterator[T]:
    """The answers, one after the other.

    Raises:
        ContractError: they are no series, or one is of another type.
    """
    if not isinstance(answers, Iterable):
        raise ContractError(
            f"{who} gave {said(answers)} where it must give a series of {kind.__name__} (a list, or what it yields; an "
            "empty one where there is nothing)"
        )
    for answer in answers:
        if not isinstance(answer, kind):
            raise ContractError(f"{who} gave {said(answer)} in a series that must be of {kind.__name__}")
        yield answer


def mapping(answer: object, who: str) -> Mapping[Any, Any]:
    """The answer, a mapping.

    Raises:
        ContractError: it is none.
    """
    return one(answer, Mapping, who)  # type: ignore[type-abstract]  # instances are asked for, and none is made


def not_numbers(values: Mapping[Any, Any], name: str, *, missing: bool) -> str:
    """What is wrong with the values of a record that must be numbers (or None, where they may be missing); "" where nothing is."""
    for key, value in values.items():
        if not isinstance(key, str):
            return f"its `{name}` have {said(key)} for a name"
        if not isinstance(value, (float, Real, NoneType) if missing else (float, Real)) or value.__class__ is bool:
            return f"its `{name}` say {said(value)} for {key!r}, not a number"
        try:
            float(0 if value is None else value)
        except OverflowError:
            return f"its `{name}` say for {key!r} a number that is too large to hold"
    return ""


def said(value: object) -> str:
    """What a value is, in words."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
