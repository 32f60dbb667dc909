"""Code: programs that a model wrote, run against tests in a sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from seatrial import Metric, Scorer, ScorerComponent, hookimpl
from seatrial.errors import UsageError
from seatrial.evaluation.attempts import asks_attempts, attempt_metrics

__all__ = ["build_code", "code_metrics", "seatrial_scorers"]


def build_code(
    *,
    allow_code: bool = False,
    sandbox: Literal["namespaces", "limits"] = "namespaces",
    seconds: Annotated[float, Field(gt=0, le=600)] = 3.0,
    memory_mb: Annotated[int, Field(ge=64)] = 1024,
    processes: Annotated[int, Field(ge=1)] = 16,
    answers: Annotated[int, Field(ge=1)] = 1,
    k: list[int] = [1],  # noqa: B006 - shown in the schema, never changed
    temperature: float | None = None,
    top_p: float = 1.0,
    max_new_tokens: int = 512,
    stop: list[str] | None = None,
) -> Scorer:
    """Runs the program of each answer and its row's tests.

    Args:
        allow_code: Programs that a model wrote are run where the suite says true here, and refused else.
        sandbox: `namespaces`: no network, nothing writable but an empty folder of memory, no other process to be seen (Linux).
            `limits`: processor time, memory, file size and processes alone, on machines without namespaces; what programs read,
            write and send is then not contained.
        seconds: Of processor time for a program; three times as many on the clock.
        memory_mb: Of addresses, for each of its processes.
        processes: How many processes and threads a program may have.
        answers: How many answers a row gets.
        k: The k of pass@k and pass^k, each up to `answers`.
        temperature: At which answers are drawn; 0 (greedy) for one answer, 0.8 for several, where nothing is said.
        top_p: The share of the probability that tokens are drawn from.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.code.code_scorer import CodeScorer
    from seatrial_plugins.code.sandbox import Limits, Sandbox

    del temperature, top_p, max_new_tokens, stop  # the probe's
    if not allow_code:
        raise UsageError(
            "code: it runs programs that a model wrote, which the suite has to allow: `code: {allow_code: true}`"
        )
    return CodeScorer(
        Sandbox(sandbox, Limits(seconds=seconds, memory=memory_mb << 20, processes=processes)), answers, k
    )


def code_metrics(*, answers: int = 1, k: Sequence[int] = (1,), **_: Any) -> tuple[Metric, ...]:
    """pass@k, and of several answers pass^k and how much they differ."""
    return attempt_metrics(answers, k, "passes its tests")


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """Tests, run."""
    yield ScorerComponent(
        "code",
        build_code,
        "Programs that the model wrote, run against the row's tests in a sandbox (pass@k).",
        version="2",  # programs are compiled as files are; tests that test nothing are errors
        probe="sample",
        asks=asks_attempts(512),
        dimension="accuracy",
        metrics=code_metrics,
        looks_for="programs that fail their tests",
    )
