"""How train and test relate."""

import pytest

from seatrial_reports.cover import build_cover


def test_cover_is_taken_after_leakage(plain_result):
    cover = build_cover(plain_result)
    assert cover.splits == (("train", 256), ("validation", 24), ("test", 105))
    assert [kind for kind, _ in cover.charts] == ["label", "slice"]
    first = cover.charts[0][1][0]
    assert (first.label, first.total) == ("billing", 62)
    assert first.parts[-1].left + first.parts[-1].width == pytest.approx(100, abs=0.02)
    assert cover.lonely == "12 of 104 (11.5%), drawn from 105"
    assert cover.measure == "words in common, below 0.2"
    assert cover.gaps[0].labels == "billing 3"


def test_cover_says_how_near_and_how_even(plain_result):
    cover = build_cover(plain_result)
    assert cover.nearest == "minimum 0.05, median 0.71"
    assert cover.spread == "15 (smalltalk) to 40 (billing), median 27.5"
