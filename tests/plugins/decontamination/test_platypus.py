"""Platypus's rule: a cosine of 0.8 or more."""

from __future__ import annotations

import numpy as np
import pytest

from seatrial import Span
from seatrial_plugins.decontamination import platypus

VECTORS = {
    "east": (1, 0),
    "nearly east": (0.8, 0.6),  # exactly 0.8
    "north-east": (0.79, (1 - 0.79**2) ** 0.5),
    "north": (0, 1),
    "": (0, 0),
}


class Compass:
    def encode(self, texts):
        return np.array([VECTORS[text] for text in texts], dtype=np.float32).reshape(-1, 2)


def test_what_is_near_enough_is_found(hits):
    found = hits("platypus", ["north-east", "nearly east", "east", ""], ["east", "", "north"], encoder=Compass())
    assert found == [("train1", "test0", pytest.approx(0.8)), ("train2", "test0", 1.0)]


def test_empty_sides_are_near_to_nothing(hits):
    assert hits("platypus", ["", "east"], ["", ""], encoder=Compass()) == []
    assert hits("platypus", ["east"], [], encoder=Compass()) == []
    assert hits("platypus", [], ["east"], encoder=Compass()) == []


def test_many_are_compared_block_by_block(hits, monkeypatch):
    monkeypatch.setattr(platypus, "_BLOCK", 1)
    found = hits("platypus", ["east", "north", "east"], ["north", "east"], encoder=Compass())
    assert [(row, item) for row, item, _ in found] == [("train0", "test1"), ("train1", "test0"), ("train2", "test1")]


def test_the_finding_tells_the_cosine_and_marks_the_whole_text(look):
    (finding,) = look("platypus", ["nearly east"], ["east"], encoder=Compass())
    assert finding.spans == (Span(0, 0, 11),)
    assert finding.detail == "test row test0: its embedding and the row's have a cosine of 0.80"
