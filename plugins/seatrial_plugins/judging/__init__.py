"""Judging: another model says how good an answer is, and is itself held against human labels.

    score:
      - judge:
          judge: {source: "openai:http://localhost:8000/v1#judge"}
          criteria: {answers: "The reply answers what was asked.", polite: "The reply is polite."}
          passing: 4
          humans: {labelled: {source: "path:labelled.jsonl"}}     # prompt, completion, label: true or false
      - judge_pairs: {judge: {source: "python:judges:make"}, criterion: "Which reply helps more?", against: base}

The judge is any model that a suite could put on trial and that writes: an endpoint, a callable, weights. What it is asked and
what it says stand in the samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from seatrial import Benchmark, Metric, Scorer, ScorerComponent, Use, hookimpl
from seatrial.model import Asked

__all__ = ["judge", "judge_metrics", "judge_pairs", "pair_metrics", "seatrial_scorers"]


def judge(
    *,
    judge: Asked,
    criteria: Annotated[dict[str, str], Field(min_length=1)],
    scale: tuple[int, int] = (1, 5),
    passing: int | None = None,
    reference: bool = False,
    humans: Mapping[str, Benchmark] = {},
    judge_tokens: Annotated[int, Field(ge=8)] = 512,
    max_new_tokens: int = 64,
    stop: list[str] | None = None,
) -> Scorer:
    """Has a judge grade each answer by a rubric; an answer of the judge that names no grade is an error, not a grade.

    Args:
        judge: the judge as `model:` says one: `{source: …, loader: …}` with the loader's options.
        criteria: a criterion's name → what it asks for. Each is asked by itself.
        scale: the worst and the best grade, whole numbers.
        passing: the grade from which on an answer passes, by every criterion; the best one if absent.
        reference: whether the judge is shown the row's expected answer; a row without one is then an error. Not beside `humans`,
            whose rows have none: the judge's errors would be those of another question.
        humans: rows with one answer each that people found good or bad (`prompt`, `completion`, `label`: true or false; another
            column's name under `columns: {label: …}`). The judge is asked about them too, and its errors are measured.
        judge_tokens: Where an answer of the judge is cut off.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.judging.asking import Asking
    from seatrial_plugins.judging.rubric import Rubric, passing_grade
    from seatrial_plugins.judging.rubric_scorer import RubricScorer

    del max_new_tokens, stop  # the probe's
    least = passing_grade(criteria, scale, passing)
    rubric = Rubric(criteria, *scale, reference=reference)
    return RubricScorer(
        Asking(judge, judge_tokens), rubric, least, [row for one in humans.values() for row in one.items]
    )


def judge_metrics(
    *,
    judge: Mapping[str, Any],
    criteria: Mapping[str, str],
    scale: Sequence[int] = (1, 5),
    passing: int | None = None,
    humans: Mapping[str, Any] | None = None,
    **_: Any,
) -> tuple[Metric, ...]:
    """How many answers pass, and the mean grade by each criterion."""
    from seatrial_plugins.judging.rubric import passing_grade

    low, high = scale
    least = passing_grade(criteria, scale, passing)
    who = judge.get("source", "the judge")
    errors = (
        "uncorrected; the corrected rate stands beside it in the report"
        if humans
        else "uncorrected: nothing says how often the judge errs"
    )
    every = "every criterion" if len(criteria) > 1 else "the criterion"
    return (
        Metric(
            "passed",
            "passed",
            "proportion",
            "higher",
            f"Answers that {who} grades {least} or better by {every} ({errors}).",
        ),
        *(
            Metric(
                name,
                f"grade:{name}",
                "mean",
                "higher",
                f"The mean grade, {low} to {high}, that {who} gives for: {asks}",
                limits=(float(low), float(high)),
            )
            for name, asks in criteria.items()
        ),
    )


def judge_pairs(
    *,
    judge: Asked,
    criterion: str = "Which reply answers the user better?",
    against: str = "base",
    humans: Mapping[str, Benchmark] = {},
    judge_tokens: Annotated[int, Field(ge=8)] = 512,
    max_new_tokens: int = 64,
    stop: list[str] | None = None,
) -> Scorer:
    """Has a judge choose between a system's answer and another system's, in both orders; only what it says in both is a win.

    Args:
        judge: the judge as `model:` says one: `{source: …, loader: …}` with the loader's options.
        criterion: what the judge is asked of two answers.
        against: the name of the other system: `base`, `base-4shot`, a baseline's.
        humans: rows of two answers of which people preferred one (`prompt`, `chosen`, `rejected`). The judge is asked about
            them too, and its agreement is measured.
        judge_tokens: Where an answer of the judge is cut off.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.judging.asking import Asking
    from seatrial_plugins.judging.pair_scorer import PairScorer

    del max_new_tokens, stop  # the probe's
    return PairScorer(
        Asking(judge, judge_tokens), criterion, against, [row for one in humans.values() for row in one.items]
    )


def pair_metrics(*, judge: Mapping[str, Any], against: str = "base", **_: Any) -> tuple[Metric, ...]:
    """How often the system wins, and how often the judge says another thing in the other order."""
    who = judge.get("source", "the judge")
    return (
        Metric(
            "win_rate",
            "won",
            "mean",
            "higher",
            f"Wins against {against} by {who}, ties as a half; what it says in one order only is a tie (uncorrected).",
            limits=(0.0, 1.0),
        ),
        Metric(
            "inconsistent",
            "inconsistent",
            "proportion",
            "lower",
            f"Pairs of which {who} names another winner when their order is changed.",
        ),
    )


def _generate(*, max_new_tokens: int = 64, stop: Sequence[str] | None = None, **_: Any) -> Mapping[str, Any]:
    """What both ask."""
    return {"max_new_tokens": max_new_tokens, "stop": stop}


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """A judge by rubric, and one of pairs."""
    uses = {"judge": Use("model"), "humans": Use("benchmarks")}
    yield ScorerComponent(
        "judge",
        judge,
        "Another model grades each answer by a rubric; measured against human labels where there are any.",
        uses=uses,
        probe="generate",
        asks=_generate,
        dimension="accuracy",
        metrics=judge_metrics,
        looks_for="answers that a judge finds bad",
    )
    yield ScorerComponent(
        "judge_pairs",
        judge_pairs,
        "Another model chooses between a system's answer and another system's, in both orders.",
        uses=uses,
        probe="generate",
        asks=_generate,
        dimension="accuracy",
        metrics=pair_metrics,
        looks_for="answers that a judge finds worse than another system's",
    )
