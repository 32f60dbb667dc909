"""What every report shows, computed once: of as little as there can be, and of facts that are none."""

import math
from dataclasses import replace

import pytest

from seatrial_reports.html_report import render_html
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.view import build_view


def test_a_bare_result_is_a_report_too(bare):
    html = render_html(build_view(bare))
    assert "Nothing was scored." in html
    assert "whether any dimension was left out is not known" in html
    assert "The suite has no gates: nothing was held against a condition." in html
    assert "What did training do?" not in html
    assert "No gates." in render_markdown(build_view(bare))


@pytest.mark.parametrize("junk", [None, 3, "text", [1], {"a": [None]}, math.nan, [["x"]]])
def test_facts_of_another_shape_are_left_out(plain_result, junk):
    records = [replace(record, facts=dict.fromkeys(record.facts, junk)) for record in plain_result.records]
    html = render_html(
        build_view(replace(plain_result, records=records, manifest=dict.fromkeys(plain_result.manifest, junk)))
    )
    assert "message-router" in html
    assert "choice/accuracy" in html
