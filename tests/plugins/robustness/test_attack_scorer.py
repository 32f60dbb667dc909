import importlib.util
import json

import pyarrow as pa
import pytest

from seatrial import Row, System, Task, Turn
from seatrial.errors import StageError, UsageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import summarise
from seatrial.model import Continuation
from seatrial.rows import Choice, Label
from seatrial_plugins.robustness import attack, attack_metrics, seatrial_scorers

LABELS = ("other", "billing", "tech")
KEYWORDS = {"billing": ("invoice",), "tech": ("crash", "crashes", "screen")}


class KeywordClassifier:
    """A label is the likelier, the more of its keywords stand in the last turn; the first where there are none."""

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


def _row(number, text, label, *, system="", choices=()):
    before = (Turn("system", system),) if system else ()
    turns = (*before, Turn("user", text), Turn("assistant", label))
    return Row(
        f"row{number}",
        turns,
        "text-label",
        "path:x",
        "x",
        number,
        expected=Choice(choices) if choices else Label(label),
    )


def _task(rows, labels=LABELS, seed=7):
    steps = []
    task = Task(labels=labels, raw=rows, train=rows, seed=seed, progress=lambda *step: steps.append(step))
    return task, steps


def _score(rows, model=None, *, task=None, system=None, **options):
    system = system or System("tuned", "tuned", model=model or KeywordClassifier())
    return list(attack(**options).score(system, rows, task or _task(rows)[0]))


ROWS = [
    _row(1, "please explain the invoice", "billing"),
    _row(2, "the weather looks lovely", "billing"),
    _row(3, "screen crash crashes", "tech"),
]


