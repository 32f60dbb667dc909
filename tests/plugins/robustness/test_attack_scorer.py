"""The scorer `attack`: what the attack on each row says of the model, by the published formulas."""

import dataclasses
from types import MappingProxyType

import pyarrow as pa
import pytest

from seatrial import Row, System, Task, Turn
from seatrial.errors import UsageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import summarise
from seatrial.model import Continuation
from seatrial.rows import Label
from seatrial.rows.table import RowList
from seatrial.verdict.evidence import SavedEvidence
from seatrial.verdict.judgement import flag_unmeasured
from seatrial_plugins.gates import threshold
from seatrial_plugins.robustness import attack, attack_metrics, attack_probe, seatrial_scorers

LABELS = ("other", "billing", "tech")
KEYWORDS = {"billing": ("invoice",), "tech": ("crash", "crashes", "screen")}


class KeywordClassifier:
    """A label is the likelier, the more of its keywords stand in the last turn; the first where there are none."""

    facts = MappingProxyType({})

    def __init__(self, keywords=KEYWORDS):
        self.keywords = keywords
        self.prompts = []

    def loglikelihoods(self, prompts, options):
        self.prompts.extend(prompts)
        return [
            [Continuation(self._hits(prompt[-1].content.lower().split(), label), 1) for label in labels]
            for prompt, labels in zip(prompts, options, strict=True)
        ]

    def _hits(self, words, label):
        return 2.0 * sum(keyword in words for keyword in self.keywords.get(label, ())) - 0.1 * LABELS.index(label)


def _row(number, text, label):
    turns = Turn("user", text), Turn("assistant", label)
    return Row(f"row{number}", turns, "text-label", "path:x", "x", number, Label(label))


@pytest.fixture
def score(transcribed):
    """The samples of rows that were attacked, and what the probe told of them where `told` changes that."""

    def scored(rows, *, told=lambda transcript: transcript, **options):
        task = Task("test", RowList(rows), LABELS, seed=7)
        transcripts = transcribed(attack_probe(**options), System("tuned", "tuned", KeywordClassifier()), task)
        return list(attack(**options).score(map(told, transcripts), task))

    return scored


def scores_of(samples, **options):
    metrics = attack_metrics(**options)
    columns = list(dict.fromkeys(name for m in metrics for name in (m.column, m.over, m.gap) if name))
    table = samples_to_table("tuned", samples, columns)
    assert isinstance(table, pa.Table)
    return {metric.name: summarise(metric, "attack", "tuned", table) for metric in metrics}


ROWS = [
    _row(1, "please explain the invoice", "billing"),
    _row(2, "the weather looks lovely", "billing"),
    _row(3, "screen crash crashes", "tech"),
]


def test_samples_tell_flipped_skipped_and_robust_rows_apart(score):
    flipped, skipped, robust = score(ROWS, recipe="pruthi2019")
    assert flipped.values["clean_correct"] == flipped.values["flipped"] == 1.0
    assert flipped.values["robust_correct"] == 0.0
    assert flipped.values["perturbed_words"] == 25.0
    assert flipped.prediction == "other"
    assert skipped.values == {
        "clean_correct": 0.0,
        "tried_correct": 0.0,
        "robust_correct": 0.0,
        "flipped": None,
        "queries": None,
        "unique_forwards": None,
        "perturbed_words": None,
    }
    assert robust.values["robust_correct"] == 1.0
    assert robust.values["flipped"] == 0.0
    assert robust.values["perturbed_words"] is None
    assert robust.prediction == "tech"
    assert [sample.detail["outcome"] for sample in (flipped, skipped, robust)] == ["succeeded", "skipped", "failed"]
    assert [sample.target for sample in (flipped, skipped, robust)] == ["billing", "billing", "tech"]
    assert [sample.slice for sample in (flipped, skipped, robust)] == ["billing", "billing", "tech"]
    assert len({sample.prompt_hash for sample in (flipped, skipped, robust)}) == 3


def test_the_detail_marks_the_changed_words_in_both_texts(score):
    detail = score(ROWS[:1])[0].detail
    (change,) = detail["changes"]
    assert detail["original"][change["start"] : change["end"]] == "invoice"
    attacked = detail["attacked"][change["attacked_start"] : change["attacked_end"]]
    assert attacked != "invoice"
    assert detail["original"].replace("invoice", attacked) == detail["attacked"]


