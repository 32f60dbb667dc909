"""Repeated: the same question asked several times; how often, and how reliably, is the answer right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field

from seatrial import Metric, Scorer, ScorerComponent, hookimpl
from seatrial.evaluation.attempts import asks_attempts, attempt_metrics
from seatrial.evaluation.matching import Match

__all__ = ["build_repeated", "repeated_metrics", "seatrial_scorers"]


def build_repeated(
    *,
    match: Match = "contains",
    answers: Annotated[int, Field(ge=1)] = 5,
    k: list[int] = [1, 3],  # noqa: B006 - shown in the schema, never changed
    temperature: float | None = None,
    top_p: float = 1.0,
    max_new_tokens: int = 64,
    stop: list[str] | None = None,
) -> Scorer:
    """Draws several answers a row and holds each against the expected one.

    Args:
        match: When an answer is right: `contains` the words of a reference, is `exact` the reference, or its last `number` is
            the reference's last.
        answers: How many answers a row gets.
        k: The k of pass@k and pass^k, each up to `answers`.
        temperature: At which answers are drawn; 0.8 where nothing is said.
        top_p: The share of the probability that tokens are drawn from.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.repeated.repeated_scorer import RepeatedScorer

    del temperature, top_p, max_new_tokens, stop  # the probe's
    return RepeatedScorer(match, answers, k)


def repeated_metrics(*, answers: int = 5, k: Sequence[int] = (1, 3), **_: Any) -> tuple[Metric, ...]:
    """pass@k and pass^k, and how much answers to one row differ."""
    return attempt_metrics(answers, k, "is right")


def _asks(*, answers: int = 5, **options: Any) -> Any:
    """What `repeated` asks."""
    return asks_attempts(64)(answers=answers, **options)


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """Several answers to a row."""
    yield ScorerComponent(
        "repeated",
        build_repeated,
        "Several answers to each row: how many are right, and whether all are (pass@k, pass^k).",
        version="2",  # numbers as they are written; reasoning is no answer
        probe="sample",
        asks=_asks,
        dimension="accuracy",
        metrics=repeated_metrics,
        looks_for="answers that are right only sometimes",
    )
