"""What changed since an earlier run, as reports write it."""

from dataclasses import replace

import pytest

from seatrial.evaluation.scores import Interval, Score
from seatrial.runs.result import Change, ScoreChange, Since
from seatrial_reports.changed import build_changed
from seatrial_reports.html_report import render_html
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.view import build_view

THEN = Score("choice/accuracy", "base", 0.5, 100, "proportion", "higher", interval=Interval(0.4, 0.6, 0.95, "Wilson"))


@pytest.fixture
def since(scored):
    """Builds a run that scored two systems, with those changes."""
    result = scored(tuned=90, base=50)
    return lambda *scores, **more: replace(result, since=Since("earlier", scores=scores, **more))


def moved(system, note):
    return ScoreChange("choice/accuracy", system, replace(THEN, system=system), None, unpaired=note)


def test_no_earlier_run_is_nothing(scored):
    result = scored(tuned=90)
    assert build_changed(result) is None
    assert "What changed" not in render_html(build_view(result)) + render_markdown(build_view(result))


def test_the_system_on_trial_stands_first_and_a_reason_in_common_is_told_once(since):
    result = since(moved("base", "other rows"), moved("tuned", "other rows"))
    changed = build_changed(result)
    assert [[one.system for one in scores] for scores in (changed.scores, changed.others)] == [["tuned"], ["base"]]
    assert (changed.unpaired, changed.scores[0].note) == ("other rows", "")
    assert changed.scores[0].before == "0.500 (0.400 to 0.600, n = 100)"
    assert changed.scores[0].now == "–"
    for page in (render_html(build_view(result)), render_markdown(build_view(result))):
        assert page.count("other rows") == 1
    apart = build_changed(since(moved("base", "other rows"), moved("tuned", "other targets")))
    assert (apart.unpaired, apart.scores[0].note) == ("", "other targets")


def test_digests_are_shortened_and_what_is_not_there_is_a_dash(since):
    changed = build_changed(since(groups={"Weights": [Change("model", "ab" * 32, "")]}))
    assert changed.subjects[0].changes == (Change("model", "abababababababab…", "–"),)


def test_a_run_that_can_not_be_read_and_one_in_which_nothing_differs_are_told(since):
    for changes, said in (({"missing": "it is gone"}, "it is gone"), ({}, "Nothing.")):
        view = build_view(since(**changes))
        assert said in render_html(view)
        assert said in render_markdown(view)
