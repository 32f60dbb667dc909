"""The search in reports: history, parallel coordinates, importance and tables, drawn without a script."""

from __future__ import annotations

import re

import pytest

from seatrial_reports.html_report import render_html
from seatrial_reports.json_report import results
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.searching import build_search
from seatrial_reports.view import build_view


def trial(number, lr, kind, loss, *, stages=(), state="complete", drawn="", **more):
    options = {"lr": lr, "kind": kind, **more}
    return {
        "number": number, "options": options, "state": state, "loss": loss, "stages": list(stages), "seconds": 2.0,
        "peak_bytes": 10, "together": 4, "reason": "", "drawn": drawn,
    }  # fmt: skip


FACTS = {
    "over": [
        {"name": "lr", "min": 1e-4, "max": 1e-2, "log": True, "when": {}},
        {"name": "kind", "choices": ["a", "<b>"], "when": {}},
        {"name": "floor", "min": 0.0, "max": 0.5, "log": False, "when": {"kind": ["a"]}},
    ],
    "share": 0.1,
    "sampler": "tpe",
    "pruner": "median",
    "trials": [
        trial(1, 1e-4, "a", 2.0, drawn="own", floor=0.0),
        trial(2, 1e-3, "<b>", 1.0),
        trial(3, 1e-2, "a", 1.5, floor=0.5),
        trial(4, 1e-2, "<b>", None, stages=[3.0], state="given up"),
        trial(5, 1e-3, "a", None, state="failed"),
    ],
    "finalists": [trial(2, 1e-3, "<b>", 0.5), trial(1, 1e-4, "a", 1.9, drawn="own", floor=0.0)],
    "chosen": trial(2, 1e-3, "<b>", 0.5),
    "importance": {"lr": 0.7, "kind": 0.3},
    "notes": ["number 2 was chosen"],
}


@pytest.fixture
def searched(run, record):
    return run(records=[record("search[trials=1-5]", trials=5), record("search[finalists]", **FACTS)])


def test_the_history_has_each_trial_and_the_lowest_loss_so_far(searched):
    history = build_search(searched).history
    assert [said for *_, said in history.dots] == ["trial 1: 2", "trial 2: 1", "trial 3: 1.5"]
    assert [said for *_, said in history.given_up] == ["trial 4, given up at 3"]
    heights = [float(point.split(",")[1]) for point in history.lowest.split()]
    assert heights == sorted(heights), "downwards from the top, it never rises"
    assert "from 2 at trial 1 to 1 over 4 trials" in history.alt


def test_each_trial_that_ended_is_a_line_across_the_axes(searched):
    parallel = build_search(searched).parallel
    assert [axis.name for axis in parallel.axes] == ["lr", "kind", "floor", "loss"]
    assert [tick.label for tick in parallel.axes[0].ticks] == ["0.0001", "0.001", "0.01"]
    assert parallel.axes[0].ticks[1].at == 50, "a logarithmic axis"
    assert [strand.rank for strand in parallel.strands].count("chosen") == 1
    assert parallel.strands[-1].rank == "chosen", "it lies on top"
    chosen = parallel.strands[-1]
    points = [tuple(map(float, point.split(","))) for point in chosen.points.split()]
    assert points[0] == (0, 50)
    assert points[2][1] > 100, "the floor does not apply: its line runs below that axis"
    assert points[3] == (100, 100), "of those that ended it has the lowest loss"


def test_tables_name_what_was_chosen_and_the_suites_own(searched):
    search = build_search(searched)
    assert [row[0] for row in search.trials.rows] == ["2", "3", "1", "4", "5"]
    assert [row[-1] for row in search.finalists.rows] == ["chosen", "the suite's own, complete"]
    assert search.trials.rows[3][-3] == "3 when given up"
    assert [(bar.name, bar.value) for bar in search.importance.bars] == [("lr", 0.7), ("kind", 0.3)]


def test_the_page_draws_it_without_a_script_and_escapes_what_comes_out_of_the_suite(searched):
    page = render_html(build_view(searched))
    assert 'href="#search"' in page
    section = page[page.index('<section id="search">') :]
    section = section[: section.index("</section>")]
    assert len(re.findall(r'<polyline class="strand', section)) == 3
    assert section.count('<circle class="tried" cx') >= 3
    assert "&lt;b&gt;" in section
    assert "<b>" not in section
    assert "<script" not in page


def test_markdown_and_json_have_it_too(searched):
    said = render_markdown(build_view(searched))
    assert "## Search" in said
    assert "| Trial |" in said
    assert results(searched)["search"]["chosen"]["number"] == 2


def test_a_run_without_a_search_has_no_such_section(bare):
    assert build_search(bare) is None
    assert "#search" not in render_html(build_view(bare))


def test_one_trial_is_no_picture(run, record):
    facts = FACTS | {
        "trials": FACTS["trials"][:1],
        "finalists": FACTS["trials"][:1],
        "chosen": FACTS["trials"][0],
        "importance": {},
    }
    search = build_search(run(records=[record("search[finalists]", **facts)]))
    assert (search.history, search.parallel, search.importance) == (None, None, None)
