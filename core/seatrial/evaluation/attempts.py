"""Attempts: several answers to one row, each right or wrong, as numbers of that row and metrics over rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import comb
from typing import Any

from seatrial.errors import UsageError
from seatrial.evaluation.scores import Metric

__all__ = ["SEVERAL", "asks_attempts", "attempt_metrics", "attempt_values", "pass_at_k", "pass_hat_k"]


SEVERAL = 0.8
"""The temperature at which several answers are drawn where a suite says none (Chen et al., 2021, for pass@100)."""


def asks_attempts(new_tokens: int) -> Callable[..., Mapping[str, Any]]:
    """What a scorer of several answers asks of the probe `sample`, by its own options.

    Args:
        new_tokens: where an answer is cut off, if the suite does not say.
    """

    def asks(
        *,
        answers: int = 1,
        temperature: float | None = None,
        top_p: float = 1.0,
        max_new_tokens: int = new_tokens,
        stop: Sequence[str] | None = None,
        **_: Any,
    ) -> Mapping[str, Any]:
        return {
            "answers": answers,
            "temperature": temperature if temperature is not None else SEVERAL if answers > 1 else 0.0,
            "top_p": top_p,
            "max_new_tokens": max_new_tokens,
            "stop": stop,
        }

    return asks


def pass_at_k(answers: int, right: int, k: int) -> float:
    """How likely at least one of k answers is right, without bias (Chen et al., 2021, equation 1): 1 - C(n-c, k) / C(n, k).

    Raises:
        ValueError: k is not from 1 to the number of answers, or more are right than there are.
    """
    _check(answers, right, k)
    return 1 - comb(answers - right, k) / comb(answers, k)


def pass_hat_k(answers: int, right: int, k: int) -> float:
    """How likely all of k answers are right, without bias (Yao et al., tau-bench, 2024): C(c, k) / C(n, k).

    Raises:
        ValueError: k is not from 1 to the number of answers, or more are right than there are.
    """
    _check(answers, right, k)
    return comb(right, k) / comb(answers, k)


def _check(answers: int, right: int, k: int) -> None:
    if not 1 <= k <= answers or not 0 <= right <= answers:
        raise ValueError(f"{right} of {answers} answers are right, and k is {k}: k is 1 to {answers}")


def attempt_metrics(answers: int, k: Sequence[int], what: str) -> tuple[Metric, ...]:
    """Metrics of rows that are answered several times.

    Args:
        answers: how many answers a row gets.
        k: the k of pass@k and pass^k; 1 is of both the same, and is there in any case.
        what: what an answer does that is right: `passes its tests`.

    Raises:
        UsageError: a k that is not from 1 to `answers`.
    """
    if wrong := [one for one in k if not 1 <= one <= answers]:
        raise UsageError(f"k is {wrong[0]}, and each row gets {answers} answers: k is 1 to {answers}; raise `answers`")
    if answers == 1:
        return (Metric("pass@1", "pass@1", "proportion", "higher", f"Rows whose answer {what}."),)
    found = [
        Metric(
            "pass@1", "pass@1", "mean", "higher", f"How likely an answer {what}: the mean over rows.", limits=(0.0, 1.0)
        )
    ]
    for one in sorted({*k} - {1}):
        found += [
            Metric(
                f"pass@{one}",
                f"pass@{one}",
                "mean",
                "higher",
                f"How likely at least one of {one} answers {what}, without bias (Chen et al., 2021); mean over rows.",
                limits=(0.0, 1.0),
            ),
            Metric(
                f"pass^{one}",
                f"pass^{one}",
                "mean",
                "higher",
                f"How likely each of {one} answers {what}, without bias (Yao et al., tau-bench, 2024); mean over rows.",
                limits=(0.0, 1.0),
            ),
        ]
    return (
        *found,
        Metric(
            "flaky",
            "flaky",
            "proportion",
            "lower",
            f"Rows of whose {answers} answers some are right and some wrong.",
        ),
        Metric(
            "answer_variance",
            "answer_variance",
            "mean",
            "lower",
            "The variance of right (1) and wrong (0) among answers to the same row, c(n - c) / (n(n - 1)), at most 0.5; mean "
            "over rows. Divided by the answers a row gets, it is their part of the error of pass@1 (Miller, 2024).",
            limits=(0.0, 0.5),
        ),
    )


def attempt_values(right: Sequence[bool], k: Sequence[int]) -> dict[str, float]:
    """The columns of `attempt_metrics` for one row."""
    n, c = len(right), sum(right)
    if n == 1:
        return {"pass@1": float(c)}
    found = {"pass@1": c / n, "flaky": float(0 < c < n), "answer_variance": c * (n - c) / (n * (n - 1))}
    for one in sorted({*k} - {1}):
        found |= {f"pass@{one}": pass_at_k(n, c, one), f"pass^{one}": pass_hat_k(n, c, one)}
    return found
