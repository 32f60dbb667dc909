"""Gates are held against what is known of their metric before the run."""

from __future__ import annotations

import pytest

from seatrial.errors import SuiteError
from seatrial.evaluation.scores import Metric
from seatrial.plugin.component import ScorerComponent
from seatrial.plugin.hooks import hookimpl
from seatrial.plugin.host import Host
from seatrial.suite.file import load_suite


@pytest.fixture
def problems(suite_catalogue, tmp_path):
    class Plugin:
        @hookimpl
        def seatrial_scorers(self):
            metrics = (
                Metric("share", "right", "proportion", "higher", "A share."),
                Metric("grade", "grade", "mean", "higher", "From 1 to 6.", limits=(1.0, 6.0)),
                Metric("loss", "loss", "mean", "lower", "Any number."),
                Metric("mcc", "a", "corpus", "higher", "MCC.", limits=(-1.0, 1.0), statistic="mcc", also=("b",)),
                Metric("drop", "a", "ratio_of_means", "lower", "A ratio of shares.", over="b", limits=(0.0, 1.0)),
            )
            yield ScorerComponent(
                "exam", lambda: None, "An exam.", probe="choose", dimension="accuracy", metrics=metrics
            )

    suite_catalogue.register(Plugin(), name="exam")

    def of(*gates):
        path = tmp_path / "suite.yaml"
        path.write_text(
            "name: exam\nmodel: {source: package:m}\ndata: {train: {source: path:r.jsonl}, split: {test: 0.5}}\n"
            f"score: [exam]\ngates: [{', '.join(gates)}]\n"
        )
        try:
            load_suite(path, suite_catalogue)
        except SuiteError as error:
            return [f"{problem.key}: {problem.message}" for problem in error.problems]
        return []

    return of


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("{metric: exam/share, min: 75}", "min: 75 can never be met: exam/share lies between 0 and 1; 75% is 0.75"),
        ("{metric: exam/share, min: 750}", "min: 750 can never be met: exam/share lies between 0 and 1"),
        ("{metric: exam/share, max: -0.1}", "max: -0.1 can never be met: exam/share lies between 0 and 1"),
        ("{metric: exam/share, max: 5}", "max: 5 is met by any score: exam/share lies between 0 and 1; 5% is 0.05"),
        ("{metric: exam/share, min: -0.1}", "min: -0.1 is met by any score: exam/share lies between 0 and 1"),
        ("{metric: exam/share, min: 0}", "min: 0 is met by any score: exam/share lies between 0 and 1"),
        ("{metric: data/test_rows, min: 0}", "min: 0 is met by any score: data/test_rows is never below 0"),
        ("{metric: data/test_rows, min: -5}", "min: -5 is met by any score: data/test_rows is never below 0"),
        ("{metric: data/unreadable, max: -1}", "max: -1 can never be met: data/unreadable is never below 0"),
        ("{metric: exam/share, min: 0, max: 0.1}", "min: 0 is met by any score: exam/share lies between 0 and 1"),
        (
            "{metric: exam/share, min: 1.0}",
            (
                "min: 1 can never be met: the one-sided 95% lower bound of a share stays below 1, "
                "however many rows there are; 0.99 takes 299 rows, all of them right"
            ),
        ),
        (
            "{metric: exam/share, max: 0}",
            (
                "max: 0 can never be met: the one-sided 95% upper bound of a share stays above 0, "
                "however many rows there are; 0.01 takes 299 rows, none of them"
            ),
        ),
        (
            "{metric: exam/mcc, min: 0.5}",
            (
                "metric: exam/mcc is one number of all rows, whose bounds a bootstrap draws; they do not keep a gate's promise, so it may "
                "not decide: accepted with `severity: info`; a metric of each row (accuracy, brier, bleu) may"
            ),
        ),
        ("{metric: exam/share, max: 1.0}", "max: 1 is met by any score: exam/share lies between 0 and 1"),
        (
            "{metric: exam/share, baseline: base, margin: 2}",
            "margin: 2 is met by any score: two scores of exam/share are at most 1 apart; 2% is 0.02",
        ),
        (
            "{metric: exam/share, baseline: base, margin: -1}",
            "margin: -1 can never be met: two scores of exam/share are at most 1 apart",
        ),
        ("{metric: exam/grade, min: 6.5}", "min: 6.5 can never be met: exam/grade lies between 1 and 6"),
        ("{metric: exam/grade, max: 0.5}", "max: 0.5 can never be met: exam/grade lies between 1 and 6"),
    ],
)
def test_a_bound_that_no_score_or_any_score_meets_is_a_slip(problems, gate, said):
    assert problems(gate) == [f"gates[0].{said}"]


