"""Metrics of lm-eval: a number a row that gates hold, and the number of all rows that lm-eval prints."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seatrial import Metric
from seatrial.errors import StageError, UsageError, did_you_mean
from seatrial_plugins.lm_eval.task_config import MetricEntry, TaskConfig

__all__ = ["CORPUS", "Measured", "exact_match", "measured", "of_all", "sentence_score"]

_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "loglikelihood": ("perplexity", "acc"),
    "loglikelihood_rolling": ("word_perplexity", "byte_perplexity", "bits_per_byte"),
    "multiple_choice": ("acc", "acc_norm"),
    "generate_until": ("exact_match",),
}
"""What lm-eval computes where a task's file lists no metric."""

_OF: Mapping[str, frozenset[str]] = {
    "loglikelihood": frozenset({"perplexity", "acc"}),
    "loglikelihood_rolling": frozenset({"word_perplexity", "byte_perplexity", "bits_per_byte"}),
    "multiple_choice": frozenset(
        {"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "f1", "mcc", "brier_score"}
    ),
    "generate_until": frozenset({"exact_match", "bleu", "chrf", "chrf++", "ter", "bypass"}),
}

CORPUS: Mapping[str, str] = {
    "perplexity": "nll",
    "word_perplexity": "nll_per_word",
    "byte_perplexity": "nll_per_byte",
    "f1": "acc",
    "mcc": "acc",
    "bleu": "sentence_bleu",
    "chrf": "sentence_chrf",
    "chrf++": "sentence_chrf_2",
    "ter": "sentence_ter",
}
"""A metric that is no mean over rows → the mean over rows that stands for it where gates and intervals are computed."""

_SUMMARIES: Mapping[str, str] = {
    "acc": "Rows whose right option is the likeliest (lm-eval's acc); of a single continuation, rows of which each token is.",
    "acc_norm": "The same by log-likelihood a character (acc_norm).",
    "acc_bytes": "The same by log-likelihood a byte (acc_bytes).",
    "acc_mutual_info": "The same by how much the question adds to the option's log-likelihood (acc_mutual_info).",
    "exact_match": "Answers that are the right one after the task's filters (exact_match).",
    "brier_score": "Squared distance of the options' probabilities from the right answer (brier_score).",
    "nll": "Negative log-likelihood of the right text, natural log; exp of its mean is lm-eval's perplexity.",
    "nll_per_word": "Negative log-likelihood a word of all texts, natural log; exp of it is lm-eval's word_perplexity.",
    "nll_per_byte": "Negative log-likelihood a byte of all texts, natural log; exp of it is lm-eval's byte_perplexity.",
    "bits_per_byte": "Bits a byte of all texts (lm-eval's bits_per_byte).",
    "sentence_bleu": "BLEU of each answer (sacrebleu); lm-eval's bleu, of all answers together, stands in its results.",
    "sentence_chrf": "chrF of each answer (sacrebleu); lm-eval's chrf, of all answers together, stands in its results.",
    "sentence_chrf_2": "chrF++ of each answer (sacrebleu); lm-eval's chrf++ stands in its results.",
    "sentence_ter": "TER of each answer (sacrebleu); lm-eval's ter, of all answers together, stands in its results.",
}
_LOWER = frozenset(
    {"brier_score", "nll", "nll_per_word", "nll_per_byte", "bits_per_byte", "sentence_ter", "perplexity", "ter"}
    | {"word_perplexity", "byte_perplexity"}
)
_LIMITS: Mapping[str, tuple[float, float]] = {
    "brier_score": (0.0, 2.0),
    "sentence_bleu": (0.0, 100.0),
    "sentence_chrf": (0.0, 100.0),
    "sentence_chrf_2": (0.0, 100.0),
}
_SHARES = frozenset({"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match"})


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of a task under one filter."""

    name: str
    """lm-eval's."""
    filter: str
    column: str
    """Of the samples."""
    higher_is_better: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False
    """Whether the task's `process_results` gives it."""

    @property
    def of_row(self) -> str:
        """What is a mean over rows."""
        return self.name if self.own else CORPUS.get(self.name, self.name)

    def metric(self, *, weighted: bool = False) -> Metric:
        """As suites, gates and reports have it; `weighted` where tasks of a group weigh the same, whatever their rows."""
        row = self.of_row
        share = row in _SHARES and not self.own and not weighted
        # A corpus metric of its own direction stands for a mean whose direction may be another.
        better = self.higher_is_better if row == self.name else row not in _LOWER
        return Metric(
            self.column,
            self.column,
            "proportion" if share else "mean",
            "higher" if better else "lower",
            _SUMMARIES.get(row, f"{self.name}, as the task's own function gives it, mean over rows."),
            unit="nats" if row.startswith("nll") else "",
            limits=None if weighted or share else _LIMITS.get(row),
        )


def measured(task: TaskConfig) -> list[Measured]:
    """The metrics of a task, under each of its filters.

    Raises:
        UsageError: a metric is not known for what is asked, or takes no such option.
    """
    names = [name for name, _ in task.filters]
    entries = task.metrics or tuple(MetricEntry(name) for name in _DEFAULTS[task.output_type])
    own = task.get("process_results") is not None
    found = []
    for entry in entries:
        if own:
            _check_own(task, entry)
        else:
            _check(task, entry)
        for filter_name in names:
            row = entry.metric if own else CORPUS.get(entry.metric, entry.metric)
            column = re.sub(r"[^\w-]+", "_", row if filter_name == "none" else f"{row}_{filter_name}")
            better = entry.metric not in _LOWER if entry.higher_is_better is None else bool(entry.higher_is_better)
            found.append(Measured(entry.metric, filter_name, column, better, entry.options, own))
    found = [one for one in found if one.name != "bypass"]
    columns: dict[str, Measured] = {}
    for one in found:
        same = columns.setdefault(one.column, one)
        # F1 and MCC stand for accuracy where rows are counted: three metrics, one number a row.
        if same is not one and (own or same.name == one.name or (same.of_row, same.filter) != (one.of_row, one.filter)):
            raise UsageError(
                f"{task.keys.place('metric_list')}: {same.name} under the filter {same.filter!r} and {one.name} under "
                f"{one.filter!r} would be one column {one.column}; one of the two would be lost"
            )
    return found


def _check_own(task: TaskConfig, entry: MetricEntry) -> None:
    """What `process_results` gives is a number a row, of which only a mean is made here."""
    said = entry.aggregation or (entry.metric if entry.metric in CORPUS else "mean")
    if said not in {"mean", "nanmean", "bypass"}:
        raise UsageError(
            f"{task.keys.place('metric_list')}: {entry.metric} of process_results is aggregated by {said!r}, which is not followed; "
            "mean is"
        )


def _check(task: TaskConfig, entry: MetricEntry) -> None:
    place, known = task.keys.place("metric_list"), _OF[task.output_type]
    if entry.metric not in known:
        raise UsageError(
            f"{place}: the metric {entry.metric!r} is not computed for {task.output_type}"
            f"{did_you_mean(entry.metric, sorted(known))}; there are: {', '.join(sorted(known))}"
        )
    takes = {"ignore_case", "ignore_punctuation", "ignore_numbers", "regexes_to_ignore", "hf_evaluate"} | _UNREAD
    if unknown := sorted(entry.options.keys() - (takes if entry.metric == "exact_match" else _UNREAD)):
        raise UsageError(f"{place}: the metric {entry.metric} takes no option {unknown[0]!r}")
    for pattern in entry.options.get("regexes_to_ignore") or ():
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise UsageError(
                f"{place}: regexes_to_ignore: {pattern!r:.80} is no regular expression: {error}"
            ) from error
    if entry.aggregation is not None and entry.aggregation not in _AGGREGATIONS.get(entry.metric, {"mean"}):
        raise UsageError(f"{place}: {entry.metric} is not aggregated by {entry.aggregation!r} here")


_UNREAD = {"kwargs", "weight_by_size"}
"""Options that lm-eval hands to a metric that reads none."""

_AGGREGATIONS: Mapping[str, set[str]] = {
    "perplexity": {"perplexity"},
    "word_perplexity": {"weighted_perplexity"},
    "byte_perplexity": {"weighted_perplexity"},
    "bits_per_byte": {"bits_per_byte"},
    "f1": {"f1"},
    "mcc": {"matthews_corrcoef"},
    "brier_score": {"brier_score", "mean"},
    **{name: {name} for name in ("bleu", "chrf", "chrf++", "ter")},
}

_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WITHOUT_DIGITS = str.maketrans("", "", string.digits)


def exact_match(said: str, right: str, options: Mapping[str, Any]) -> bool:
    """Whether both are the same text, after what the options leave out.

    Raises:
        StageError: they leave nothing of the right one, so that every answer of which they leave nothing would be right.
    """
    asked = right
    for pattern in options.get("regexes_to_ignore") or ():
        said, right = re.sub(pattern, "", said), re.sub(pattern, "", right)
    if options.get("ignore_case"):
        said, right = said.lower(), right.lower()
    if options.get("ignore_punctuation"):
        said, right = said.translate(_WITHOUT_PUNCTUATION), right.translate(_WITHOUT_PUNCTUATION)
    if options.get("ignore_numbers"):
        said, right = said.translate(_WITHOUT_DIGITS), right.translate(_WITHOUT_DIGITS)
    if asked and not right:
        raise StageError(f"the options of exact_match leave nothing of the right answer {asked!r:.60}")
    return said == right


def sentence_score(name: str, said: str, right: Sequence[str]) -> float:
    """BLEU, chrF, chrF++ or TER of one answer, 0 to 100."""
    import sacrebleu

    score: Mapping[str, Callable[[], Any]] = {
        "bleu": lambda: sacrebleu.sentence_bleu(said, list(right)),
        "chrf": lambda: sacrebleu.sentence_chrf(said, list(right)),
        "chrf++": lambda: sacrebleu.sentence_chrf(said, list(right), word_order=2),
        "ter": lambda: sacrebleu.sentence_ter(said, list(right)),
    }
    return float(score[name]().score)


def of_all(name: str, details: Sequence[Mapping[str, Any]], values: Sequence[float], filter_name: str) -> float | None:
    """lm-eval's number of all rows, from what samples keep; None where it is not defined."""
    if name in {"perplexity", "word_perplexity", "byte_perplexity"}:
        try:
            return math.exp(sum(values) / len(values))
        except OverflowError:
            return None
    if name in {"f1", "mcc"}:
        from sklearn.metrics import f1_score, matthews_corrcoef

        gold, said = [one["gold"][0] for one in details], [one["chosen"] for one in details]
        return float((f1_score if name == "f1" else matthews_corrcoef)(gold, said))
    if name in {"bleu", "chrf", "chrf++", "ter"}:
        import sacrebleu

        said_all = [str(one["filtered"][filter_name]) for one in details]
        most = max(len(one["right"]) for one in details)
        right: list[list[Any]] = [
            [one["right"][place] if place < len(one["right"]) else None for one in details] for place in range(most)
        ]
        scores: Mapping[str, Callable[[], Any]] = {
            "bleu": lambda: sacrebleu.corpus_bleu(said_all, right),
            "chrf": lambda: sacrebleu.corpus_chrf(said_all, right),
            "chrf++": lambda: sacrebleu.corpus_chrf(said_all, right, word_order=2),
            "ter": lambda: sacrebleu.corpus_ter(said_all, right),
        }
        return float(scores[name]().score)
    return sum(values) / len(values)
