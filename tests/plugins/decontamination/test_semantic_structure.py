"""Structure: what is code, what its skeleton is, and that a rewritten program keeps it."""

from __future__ import annotations

import numpy as np
import pytest

from seatrial_plugins.decontamination.semantic_structure import Structure, is_code, skeleton

FIRST = (
    "def smallest(numbers):\n    for x in numbers:\n        if x < 3:\n            return [x, 1, 2]\n    return None"
)
REWRITTEN = "def least(vals):\n    for item in vals:\n        if item < 70:\n            return [item, 8, 9, 10]\n    return None"
OTHER = "class Stack:\n    def __init__(self):\n        self.items = {}\n    def push(self, item):\n        self.items.update(a=item)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FIRST, True),
        (OTHER, True),
        ("{", False),
        ("Norms are:", False),
        ("f(x) = [x]", True),
        ("Where is my card? It cost $5 (or so).", False),
        ("", False),
        ("  \n", False),
        ("银行卡在哪里？", False),
    ],
)
def test_code_has_many_marks(text, expected):
    assert is_code(text) is expected


def test_a_skeleton_has_no_names_numbers_and_strings():
    bare = " ".join(skeleton("for x in [1, 2.5]: say('hi', \"ho\")"))
    assert bare == "for n in [ 0 , 0 ] : n ( s , s )"
    assert skeleton("total total 1 1 1") == ["n", "0"]
    assert skeleton("") == []


def test_a_rewritten_program_is_nearer_than_another_one():
    structure = Structure([FIRST, OTHER, "no code at all"])
    near, far, none = structure.likeness(REWRITTEN, np.array([0, 1, 2]))
    assert near > 0.9
    assert far < 0.5
    assert none == 0
    assert structure.likeness(FIRST, np.array([0]))[0] == pytest.approx(1)


def test_without_programs_nothing_is_alike():
    assert Structure(["prose", "[[[[["]).likeness(FIRST, np.array([0, 1])).tolist() == [0, 0]
    assert Structure([]).likeness(FIRST, np.array([], dtype=int)).tolist() == []
