"""lm-eval's task files, unchanged: what they ask, how it is judged, and results as lm-eval writes them.

The package lm_eval is never imported; its task files are read as files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from seatrial import Component, Metric, ProbeComponent, Scorer, ScorerComponent, hookimpl
from seatrial.evaluation.probe import Probe
from seatrial.runs.result import Report

__all__ = ["build_probe", "build_scorer", "seatrial_probes", "seatrial_reports", "seatrial_scorers", "tasks_of"]


def build_scorer(
    *,
    task: str,
    tasks: str = "",
    rows: dict[str, Any] = {},  # noqa: B006 - shown in the schema, never changed
    num_fewshot: Annotated[int, Field(ge=0)] | None = None,
    fewshot_seed: int = 1234,
    limit: Annotated[int, Field(ge=1)] | None = None,
    functions: list[str] = [],  # noqa: B006
) -> Scorer:
    """Asks what a task file of lm-eval asks, and judges as it says: no chat template, the file's few-shot examples and metrics.

    Args:
        task: a task file, `path:FILE.yaml` or `package:lm_eval/tasks/….yaml`; or the name of a task, a group or a tag in
            the folder `tasks`.
        tasks: the folder in which names are looked up, such as `package:lm_eval/tasks/mmlu`.
        rows: where the rows lie, for tasks whose rows come from a hub: `{test: path:arc/test.jsonl, train: path:…}`, by the
            names of the task's splits; or such a mapping for each task of a group. `{task}` and `{dataset_name}` in an address
            stand for the task's.
        num_fewshot: how many examples stand before each question; as the file says if absent.
        fewshot_seed: the seed by which examples are drawn; lm-eval's own is 1234.
        limit: only so many documents of each task, from the first.
        functions: the Python files beside the task file whose functions (`!function`) may run, such as `arc/utils.py`.
    """
    from seatrial_plugins.lm_eval.scorer import TaskScorer

    return TaskScorer(tasks_of(task, tasks, rows, num_fewshot, fewshot_seed, limit, functions))


def build_probe(
    *,
    task: str,
    tasks: str = "",
    rows: dict[str, Any] = {},  # noqa: B006
    num_fewshot: Annotated[int, Field(ge=0)] | None = None,
    fewshot_seed: int = 1234,
    limit: Annotated[int, Field(ge=1)] | None = None,
    functions: list[str] = [],  # noqa: B006
    digests: dict[str, str] = {},  # noqa: B006
) -> Probe:
    """Asks what a task file of lm-eval asks, in plain text.

    Args:
        task: as for the scorer.
        tasks: as for the scorer.
        rows: as for the scorer.
        num_fewshot: as for the scorer.
        fewshot_seed: as for the scorer.
        limit: as for the scorer.
        functions: as for the scorer.
        digests: of the files that are read, so that what was asked of other ones is not taken for it.
    """
    from seatrial_plugins.lm_eval.probe import PlainTextProbe

    return PlainTextProbe(tasks_of(task, tasks, rows, num_fewshot, fewshot_seed, limit, functions), digests)


def tasks_of(
    task: str,
    tasks: str = "",
    rows: Mapping[str, Any] | None = None,
    num_fewshot: Annotated[int, Field(ge=0)] | None = None,
    fewshot_seed: int = 1234,
    limit: int | None = None,
    functions: Sequence[str] = (),
) -> Any:
    """The tasks that a suite's entry names; their rows are not read."""
    from seatrial_plugins.lm_eval.items import Settings
    from seatrial_plugins.lm_eval.task_set import TaskSet

    settings = Settings(dict(rows or {}), num_fewshot, fewshot_seed, limit, tuple(functions))
    return TaskSet.of(task, tasks, settings)


def metrics_of(**options: Any) -> tuple[Metric, ...]:
    """Those of the task file, or of all tasks of a group."""
    metrics: tuple[Metric, ...] = tasks_of(**options).metrics
    return metrics


def _imports(**options: Any) -> Mapping[str, str]:
    """What the task's metrics are computed with, and what its regular expressions are run by."""
    from seatrial_plugins.lm_eval.task_metrics import COMPUTED_BY

    names = {one.name for each in tasks_of(**options).measured.values() for one in each}
    return {"regex": "seatrial[train]", **{COMPUTED_BY[name]: "seatrial[train]" for name in names & COMPUTED_BY.keys()}}


def _asks(**options: Any) -> Mapping[str, Any]:
    """The same, and the digests of the files."""
    return {**options, "digests": tasks_of(**options).reads}


def build_results() -> Report:
    """Results and samples in lm-eval's format."""
    from seatrial_plugins.lm_eval.results_file import ResultsFiles

    return ResultsFiles()


def build_every_eval_ever() -> Report:
    """Results in the schema of Every Eval Ever."""
    from seatrial_plugins.lm_eval.every_eval_ever import EveryEvalEver

    return EveryEvalEver()


@hookimpl
def seatrial_probes() -> Iterable[ProbeComponent[Probe]]:
    """Plain text."""
    yield ProbeComponent(
        "lm_eval",
        build_probe,
        "What an lm-eval task file asks, in plain text: log-likelihoods of continuations and of texts, and generation.",
        needs=frozenset({"completes"}),
        piece=512,
        version="2",
        libraries=("jinja2", "regex", "pyarrow", "pandas"),
    )


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """One for every task file."""
    yield ScorerComponent(
        "lm_eval",
        build_scorer,
        "A task file of the LM Evaluation Harness, unchanged: its questions, examples, filters and metrics.",
        probe="lm_eval",
        asks=_asks,
        dimension="accuracy",
        metrics=metrics_of,
        version="2",
        brings_rows=True,
        comparable=True,
        imports=_imports,
        looks_for="wrong answers to a public benchmark's questions",
        libraries=("jinja2", "regex", "pyarrow", "pandas", "sacrebleu", "scikit-learn"),
    )


@hookimpl
def seatrial_reports() -> Iterable[Component[Report]]:
    """Two formats that others read."""
    yield Component(
        "lm-eval", build_results, "results_….json and samples_….jsonl: scores and samples as lm-eval writes them."
    )
    yield Component(
        "every-eval-ever", build_every_eval_ever, "every-eval-ever/….json: scores in the schema of Every Eval Ever, a file a system."
    )  # fmt: skip