def test_samples_tell_flipped_skipped_and_robust_rows_apart():
    flipped, skipped, robust = _score(ROWS, recipe="pruthi2019")
    assert flipped.values["clean_correct"] == flipped.values["flipped"] == 1.0
    assert flipped.values["robust_correct"] == 0.0
    assert flipped.values["perturbed_words"] == 25.0
    assert flipped.prediction == "other"
    assert skipped.values == {
        "clean_correct": 0.0,
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


def test_the_detail_marks_the_changed_words_in_both_texts():
    detail = _score(ROWS[:1])[0].detail
    (change,) = detail["changes"]
    assert detail["original"][change["start"] : change["end"]] == "invoice"
    attacked = detail["attacked"][change["attacked_start"] : change["attacked_end"]]
    assert attacked != "invoice"
    assert detail["original"].replace("invoice", attacked) == detail["attacked"]
    assert max(detail["clean_probabilities"], key=detail["clean_probabilities"].get) == "billing"
    assert max(detail["attacked_probabilities"], key=detail["attacked_probabilities"].get) == "other"
    assert json.loads(json.dumps(dict(detail))) == detail


def test_the_system_turn_and_the_examples_are_left_alone():
    model = KeywordClassifier()
    rows = [_row(1, "please explain the invoice", "billing", system="Answer with the invoice desk.")]
    examples = (Turn("user", "my invoice"), Turn("assistant", "billing"))
    system = System("base-1shot", "fewshot", model=model, preamble=examples)
    (sample,) = _score(rows, system=system)
    assert sample.values["flipped"] == 1.0
    assert len(model.prompts) == sample.values["unique_forwards"] > 1
    assert all(prompt[:3] == (rows[0].turns[0], *examples) for prompt in model.prompts)
    assert len({prompt[3].content for prompt in model.prompts}) == len(model.prompts)


def test_scores_follow_the_published_formulas():
    rows = [*ROWS, _row(4, "the invoice", "billing"), _row(5, "screen crash now", "tech")]
    samples = _score(rows, recipe="pruthi2019")
    metrics = attack_metrics(recipe="pruthi2019")
    columns = list(dict.fromkeys(name for m in metrics for name in (m.column, m.over) if name))
    table = samples_to_table("tuned", samples, columns)
    assert isinstance(table, pa.Table)
    scores = {metric.name: summarise(metric, "attack", "tuned", table) for metric in metrics}
    assert scores["clean_accuracy"].value == pytest.approx(4 / 5)
    assert scores["robust_accuracy"].value == pytest.approx(2 / 5)
    assert scores["attack_success_rate"].value == pytest.approx(2 / 4)
    assert scores["attack_success_rate"].n == 4
    assert scores["performance_drop"].value == pytest.approx(1 - 2 / 4)
    assert scores["perturbed_words"].n == 2
    assert scores["mean_queries"].n == 4
    assert scores["mean_unique_forwards"].value <= scores["mean_queries"].value


def test_equal_seeds_repeat_every_sample_and_the_order_of_rows_does_not_matter():
    first = _score(ROWS)
    again = _score(list(reversed(ROWS)))
    assert first == list(reversed(again))
    other = _score(ROWS, task=_task(ROWS, seed=8)[0])
    assert first[0].detail["attacked"] != other[0].detail["attacked"]


def test_attacks_that_advance_together_end_as_those_one_after_the_other(monkeypatch):
    rows = [
        _row(number, f"please explain {word} invoice now", "billing") for number, word in enumerate(["the", "an", "my"])
    ]
    together, model = _score([*ROWS, *rows]), KeywordClassifier()
    monkeypatch.setattr("seatrial_plugins.robustness.attack_scorer._TOGETHER", 1)
    assert _score([*ROWS, *rows], model) == together


def test_a_small_budget_is_exhausted_and_the_row_counts_as_robust():
    rows = [_row(1, "please explain yesterday's rather unexpected invoice", "billing")]
    (sample,) = _score(rows, budget=5)
    assert sample.detail["outcome"] == "budget exhausted"
    assert sample.values["queries"] == 5.0
    assert sample.values["flipped"] == 0.0
    assert sample.values["robust_correct"] == 1.0


def test_a_row_that_fails_is_an_error_and_the_others_are_scored():
    class Sometimes(KeywordClassifier):
        def loglikelihoods(self, prompts, options):
            if any("poison" in prompt[-1].content for prompt in prompts):
                raise RuntimeError("the device was lost")
            return super().loglikelihoods(prompts, options)

    rows = [ROWS[0], _row(9, "poison", "tech"), _row(8, "words", "unheard of"), ROWS[2]]
    task, steps = _task(rows)
    samples = _score(rows, Sometimes(), task=task)
    assert [sample.error for sample in samples] == [
        None,
        "RuntimeError: the device was lost",
        "StageError: the expected answer 'unheard of' is none of the 3 labels",
        None,
    ]
    assert samples[1].values == {}
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_row_with_choices_is_attacked_among_them():
    rows = [_row(1, "crash crash invoice", "billing", choices=("other", "billing"))]
    (sample,) = _score(rows)
    assert sample.values["clean_correct"] == 1.0
    assert set(sample.detail["clean_probabilities"]) == {"other", "billing"}


def test_a_task_without_labels_cannot_be_attacked():
    (sample,) = _score(ROWS[:1], task=_task(ROWS, labels=())[0])
    assert "needs at least 2 labels" in sample.error


def test_prompts_that_differ_have_different_hashes():
    assert len({sample.prompt_hash for sample in _score(ROWS)}) == 3


def test_a_system_without_log_likelihoods_is_refused():
    with pytest.raises(StageError, match="majority gives no log-likelihoods"):
        _score(ROWS, system=System("majority", "baseline"))


@pytest.mark.parametrize("budget", [1, 0, -5])
def test_a_budget_without_room_for_an_attack_is_refused(budget):
    with pytest.raises(UsageError, match="give at least 2"):
        attack(budget=budget)


def test_a_missing_textattack_is_refused_before_anything_runs(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="extra `robustness`"):
        attack()


def test_the_component_is_scored_on_the_tuned_model_only_unless_asked():
    (component,) = seatrial_scorers()
    assert (component.name, component.needs, component.comparable) == ("attack", ("scores",), False)
    names = [metric.name for metric in component.metrics_for({"budget": 50})]
    assert len(names) == len(set(names)) == 7
    assert "within 50 queries" in component.metrics_for({"budget": 50})[2].summary
