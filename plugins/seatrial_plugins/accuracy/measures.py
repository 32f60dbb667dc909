"""The metrics of generated text that a suite may name, and what is known of each before a run; imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from seatrial import Metric
from seatrial.errors import UsageError, did_you_mean
from seatrial_plugins.accuracy.measure import Measure
from seatrial_plugins.accuracy.named_module import module_measure

__all__ = ["BUILT_IN", "chosen_measures", "imports_of"]

_SHARE = (0.0, 1.0)
_HUNDRED = (0.0, 100.0)


@dataclass(frozen=True, slots=True)
class _BuiltIn:
    module: str
    summary: str
    limits: tuple[float, float] | None = _SHARE
    options: Mapping[str, type | tuple[Any, ...]] = field(default_factory=dict)
    """Option → its type, or the values that it may have."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    needs: str = ""
    """The module that it imports beside `evaluate`."""
    columns: tuple[str, ...] = ()
    """Of a metric of a corpus: what is counted of each answer."""
    statistic: str = ""
    """Of a metric of a corpus: what makes one number of these counts."""

    def measure(self, name: str, options: Mapping[str, Any]) -> Measure:
        kind: Literal["mean", "proportion", "corpus"] = "proportion" if self.limits is None else "mean"
        # A unit keeps a score below 1 of 100 from being shown as a share.
        unit = "points" if self.limits == _HUNDRED else ""
        metric = Metric(name, name, kind, "higher", self.summary, unit, limits=self.limits)
        if self.columns:
            first, *others = self.columns
            metric = replace(metric, column=first, kind="corpus", statistic=self.statistic, also=tuple(others))
        return Measure(metric, self.module, name, self.columns, {**self.fixed, **options})


_ROUGE = (
    "of answer and reference (Lin, 2004; tokens of the package rouge_score, of other scripts than Latin seatrial's), 0 to 1; "
    "mean over answers, of several references the best."
)

_BLEU_COUNTS = (
    *(f"bleu_matched_{order}" for order in range(1, 5)),
    *(f"bleu_ngrams_{order}" for order in range(1, 5)),
    "bleu_said",
    "bleu_expected",
)
"""What `CorpusBleu` counts of each answer, in the order in which the statistic reads it."""

BUILT_IN: Mapping[str, _BuiltIn] = {
    "exact_match": _BuiltIn(
        "ExactMatch",
        "Answers equal to a reference, white space at the ends aside (exact_match of evaluate); an empty answer never is.",
        None,
        {"regexes_to_ignore": list, "ignore_case": bool, "ignore_punctuation": bool, "ignore_numbers": bool},
    ),
    "squad_exact_match": _BuiltIn(
        "SquadExactMatch",
        "Answers equal to a reference once case, punctuation and English articles are left aside, so that 5 equals -5 "
        "(Rajpurkar et al., SQuAD, 2016).",
        None,
    ),
    "squad_f1": _BuiltIn(
        "SquadF1",
        "F1 of the words of answer and reference, without case, punctuation and English articles (Rajpurkar et al., SQuAD, "
        "2016), 0 to 1; mean over answers, of several references the best.",
    ),
    "token_f1": _BuiltIn(
        "TokenF1",
        "Harmonic mean of precision and recall over the tokens that answer and reference share (after Rajpurkar et al., "
        "SQuAD, 2016; signs, decimals and C# are kept, and scripts without spaces count by characters), 0 to 1; mean over "
        "answers, of several references the best.",
    ),
    "rouge1": _BuiltIn(
        "Rouge",
        f"F-measure of the words {_ROUGE}",
        options={"use_stemmer": bool},
        fixed={"rouge_types": ["rouge1"]},
        needs="rouge_score",
    ),
    "rouge2": _BuiltIn(
        "Rouge",
        f"F-measure of the word pairs {_ROUGE}",
        options={"use_stemmer": bool},
        fixed={"rouge_types": ["rouge2"]},
        needs="rouge_score",
    ),
    "rougeL": _BuiltIn(
        "Rouge",
        f"F-measure of the longest common subsequence {_ROUGE}",
        options={"use_stemmer": bool},
        fixed={"rouge_types": ["rougeL"]},
        needs="rouge_score",
    ),
    "bleu": _BuiltIn(
        "Bleu",
        "Sentence BLEU (sacrebleu's sentence_bleu: smoothing exp, effective order), 0 to 100; mean over answers, which is not "
        "corpus BLEU; n-grams of several references count together.",
        _HUNDRED,
        {"lowercase": bool, "tokenize": ("13a", "intl", "zh", "char", "none")},
        needs="sacrebleu",
    ),
    "corpus_bleu": _BuiltIn(
        "CorpusBleu",
        "BLEU of all answers together (sacrebleu's corpus_bleu), 0 to 100: n-grams are added up over answers before they are "
        "divided; n-grams of several references count together.",
        _HUNDRED,
        {"lowercase": bool, "tokenize": ("13a", "intl", "zh", "char", "none")},
        needs="sacrebleu",
        columns=_BLEU_COUNTS,
        statistic="bleu",
    ),
    "meteor": _BuiltIn(
        "Meteor",
        "METEOR (Banerjee and Lavie, 2005; nltk's meteor_score, as evaluate's meteor), 0 to 1; mean over answers, of several "
        "references the best.",
        options={"synonyms": bool},
        needs="nltk",
    ),
    "chrf": _BuiltIn(
        "ChrF",
        "chrF2 (Popović, 2015; sacrebleu's sentence_chrf), 0 to 100; mean over answers, of several references the best.",
        _HUNDRED,
        {"word_order": int, "lowercase": bool},
        needs="sacrebleu",
    ),
}
"""Name → what the package brings."""

