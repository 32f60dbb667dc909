"""The probe `attack`: rows are attacked together, each by itself, and its transcript tells what became of it."""

import json
from dataclasses import replace
from types import MappingProxyType

import pytest

from seatrial import Row, System, Task, Turn
from seatrial.errors import StageError, UsageError
from seatrial.model import Continuation
from seatrial.rows import Choice, Label
from seatrial.rows.table import RowList
from seatrial_plugins.robustness import attack_probe, seatrial_probes

LABELS = ("other", "billing", "tech")
KEYWORDS = {"billing": ("invoice",), "tech": ("crash", "crashes", "screen")}


class KeywordClassifier:
    """A label is the likelier, the more of its keywords stand in the last turn; the first where there are none, or none."""

    facts = MappingProxyType({})

    def __init__(self, keywords=KEYWORDS, *, steady=False):
        self.keywords = keywords
        self.steady = steady
        self.prompts = []

    def loglikelihoods(self, prompts, options):
        self.prompts.extend(prompts)
        return [
            [Continuation(self._hits(prompt[-1].content.lower().split(), label), 1) for label in labels]
            for prompt, labels in zip(prompts, options, strict=True)
        ]

    def _hits(self, words, label):
        return 2.0 * sum(keyword in words for keyword in self.keywords.get(label, ())) - (
            0 if self.steady else 0.1 * LABELS.index(label)
        )


def _row(number, text, label, *, system="", choices=()):
    before = (Turn("system", system),) if system else ()
    turns = (*before, Turn("user", text), Turn("assistant", label))
    expected = Choice(tuple(choices), choices.index(label)) if choices else Label(label)
    return Row(f"row{number}", turns, "text-label", "path:x", "x", number, expected)


@pytest.fixture
def ask(transcribed):
    """What becomes of attacked rows."""

    def asked(rows, model=None, *, system=None, labels=LABELS, seed=7, steps=None, **options):
        system = system or System("tuned", "tuned", model or KeywordClassifier())
        return transcribed(attack_probe(**options), system, Task("test", RowList(rows), labels, seed=seed), steps)

    return asked


ROWS = [
    _row(1, "please explain the invoice", "billing"),
    _row(2, "the weather looks lovely", "billing"),
    _row(3, "screen crash crashes", "tech"),
]


def test_transcripts_tell_flipped_skipped_and_robust_rows_apart(ask):
    flipped, skipped, robust = ask(ROWS, recipe="pruthi2019")
    assert [one.detail["outcome"] for one in (flipped, skipped, robust)] == ["succeeded", "skipped", "failed"]
    assert [one.responses[0].text for one in (flipped, skipped, robust)] == ["other", "other", "tech"]
    assert [one.detail["clean_prediction"] for one in (flipped, skipped, robust)] == ["billing", "other", "tech"]
    assert [one.detail["truth"] for one in (flipped, skipped, robust)] == ["billing", "billing", "tech"]
    assert skipped.detail["queries"] == skipped.detail["unique_forwards"] == 1
    assert skipped.detail["attacked"] == skipped.detail["original"] == ROWS[1].turns[0].content
    assert {(one.detail["recipe"], one.detail["budget"]) for one in (flipped, skipped, robust)} == {("pruthi2019", 200)}


def test_the_detail_holds_both_texts_and_what_the_model_made_of_them(ask):
    (transcript,) = ask(ROWS[:1])
    detail = transcript.detail
    assert max(detail["clean_probabilities"], key=detail["clean_probabilities"].get) == "billing"
    assert max(detail["attacked_probabilities"], key=detail["attacked_probabilities"].get) == "other"
    assert json.loads(json.dumps(dict(detail))) == detail


def test_the_system_turn_and_the_examples_are_left_alone(ask):
    model = KeywordClassifier()
    rows = [_row(1, "please explain the invoice", "billing", system="Answer with the invoice desk.")]
    examples = (Turn("user", "my invoice"), Turn("assistant", "billing"))
    (transcript,) = ask(rows, system=System("base-1shot", "fewshot", model, examples))
    assert transcript.detail["outcome"] == "succeeded"
    assert len(model.prompts) == transcript.detail["unique_forwards"] > 1
    assert all(prompt[:3] == (rows[0].turns[0], *examples) for prompt in model.prompts)
    assert len({prompt[3].content for prompt in model.prompts}) == len(model.prompts)


def test_equal_seeds_repeat_every_transcript_and_the_order_of_rows_does_not_matter(ask):
    first = ask(ROWS)
    again = ask(list(reversed(ROWS)))
    assert first == list(reversed(again))
    other = ask(ROWS, seed=8)
    assert first[0].detail["attacked"] != other[0].detail["attacked"]


