"""Extraction: texts turned into JSON of a given shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field

from seatrial import Metric, Scorer, ScorerComponent, hookimpl
from seatrial.evaluation.attempts import asks_attempts, attempt_metrics

__all__ = ["build_extraction", "extraction_metrics", "seatrial_scorers"]


def build_extraction(
    *,
    schema: dict[str, Any] | None = None,
    ignore_case: bool = False,
    answers: Annotated[int, Field(ge=1)] = 1,
    k: list[int] = [1],  # noqa: B006 - shown in the schema, never changed
    temperature: float | None = None,
    top_p: float = 1.0,
    max_new_tokens: int = 256,
    stop: list[str] | None = None,
) -> Scorer:
    """Holds JSON that the model wrote against a JSON Schema and against the expected JSON, field by field.

    Args:
        schema: The JSON Schema that answers must follow; rows may bring one of their own, `check: {kind: json_schema, code:
            "…"}`. Without any, an answer is valid where it is JSON. References to other documents are not followed.
        ignore_case: Whether texts in fields are equal without case.
        answers: How many answers a row gets.
        k: The k of pass@k and pass^k, each up to `answers`.
        temperature: At which answers are drawn; 0 (greedy) for one answer, 0.8 for several, where nothing is said.
        top_p: The share of the probability that tokens are drawn from.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.extraction.extraction_scorer import ExtractionScorer

    del temperature, top_p, max_new_tokens, stop  # the probe's
    return ExtractionScorer(schema, answers, k, ignore_case=ignore_case)


def extraction_metrics(*, answers: int = 1, k: Sequence[int] = (1,), **_: Any) -> tuple[Metric, ...]:
    """pass@k of whole answers, validity, and the fields."""
    told = (
        ("valid", "Answers that hold JSON which follows the schema."),
        (
            "field_precision",
            "Of the fields that an answer gives, those that are right; mean over rows, 0 where it holds no JSON.",
        ),
        (
            "field_recall",
            "Of the expected fields, those that an answer gives; mean over rows, 0 where it holds no JSON.",
        ),
        ("field_f1", "Harmonic mean of both for each row; mean over rows."),
    )
    return (
        *attempt_metrics(answers, k, "is valid and has every field right"),
        *(Metric(name, name, "mean", "higher", summary, limits=(0.0, 1.0)) for name, summary in told),
    )


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """Fields, held against those expected."""
    yield ScorerComponent(
        "extraction",
        build_extraction,
        "JSON that the model wrote, against its schema and the expected fields.",
        version="2",  # entries of lists as wholes; a part of broken JSON is none
        probe="sample",
        asks=asks_attempts(256),
        dimension="accuracy",
        metrics=extraction_metrics,
        libraries=("jsonschema", "referencing"),
        imports={"jsonschema": "seatrial[extraction]"},
        looks_for="wrong or missing fields in what is extracted",
    )
