"""Answers: what components give back, held against what their protocols promise, before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from numbers import Real
from typing import Any, TypeVar

from seatrial.errors import PluginError
from seatrial.findings import Finding, Span

__all__ = ["each", "findings", "one"]

T = TypeVar("T")


def one(answer: object, kind: type[T], who: str) -> T:
    """The answer.

    Raises:
        PluginError: it is of another type.
    """
    if not isinstance(answer, kind):
        raise PluginError(f"{who} gave {_said(answer)} where it must give a {kind.__name__}")
    return answer


def each(answers: object, kind: type[T], who: str) -> Iterator[T]:
    """The answers, one after the other.

    Raises:
        PluginError: they are no series, or one is of another type.
    """
    if not isinstance(answers, Iterable):
        raise PluginError(
            f"{who} gave {_said(answers)} where it must give a series of {kind.__name__} (a list, or what it yields; an "
            "empty one where there is nothing)"
        )
    for answer in answers:
        if not isinstance(answer, kind):
            raise PluginError(f"{who} gave {_said(answer)} in a series that must be of {kind.__name__}")
        yield answer


def findings(answers: object, who: str) -> Iterator[Finding]:
    """The findings, each with fields of the types that a ledger can hold.

    Raises:
        PluginError: they are no series of findings, or a field is of another type.
    """
    for finding in each(answers, Finding, who):
        problem = _problem(finding)
        if problem:
            raise PluginError(f"{who} made a finding about row {finding.row!r}: {problem}")
        yield finding


def _problem(finding: Any) -> str:
    for name in ("row", "rule", "detail"):
        if not isinstance(value := getattr(finding, name), str):
            return f"its `{name}` is {_said(value)}, not text"
    for name in ("matched_row", "matched_text"):
        if not isinstance(value := getattr(finding, name), str | None):
            return f"its `{name}` is {_said(value)}, neither text nor None"
    score: Any = finding.score
    if isinstance(score, bool) or not isinstance(score, Real | None):
        return f"its `score` is {_said(score)}, neither a number nor None"
    if not isinstance(finding.spans, tuple | list) or not all(isinstance(span, Span) for span in finding.spans):
        return "its `spans` are no tuple of Span"
    return ""


def _said(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