def test_attacks_that_advance_together_end_as_those_one_after_the_other(ask, monkeypatch):
    rows = [
        _row(number, f"please explain {word} invoice now", "billing") for number, word in enumerate(["the", "an", "my"])
    ]
    together = ask([*ROWS, *rows])
    monkeypatch.setattr("seatrial_plugins.robustness.attacking._TOGETHER", 1)
    assert ask([*ROWS, *rows]) == together


def test_a_small_budget_is_exhausted(ask):
    (transcript,) = ask([_row(1, "please explain yesterday's rather unexpected invoice", "billing")], budget=5)
    assert transcript.detail["outcome"] == "budget exhausted"
    assert transcript.detail["queries"] == 5


def test_a_row_that_fails_is_an_error_and_the_others_are_attacked(ask):
    class Sometimes(KeywordClassifier):
        def loglikelihoods(self, prompts, options):
            if any("poison" in prompt[-1].content for prompt in prompts):
                raise RuntimeError("the device was lost")
            return super().loglikelihoods(prompts, options)

    rows, steps = [ROWS[0], _row(9, "poison", "tech"), _row(8, "words", "unheard of"), ROWS[2]], []
    transcripts = ask(rows, Sometimes(), steps=steps)
    assert [one.row for one in transcripts] == ["row1", "row9", "row8", "row3"]
    assert [one.error for one in transcripts] == [
        None,
        "RuntimeError: the device was lost",
        "StageError: the expected answer 'unheard of' is none of the 3 labels",
        None,
    ]
    assert transcripts[1].responses == ()
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_model_that_gives_no_numbers_is_an_error_of_each_row(ask):
    class Broken(KeywordClassifier):
        def _hits(self, words, label):
            return float("nan")

    assert all("not numbers" in one.error for one in ask(ROWS, Broken()))


def test_a_row_with_choices_is_attacked_among_them(ask):
    (transcript,) = ask([_row(1, "crash crash invoice", "billing", choices=("other", "billing"))])
    assert transcript.detail["clean_prediction"] == "billing"
    assert set(transcript.detail["clean_probabilities"]) == {"other", "billing"}


@pytest.mark.parametrize(("labels", "count"), [((), 0), (("billing",), 1), (("billing", "billing"), 1)])
def test_fewer_than_two_different_options_cannot_be_attacked(ask, labels, count):
    (transcript,) = ask(ROWS[:1], labels=labels)
    assert f"at least 2 different labels or choices, and there are {count}" in transcript.error


@pytest.mark.parametrize("labels", [("billing", "tech"), ("tech", "billing")])
def test_a_model_that_knows_nothing_is_not_right_when_clean_whichever_label_stands_first(ask, labels):
    for row in (ROWS[0], ROWS[2]):
        (transcript,) = ask([row], KeywordClassifier({}, steady=True), labels=labels)
        assert transcript.detail["outcome"] == "skipped"
        assert transcript.detail["clean_prediction"] != row.label


def test_prompts_that_differ_have_different_hashes(ask):
    assert len({one.prompt_hash for one in ask(ROWS)}) == 3


def test_a_system_without_log_likelihoods_is_refused_by_name(ask):
    with pytest.raises(StageError, match="majority gives no log-likelihoods"):
        ask(ROWS, system=System("majority", "baseline", object()))


@pytest.mark.parametrize("budget", [1, 0, -5])
def test_a_budget_without_room_for_an_attack_is_refused(budget):
    with pytest.raises(UsageError, match="give at least 2"):
        attack_probe(budget=budget)


def test_the_component_needs_log_likelihoods():
    (component,) = seatrial_probes()
    assert (component.name, component.needs) == ("attack", {"scores"})
    assert "textattack" in component.libraries


def test_a_model_is_told_the_tools_that_rows_offer(ask):
    told = []

    class WithTools(KeywordClassifier):
        def loglikelihoods(self, prompts, options, *, tools=()):
            told.extend(tools)
            return super().loglikelihoods(prompts, options)

    tool = {"type": "function", "function": {"name": "look_up"}}
    plain = _row(0, "the invoice is wrong", "billing")
    offering = replace(_row(1, "the screen is dark", "tech"), tools=(tool,))
    asked = ask([plain, offering], WithTools(), budget=8)
    assert () in told
    assert (tool,) in told
    assert asked[0].prompt_hash != asked[1].prompt_hash
