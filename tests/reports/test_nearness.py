"""How near test rows stand to train rows."""

import pytest

from seatrial_reports.nearness import Nearness, build_kind, build_nearness

COMPARED = {"compared": 104, "without_neighbour": 12, "measure": "words in common", "threshold": 0.2}


@pytest.mark.parametrize(
    ("facts", "test", "lonely"),
    [
        (COMPARED, None, "12 of 104 (11.5%)"),
        (COMPARED, 104, "12 of 104 (11.5%)"),
        (COMPARED, 105, "12 of 104 (11.5%), drawn from 105"),
        (COMPARED | {"of": 3_000_000}, None, "12 of 104 (11.5%), drawn from 3,000,000"),
        ({"without_neighbour": 0}, 40, "0 of 40 (0.0%)"),
        ({"without_neighbour": 3}, None, ""),
        ({"compared": 104}, None, ""),
        ({}, 10, ""),
    ],
)
def test_how_many_have_none_near(facts, test, lonely):
    assert build_nearness(facts, test).lonely == lonely


def test_what_counts_as_near_is_told_and_nothing_where_nobody_looked():
    assert build_nearness(COMPARED).measure == "words in common below 0.2"
    assert build_nearness({"measure": "words"}).measure == "words"
    assert build_nearness({"threshold": 0.2}) == Nearness("", "", "")


def test_a_kind_is_told_alike_whoever_found_it():
    told = {"name": "pin, reset", "size": 39, "labels": {"pin": 39}, "example": " I forgot it. "}
    by_filter = build_kind(told)
    assert (by_filter.name, by_filter.size, by_filter.labels) == ("pin, reset", "39 rows", "pin 39")
    assert (by_filter.example, by_filter.similarity) == ("I forgot it.", "")
    by_stage = build_kind({"size": 1, "excerpt": "Open on Sunday?", "similarity": 0.11})
    assert (by_stage.name, by_stage.size, by_stage.example, by_stage.similarity) == (
        "",
        "1 row",
        "Open on Sunday?",
        "0.110",
    )
