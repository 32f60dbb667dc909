"""Metrics of lm-eval: a number a row that gates hold, and the number of all rows that lm-eval prints."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from seatrial import Metric
from seatrial.errors import UsageError, did_you_mean
from seatrial_plugins.lm_eval.task_config import MetricEntry, TaskConfig

__all__ = [
    "COMPUTED_BY",
    "CORPUS",
    "Measured",
    "exact_match",
    "measured",
    "of_all",
    "sentence_score",
    "without_ignored",
]

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

COMPUTED_BY: Mapping[str, str] = {
    **dict.fromkeys(("f1", "mcc"), "sklearn"),
    **dict.fromkeys(("bleu", "chrf", "chrf++", "ter"), "sacrebleu"),
}
"""A metric → the module that computes it, where Python alone does not."""

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
    passes_nan: bool = False
    """Whether a row whose number is NaN does not count (`aggregation: nanmean`)."""

    @property
    def of_row(self) -> str:
        """What is a mean over rows."""
        return _of_row(self.name, own=self.own)

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
            f"{self.name}, as the task's own function gives it, mean over rows." if self.own else _SUMMARIES[row],
            unit="nats" if row.startswith("nll") and not self.own else "",
            limits=None if weighted or share or self.own else _LIMITS.get(row),
        )


def _of_row(metric: str, *, own: bool) -> str:
    return metric if own else CORPUS.get(metric, metric)


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
            row = _of_row(entry.metric, own=own)
            column = re.sub(r"[^\w-]+", "_", row if filter_name == "none" else f"{row}_{filter_name}")
            better = entry.metric not in _LOWER if entry.higher_is_better is None else bool(entry.higher_is_better)
            nan = entry.aggregation == "nanmean"
            found.append(Measured(entry.metric, filter_name, column, better, entry.options, own, nan))
    found = [one for one in found if one.name != "bypass"]
    _refuse_shared(task, found)
    return found


def _refuse_shared(task: TaskConfig, found: Sequence[Measured]) -> None:
    """Refuse two numbers under one name, of which the last would stand for both."""
    first: dict[str, Measured] = {}
    for one in found:
        other = first.setdefault(one.column, one)
        if (one.of_row, one.filter, one.options) != (other.of_row, other.filter, other.options):
            raise UsageError(
                f"{task.keys.place('metric_list')}: {other.name} (filter {other.filter}) and {one.name} (filter {one.filter}) are two "
                f"numbers of one name, {one.column!r}; name filters differently, and list each metric once"
            )


def _check_own(task: TaskConfig, entry: MetricEntry) -> None:
    """Refuse an aggregation of `process_results`' numbers that is no mean."""
    said = entry.aggregation or (entry.metric if entry.metric in _AGGREGATIONS else "mean")
    if said not in {"mean", "nanmean"}:
        raise UsageError(
            f"{task.keys.place('metric_list')}: {entry.metric} is aggregated by {said!r}, which is not followed where process_results "
            "gives the numbers; mean and nanmean are"
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
    _check_patterns(place, entry.options.get("regexes_to_ignore"))
    if entry.aggregation is not None and entry.aggregation not in _AGGREGATIONS.get(entry.metric, {"mean"}):
        raise UsageError(f"{place}: {entry.metric} is not aggregated by {entry.aggregation!r} here")


def _check_patterns(place: str, patterns: Any) -> None:
    if patterns is None:
        return
    if not isinstance(patterns, list | tuple) or not all(isinstance(one, str) for one in patterns):
        raise UsageError(f"{place}: regexes_to_ignore is {patterns!r:.60}; write a list of patterns")
    for one in patterns:
        try:
            re.compile(one)
        except re.error as error:
            raise UsageError(f"{place}: regexes_to_ignore: {one!r} is no pattern: {error}") from error


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
    """Whether both are the same text, after what the options leave out."""
    return without_ignored(said, options) == without_ignored(right, options)


def without_ignored(text: str, options: Mapping[str, Any]) -> str:
    """What `exact_match` compares of a text."""
    for pattern in options.get("regexes_to_ignore") or ():
        text = re.sub(pattern, "", text)
    if options.get("ignore_case"):
        text = text.lower()
    if options.get("ignore_punctuation"):
        text = text.translate(_WITHOUT_PUNCTUATION)
    if options.get("ignore_numbers"):
        text = text.translate(_WITHOUT_DIGITS)
    return text


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


def of_all(one: Measured, details: Sequence[Mapping[str, Any]], values: Sequence[float]) -> float | None:
    """lm-eval's number of all rows, from what samples keep; None where it is not defined."""
    name = "mean" if one.own else one.name
    if name in {"perplexity", "word_perplexity", "byte_perplexity"}:
        try:
            return math.exp(sum(values) / len(values))
        except OverflowError:
            return None
    if name in {"f1", "mcc"}:
        from sklearn.metrics import f1_score, matthews_corrcoef

        gold, said = [each["gold"][0] for each in details], [each["chosen"] for each in details]
        return float((f1_score if name == "f1" else matthews_corrcoef)(gold, said))
    if name in {"bleu", "chrf", "chrf++", "ter"}:
        import sacrebleu

        said_all = [_only(each["filtered"][one.filter]) for each in details]
        # Documents have different numbers of right answers; sacrebleu passes over None.
        right: Any = list(zip_longest(*(each["right"] for each in details)))
        scores: Mapping[str, Callable[[], Any]] = {
            "bleu": lambda: sacrebleu.corpus_bleu(said_all, right),
            "chrf": lambda: sacrebleu.corpus_chrf(said_all, right),
            "chrf++": lambda: sacrebleu.corpus_chrf(said_all, right, word_order=2),
            "ter": lambda: sacrebleu.corpus_ter(said_all, right),
        }
        return float(scores[name]().score)
    return sum(values) / len(values)


def _only(said: Any) -> str:
    return str(said[0] if isinstance(said, list) and len(said) == 1 else said)