def test_scores_follow_the_published_formulas(score):
    rows = [*ROWS, _row(4, "the invoice", "billing"), _row(5, "screen crash now", "tech")]
    scores = scores_of(score(rows, recipe="pruthi2019"), recipe="pruthi2019")
    assert scores["clean_accuracy"].value == pytest.approx(4 / 5)
    assert scores["robust_accuracy"].value == pytest.approx(2 / 5)
    assert scores["attack_success_rate"].value == pytest.approx(2 / 4)
    assert scores["attack_success_rate"].n == 4
    assert scores["performance_drop"].value == pytest.approx(1 - 2 / 4)
    assert scores["perturbed_words"].n == 2
    assert scores["mean_queries"].n == 4
    assert scores["mean_unique_forwards"].value <= scores["mean_queries"].value


def nothing_to_change(transcript):
    """As the probe tells of a message in which the attack found no word to change: the clean query was all."""
    detail = {**transcript.detail, "outcome": "failed", "queries": 1, "unique_forwards": 1, "candidates": 0}
    return dataclasses.replace(transcript, detail={**detail, "attacked": detail["original"]})


def test_an_attack_that_found_nothing_to_change_is_no_evidence_of_robustness(score):
    (sample,) = score(ROWS[2:], told=nothing_to_change)
    assert sample.values == {
        "clean_correct": 1.0,
        "tried_correct": None,
        "robust_correct": None,
        "flipped": None,
        "queries": None,
        "unique_forwards": None,
        "perturbed_words": None,
    }
    assert sample.detail["outcome"] == "nothing to change"
    assert sample.error is None
    scores = scores_of([sample] * 40)
    assert scores["clean_accuracy"].n == 40
    for name in ("robust_accuracy", "attack_success_rate", "performance_drop", "mean_queries"):
        assert scores[name].value is None
        assert scores[name].missing


@pytest.mark.parametrize("text", ["", "?!", "🙂🙂", "to be", "b c", "x y z"])
@pytest.mark.parametrize("recipe", ["deepwordbug", "pruthi2019"])
def test_messages_that_offer_no_word_are_no_evidence_end_to_end(judged, recipe, text):
    class Always(KeywordClassifier):
        def _hits(self, words, label):
            return float(label == "tech")

    rows = [_row(number, text, "tech") for number in range(3)]
    task, system = Task("test", RowList(rows), LABELS, seed=7), System("tuned", "tuned", Always())
    for sample in judged(attack_probe(recipe=recipe), attack(recipe=recipe), system, task):
        assert (sample.values["clean_correct"], sample.values["robust_correct"]) == (1.0, None)


def test_the_drop_is_over_the_rows_that_could_be_attacked(score):
    rows = [*ROWS, *(_row(number, "screen crash crashes", "tech") for number in range(10, 30))]
    attacked = scores_of(score(rows, recipe="pruthi2019"), recipe="pruthi2019")["performance_drop"]

    def told(transcript):
        return (
            nothing_to_change(transcript)
            if transcript.row.startswith("row1") and transcript.row != "row1"
            else transcript
        )

    samples = score(rows, recipe="pruthi2019", told=told)
    left = [sample for sample in samples if sample.values["robust_correct"] is not None]
    assert len(left) == len(rows) - 10
    drop = scores_of(samples, recipe="pruthi2019")["performance_drop"]
    clean = sum(sample.values["clean_correct"] for sample in left)
    assert drop.n == len(left) < attacked.n
    assert drop.value == pytest.approx(1 - sum(sample.values["robust_correct"] for sample in left) / clean)
    assert drop.interval.low <= drop.value <= drop.interval.high


@pytest.mark.parametrize("recipe", ["deepwordbug", "pruthi2019"])
@pytest.mark.parametrize("budget", [2, 4, 5, 6, 7, 8, 60])
@pytest.mark.parametrize("text", ["crash screen lorry forklift", "screen crash " + "lorry forklift " * 40])
def test_a_row_counts_only_where_the_model_was_asked_a_changed_text(judged, recipe, budget, text):
    asked = []

    class Always(KeywordClassifier):
        def loglikelihoods(self, prompts, options):
            asked.extend(prompt[-1].content for prompt in prompts)
            return super().loglikelihoods(prompts, options)

        def _hits(self, words, label):
            return float(label == "tech")

    task, system = Task("test", RowList([_row(1, text, "tech")]), LABELS, seed=7), System("tuned", "tuned", Always())
    probe, scorer = attack_probe(recipe=recipe, budget=budget), attack(recipe=recipe, budget=budget)
    (sample,) = judged(probe, scorer, system, task)
    changed = [one for one in asked if one != text and len(one.split()) == len(text.split()) and "[UNK]" not in one]
    assert (sample.values["robust_correct"] is not None) == (sample.values["flipped"] is not None) == bool(changed)
    assert (sample.detail["outcome"] == "nothing tried") == (not changed)


