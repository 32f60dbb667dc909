"""Tools: does the model call the right function, with the right arguments, and only where one fits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field

from seatrial import Metric, Scorer, ScorerComponent, hookimpl
from seatrial.evaluation.attempts import asks_attempts, attempt_metrics

__all__ = ["build_tool_calls", "seatrial_scorers", "tool_calls_metrics"]


def build_tool_calls(
    *,
    dotted_names: bool = True,
    answers: Annotated[int, Field(ge=1)] = 1,
    k: list[int] = [1],  # noqa: B006 - shown in the schema, never changed
    temperature: float | None = None,
    top_p: float = 1.0,
    max_new_tokens: int = 256,
    stop: list[str] | None = None,
) -> Scorer:
    """Holds the calls of tools that an answer makes against those expected, by the rules of the Berkeley Function Calling
    Leaderboard (AST evaluation).

    Args:
        dotted_names: Whether functions keep the dots in their names. False where the model is told names with underscores in
            their place, as OpenAI's API demands.
        answers: How many answers a row gets.
        k: The k of pass@k and pass^k, each up to `answers`.
        temperature: At which answers are drawn; 0 (greedy) for one answer, 0.8 for several, where nothing is said.
        top_p: The share of the probability that tokens are drawn from.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.tools.tool_calls_scorer import ToolCallsScorer

    del temperature, top_p, max_new_tokens, stop  # the probe's
    return ToolCallsScorer(answers, k, dotted=dotted_names)


def tool_calls_metrics(*, answers: int = 1, k: Sequence[int] = (1,), **_: Any) -> tuple[Metric, ...]:
    """pass@k and pass^k, and what becomes of rows that expect calls and of those that expect none."""
    told = (
        ("called", "Rows that expect calls: how many of their answers make any that can be read."),
        (
            "named",
            "Rows that expect calls: how many of their answers call the expected functions, whatever the arguments.",
        ),
        ("withheld", "Rows that expect no call (irrelevance): how many of their answers make none."),
    )
    return (
        *attempt_metrics(answers, k, "makes the expected calls"),
        *(Metric(name, name, "mean", "higher", summary, limits=(0.0, 1.0)) for name, summary in told),
    )


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """Calls, held against those expected."""
    yield ScorerComponent(
        "tool_calls",
        build_tool_calls,
        "Calls of tools that the model writes, against those that are right.",
        version="2",  # a call that cannot be read is one; objects by value
        probe="sample",
        asks=asks_attempts(256),
        dimension="accuracy",
        metrics=tool_calls_metrics,
        looks_for="wrong calls of tools",
    )