def test_a_floor_where_less_is_better_is_a_slip(problems):
    (said,) = problems("{metric: exam/loss, min: 75}")
    assert said.startswith("gates[0].min: less of exam/loss is better")
    assert "`max: 75`" in said


@pytest.mark.parametrize(
    "gate",
    [
        "{metric: exam/share, min: 1.0, on: point, severity: info}",
        "{metric: exam/share, max: 0, on: point, severity: info}",
        "{metric: exam/grade, min: 1}",
        "{metric: exam/grade, min: 6, max: 6}",
        "{metric: exam/grade, max: 7}",
        "{metric: exam/loss, min: 75, max: 80}",
        "{metric: exam/loss, min: 75, severity: info}",
        "{metric: exam/mcc, min: 0.5, severity: info}",
        "{metric: exam/loss, max: 75}",
        "{metric: exam/loss, baseline: base, margin: 2}",
        "{metric: exam/drop, max: -0.1}",
        "{metric: exam/share, max: 0.99}",
        "{metric: exam/share, baseline: base, margin: 0.02}",
        "{metric: exam/share, baseline: base}",
        "{metric: exam/share, baseline: base-3shot}",
        "{metric: exam/share, baseline: run:runs/earlier}",
    ],
)
def test_other_bounds_and_baselines_are_taken(problems, gate):
    assert problems(gate) == []


def test_a_gate_is_checked_as_far_as_can_be_told_and_so_are_the_others(problems):
    assert problems(
        "{metric: exam/shar, mni: 2, min: 0.5, max: 0.1}", "{metric: exam/share, min: 0.5, system: bsae}"
    ) == [
        (
            "gates[0].metric: nothing in the suite produces 'exam/shar' (did you mean 'exam/share'?); 'exam' produces: "
            "share, grade, loss, mcc, drop"
        ),
        "gates[0].min: min 0.5 is greater than max 0.1; no score can be both",
        "gates[0].mni: unknown key (did you mean 'min'?); accepted: gate, max, metric, min, on, severity, system",
        "gates[1].system: 'bsae' is no system that 'exam' scores (did you mean 'base'?); it scores: base, base-4shot, majority",
    ]


def test_metrics_of_a_scorer_with_a_wrong_option_are_known_all_the_same(problems, tmp_path, suite_catalogue):
    path = tmp_path / "suite.yaml"
    problems("{metric: exam/shar, min: 0.5}")
    path.write_text(path.read_text().replace("[exam]", "[exam: {level: 3}]"))
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue)
    assert [problem.key for problem in caught.value.problems] == ["score[0].exam.level", "gates[0].metric"]


def test_shares_that_filters_measure_have_limits_too(tmp_path):
    path = tmp_path / "suite.yaml"
    metrics = ["leakage/held_out_contaminated_share", "coverage/label_divergence", "coverage/no_neighbour_share"]
    gates = "".join(f"  - {{metric: {metric}, max: 5}}\n" for metric in metrics)
    path.write_text(
        "name: exam\ndata: {train: {source: path:r.jsonl}, split: {test: 0.5}}\n"
        f"filters: [leakage, coverage, toxicity]\ngates:\n{gates}  - {{metric: toxicity/parity_difference, max: 10}}\n"
    )
    with pytest.raises(SuiteError) as caught:
        load_suite(path, Host.load(), only_data=True)
    assert [problem.message for problem in caught.value.problems] == [
        *(f"5 is met by any score: {metric} lies between 0 and 1; 5% is 0.05" for metric in metrics),
        "10 is met by any score: toxicity/parity_difference lies between -1 and 1; 10% is 0.1",
    ]
