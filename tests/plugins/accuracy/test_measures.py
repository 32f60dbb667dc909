"""The metrics that a suite may name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seatrial.errors import UsageError
from seatrial_plugins.accuracy import metrics, seatrial_scorers
from seatrial_plugins.accuracy.measures import BUILT_IN, chosen_measures


def test_every_name_has_a_module_that_computes_it_under_its_options():
    named = [{"meteor": {"synonyms": False}} if name == "meteor" else name for name in BUILT_IN]
    for name, measure in zip(BUILT_IN, chosen_measures(named), strict=True):
        found = getattr(metrics, measure.module)().compute(
            predictions=["a red ship sailed"] * 2, references=["a red ship sailed"] * 2, **measure.options
        )
        assert measure.metric.name == measure.key == name
        top = 1.0 if measure.metric.limits is None else measure.metric.limits[1]
        assert found[name] == pytest.approx(top, rel=0.01)  # METEOR of four words is 0.992
        assert measure.metric.kind == (
            "proportion" if name.endswith("exact_match") else "corpus" if name.startswith("corpus") else "mean"
        )
        assert (measure.metric.unit == "points") == (top == 100)


def test_options_stand_below_a_name():
    exact, bleu, plus = chosen_measures(
        [{"exact_match": {"ignore_case": True}}, {"bleu": {"tokenize": "zh"}}, {"chrf": {"word_order": 2}}]
    )
    assert (exact.options, bleu.options, plus.options) == ({"ignore_case": True}, {"tokenize": "zh"}, {"word_order": 2})


@pytest.mark.parametrize(
    ("named", "says"),
    [
        (["rougel"], r"'rougel'.*did you mean 'rougeL'.*squad_f1.*path:"),
        ([{"exact_match": {"ignore_cases": True}}], r"exact_match.*'ignore_cases'.*did you mean 'ignore_case'"),
        ([{"token_f1": {"x": 1}}], r"token_f1 takes no option 'x'.*none"),
        ([{"exact_match": {"ignore_case": "yes"}}], r"ignore_case is true or false, not 'yes'"),
        ([{"exact_match": {"regexes_to_ignore": "a"}}], r"regexes_to_ignore is a list"),
        ([{"exact_match": {"regexes_to_ignore": ["(a"]}}], r"'\(a' is no regular expression"),
        ([{"exact_match": {"regexes_to_ignore": [1]}}], r"1 is no regular expression"),
        ([{"bleu": {"tokenize": "mecab"}}], r"bleu: tokenize is one of 13a.*'mecab'"),
        ([{"chrf": {"word_order": -1}}], r"word_order is 0 to 10, not -1"),
        ([{"chrf": {}, "bleu": {}}], r"chrf, bleu stands where one metric"),
        (["bleu", {"bleu": {"lowercase": True}}], r"two metrics are called 'bleu'.*as:"),
        (["path:finished.py"], r"'finished'"),
        ([], r"names none"),
    ],
)
def test_what_cannot_be_meant_is_refused(named, says):
    with pytest.raises(UsageError, match=says):
        chosen_measures(named)


def test_each_metric_declares_what_it_imports_and_no_other_imports_it():
    (component,) = [one for one in seatrial_scorers() if one.name == "generation"]
    needs = {name: set(component.imports_for({"metrics": [name]})) - {"evaluate", "regex"} for name in BUILT_IN}
    assert {name: one for name, one in needs.items() if one} == {
        "rouge1": {"rouge_score"},
        "rouge2": {"rouge_score"},
        "rougeL": {"rouge_score"},
        "bleu": {"sacrebleu"},
        "corpus_bleu": {"sacrebleu"},
        "meteor": {"nltk"},
        "chrf": {"sacrebleu"},
    }
    script = (
        "import sys\nsys.modules.update(rouge_score=None, sacrebleu=None)\n"
        "from seatrial_plugins.accuracy import build_generation as build\n"
        "build(metrics=['exact_match', 'token_f1', 'squad_f1', 'squad_exact_match'])\n"
        "print([name for name in ('torch', 'transformers', 'scipy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "[]\n"  # evaluate imports them all where nobody keeps it from that