def test_rows_whose_budget_the_ranking_of_words_spent_are_a_gap_that_gates_warn_of(score):
    rows = [*ROWS, *(_row(number, "screen crash " + "lorry " * 59, "tech") for number in range(10, 16))]
    samples = score(rows, budget=50)
    scores = scores_of(samples, budget=50)
    assert (scores["clean_accuracy"].n, scores["robust_accuracy"].n, scores["attack_success_rate"].n) == (9, 3, 2)
    metrics = {f"attack/{metric.name}": metric for metric in attack_metrics(budget=50)}
    columns = list(dict.fromkeys(name for m in metrics.values() for name in (m.column, m.over, m.gap) if name))
    evidence = SavedEvidence("tuned", [], metrics, {"attack": samples_to_table("tuned", samples, columns)})
    for name in ("robust_accuracy", "attack_success_rate", "performance_drop", "mean_queries"):
        (said,) = flag_unmeasured(evidence, [f"attack/{name}"])
        assert "6 of 9 rows have no number" in said
        assert "ranking the words spent the budget" in said


def test_a_budget_that_runs_out_among_changed_texts_counts_as_robust(score):
    row = _row(1, "please explain yesterday's rather unexpected invoice", "billing")
    (sample,) = score([row], recipe="pruthi2019", budget=5)
    assert sample.detail["outcome"] == "budget exhausted"
    assert sample.values["queries"] == 5.0
    assert sample.values["flipped"] == 0.0
    assert sample.values["robust_correct"] == 1.0


def test_a_row_that_failed_is_an_error_and_never_a_zero(score):
    def told(transcript):
        return dataclasses.replace(transcript, responses=(), detail={}, error="the device was lost")

    (sample,) = score(ROWS[:1], told=told)
    assert (sample.values, sample.error) == ({}, "the device was lost")
    assert (sample.target, sample.slice) == ("billing", "billing")
    assert sample.prompt_hash


def test_a_few_rows_on_which_nothing_was_tried_do_not_keep_gates_from_passing(score):
    wrong, right, untried = (
        *score([_row(1, "please explain yesterday's invoice", "tech")]),
        *score([_row(2, "my screen crashes", "tech")], recipe="pruthi2019", told=_withstood),
        *score([_row(3, "screen crash " + "lorry " * 59, "tech")], budget=50),
    )
    assert [one.values["tried_correct"] for one in (wrong, right, untried)] == [0.0, 1.0, None]
    kinds = [wrong] * 50 + [right] * 300 + [untried]
    samples = [dataclasses.replace(one, row=f"row-{place}") for place, one in enumerate(kinds)]
    metrics = {f"attack/{metric.name}": metric for metric in attack_metrics(budget=50)}
    table = samples_to_table("tuned", samples, list(right.values))
    scores = [summarise(metric, "attack", "tuned", table) for metric in metrics.values()]
    evidence = SavedEvidence("tuned", scores, metrics, {"attack": table})
    for limit in (
        {"metric": "attack/attack_success_rate", "max": 0.1},
        {"metric": "attack/performance_drop", "max": 0.1},
        {"metric": "attack/robust_accuracy", "min": 0.8},
    ):
        assert threshold(**limit).decide(evidence).outcome == "pass"


def _withstood(transcript):
    detail = {**transcript.detail, "outcome": "failed", "attacked": transcript.detail["original"], "candidates": 3}
    return dataclasses.replace(transcript, detail=detail)


@pytest.mark.parametrize("budget", [1, 0, -5])
def test_a_budget_without_room_for_an_attack_is_refused(budget):
    with pytest.raises(UsageError, match="give at least 2"):
        attack(budget=budget)


def test_the_component_is_scored_on_the_tuned_model_only_unless_asked():
    (component,) = seatrial_scorers()
    assert (component.name, component.probe, component.comparable) == ("attack", "attack", False)
    assert component.dimension == "robustness"
    names = [metric.name for metric in component.metrics_for({"budget": 50})]
    assert len(names) == len(set(names)) == 7
    assert "within 50 queries" in component.metrics_for({"budget": 50})[2].summary


def test_what_it_asks_for_is_what_the_probe_takes():
    (component,) = seatrial_scorers()
    options = {"recipe": "pruthi2019", "budget": 9}
    assert attack_probe(**component.asks(**options)) == attack_probe(**options)
