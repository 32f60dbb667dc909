"""Scorers that no report ever heard of are told rightly, by what they say that they speak of."""

from dataclasses import replace

import pytest

from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scores import DIMENSIONS, Interval, Sample, Score
from seatrial.runs.result import Described
from seatrial_reports.comparison import build_metrics
from seatrial_reports.dimensions import build_dimensions
from seatrial_reports.html_report import render_html
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.view import build_view

QUESTIONS = {
    "accuracy": "How good is it?",
    "robustness": "How robust is it?",
    "safety": "How safe is it?",
    "efficiency": "How fast is it?",
    "delivery": "Is what is handed on what was scored?",
    "data": "What do the data do to its scores?",
}

LEFT_OUT = {
    "accuracy": "Accuracy: no scorer",
    "robustness": "Robustness: no scorer",
    "safety": "Safety: no scorer",
    "efficiency": "Speed and memory: nothing was timed",
}


def measured(run, name, dimension, **more):
    """A run whose one scorer has that name."""
    one = Described("scorers", name, name, "house", "1", f"What {name} does.", dimension, "what nobody expects", **more)
    score = Score(f"{name}/rate", "tuned", 0.625, 80, "proportion", "higher", interval=Interval(0.5, 0.7, 0.95, "x"))
    samples = samples_to_table("tuned", [Sample("r1", {"rate": 1.0})], ["rate"])
    return run(scores=[score], samples={name: samples}, components=[one])


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("name", ["zebra", "safe-accuracy", "robust-speed", "privacy"])
def test_a_scorer_of_any_name_is_told_by_its_dimension(run, name, dimension):
    result = measured(run, name, dimension)
    (one,) = build_dimensions(result, build_metrics(result))
    assert (one.name, one.question) == (dimension, QUESTIONS[dimension])
    view = build_view(result)
    html, text = " ".join(render_html(view).split()), render_markdown(view)
    for said in (html, text):
        assert QUESTIONS[dimension] in said
        assert "0.625" in said
        assert f"What {name} does." in said
        assert "what nobody expects" in said
        for other, sentence in LEFT_OUT.items():
            assert (sentence in said) == (other != dimension), (other, sentence)
        for other, question in QUESTIONS.items():
            assert (question in said) == (other == dimension), (other, question)


def test_a_scorer_of_harm_that_is_called_xstest_is_safety(run):
    said = build_view(measured(run, "xstest", "safety")).unmeasured
    assert not any("Safety" in sentence for sentence in said)
    assert any("Accuracy" in sentence for sentence in said)


def test_a_scorer_that_is_called_unbiased_accuracy_is_no_safety(run):
    said = build_view(measured(run, "unbiased-accuracy", "accuracy")).unmeasured
    assert any("Safety: no scorer" in sentence for sentence in said)
    assert not any("Accuracy" in sentence for sentence in said)


def test_what_a_scorer_could_not_look_for_is_told(run):
    result = measured(
        run, "judge", "safety", weak=True, unseen="insults by allusion", missing="no detector is installed"
    )
    view = build_view(result)
    assert "judge did not look for insults by allusion." in view.unmeasured
    assert "judge could not look for all that it would have: no detector is installed." in view.unmeasured
    assert any("judge: its detector is weak" in warning for warning in view.headline.warnings)


def test_a_scorer_of_no_dimension_is_told_apart(run):
    for components in ([], [Described("scorers", "mine", "mine", "house")]):
        result = replace(measured(run, "mine", "safety"), components=components)
        (one,) = build_dimensions(result, build_metrics(result))
        assert (one.name, one.question) == ("other", "What else was measured?")
    said = build_view(result).unmeasured
    assert any("mine" in sentence and "names no dimension" in sentence for sentence in said)
    assert any("Safety: no scorer" in sentence for sentence in said)


def test_dimensions_stand_in_their_order_with_their_scorers(plain_result):
    found = build_dimensions(plain_result, build_metrics(plain_result))
    assert [(one.name, [scored.alias for scored in one.scorers]) for one in found] == [
        ("accuracy", ["choice", "agreement"]),
        ("robustness", ["attack"]),
        ("efficiency", ["latency"]),
        ("data", ["naive_split"]),
        ("other", ["custom"]),
    ]
    choice, attack = found[0].scorers[0], found[1].scorers[0]
    assert [block.metric for block in choice.compared] == ["choice/accuracy"]
    assert [block.metric for block in choice.alone] == ["choice/macro_f1", "choice/calibration_error"]
    assert (choice.failed, choice.samples) == (1, 210)
    assert choice.errors == (("tuned", "feedface", "ValueError: the prompt is too long"),)
    assert (attack.tried, attack.options) == ("50 of 105 (47.6%)", "samples 50, recipe deepwordbug, budget 200")


def test_of_very_many_errors_the_first_are_told_and_all_counted(run):
    broken = [Sample(f"b{i}", {}, error="ValueError: too long") for i in range(40)]
    result = run(samples={"choice": samples_to_table("base", broken, ["correct"])})
    (one,) = build_dimensions(result, ())
    assert (one.scorers[0].failed, len(one.scorers[0].errors)) == (40, 12)
    html = " ".join(render_html(build_view(result)).split())
    assert "40 of 40 samples could not be scored" in html
    assert "These are the first 12" in html