IMPORTS = {"evaluate": "seatrial[train]", "regex": "seatrial[train]"}
"""What every metric imports."""


def imports_of(named: Sequence[str | Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Module → what brings it, of all that the named metrics import."""
    needs = (BUILT_IN[name].needs for name, _ in map(_entry, named) if name in BUILT_IN)
    return {**IMPORTS, **{module: "seatrial[train]" for module in needs if module}}


_KINDS = {bool: "true or false", int: "a whole number", list: "a list of patterns"}


def chosen_measures(
    named: Sequence[str | Mapping[str, Mapping[str, Any]]], remote_code: Sequence[str] = ()
) -> tuple[Measure, ...]:
    """The metrics that a suite names, each a name or `{name: {options}}`.

    Args:
        named: names of `BUILT_IN`, or addresses of modules.
        remote_code: modules of the hub that the suite allows to be fetched and run.

    Raises:
        UsageError: a name, an option or a value is not known, or a metric is named twice.
    """
    found: dict[str, Measure] = {}
    for entry in named:
        name, options = _entry(entry)
        measure = (
            module_measure(name, options, remote_code)
            if name.startswith(("path:", "hf:"))
            else _known(name).measure(name, _checked(name, options))
        )
        if measure.metric.name in found or measure.metric.name == "finished":
            raise UsageError(
                f"generation: two metrics are called {measure.metric.name!r}; to have one of them twice, name the scorer a "
                "second time, under another name (`as:`)"
            )
        found[measure.metric.name] = measure
    if not found:
        raise UsageError("generation: `metrics` names none; leave it out for exact_match and token_f1")
    return tuple(found.values())


def _entry(entry: str | Mapping[str, Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    if isinstance(entry, str):
        return entry, {}
    if len(entry) != 1:
        raise UsageError(
            f"generation: {', '.join(entry) or 'nothing'} stands where one metric is named; its options stand below its "
            "name, indented further, or in braces: `exact_match: {ignore_case: true}`"
        )
    return next(iter(entry.items()))


def _known(name: str) -> _BuiltIn:
    if name not in BUILT_IN:
        raise UsageError(
            f"generation: no metric is called {name!r}{did_you_mean(name, BUILT_IN)}; there are: {', '.join(BUILT_IN)}, and "
            "modules of `evaluate` as `path:FILE.py`"
        )
    return BUILT_IN[name]


def _checked(name: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    accepted = BUILT_IN[name].options
    for option, value in options.items():
        if option not in accepted:
            raise UsageError(
                f"generation: {name} takes no option {option!r}{did_you_mean(option, accepted)}; it takes: "
                f"{', '.join(accepted) or 'none'}"
            )
        kind = accepted[option]
        if isinstance(kind, tuple) and value not in kind:
            raise UsageError(f"generation: {name}: {option} is one of {', '.join(kind)}, not {value!r}")
        if isinstance(kind, type) and type(value) is not kind:
            raise UsageError(f"generation: {name}: {option} is {_KINDS[kind]}, not {value!r}")
    for pattern in options.get("regexes_to_ignore", ()):
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise UsageError(f"generation: {name}: {pattern!r} is no regular expression: {error}") from error
    if not 0 <= options.get("word_order", 0) <= 10:
        raise UsageError(f"generation: {name}: word_order is 0 to 10, not {options['word_order']}")
    return options
