"""Looking up: with words that are synonyms by decree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial_plugins.decontamination import semantic_index, semantic_texts
from seatrial_plugins.decontamination.semantic_index import SemanticIndex

HELD_OUT = [
    "where is the card that was ordered",
    "how much does a transfer abroad cost",
    "the app shows an old balance today",
    "a shop charged the fee twice",
    "please close this account for good",
]
REWORDED = "at what place is the plastic that was requested"
CLEAN = "how many days until a cheque is paid"


def test_a_reworded_text_is_found_and_a_clean_one_is_not_near(synonyms):
    reworded, clean = SemanticIndex(HELD_OUT, synonyms).find([REWORDED, CLEAN])
    assert (reworded.item, reworded.view) == (0, "alignment")
    assert reworded.score > 0.5
    assert clean is None or clean.score < 0.2


def test_the_score_is_the_mean_of_two_margins(synonyms):
    held_out = ["card lost", "fee high"]
    (found,) = SemanticIndex(held_out, synonyms).find(["plastic lost"])
    # Cosine and alignment are 1 with the first and 0 with the second; each text has one neighbour, at 0.
    around = {"cosine": (0 + 2 * 0.64) / 3, "alignment": (0 + 2 * 0.48) / 3}
    assert (found.cosine, found.likeness) == (pytest.approx(1), pytest.approx(1))
    assert found.score == pytest.approx(1)
    (half,) = SemanticIndex(held_out, synonyms).find(["plastic lost lost lost"])
    margins = [(half.cosine - around["cosine"]) / (1 - around["cosine"])]
    margins.append((half.likeness - around["alignment"]) / (1 - around["alignment"]))
    assert half.score == pytest.approx(np.mean(margins), abs=5.1e-5)


def test_what_is_far_is_not_aligned_however_alone_it_stands(synonyms):
    # one word of five is shared: a cosine of 0.2, far above what the encoder sees around it
    assert SemanticIndex(["card a b c d", "e f g h i"], synonyms).find(["card j k l m"]) == [None]


def test_programs_are_compared_by_structure(synonyms):
    programs = [
        "def f(a, b):\n    return [a + b for a in b if a > 0]",
        "class A:\n    def g(self):\n        self.x = {}\n        return self.x[0]",
        "while True:\n    x = x * (1 - x) / 2\n    print(x, x ** 2)",
    ]
    (found,) = SemanticIndex(programs, synonyms).find(["def best(u, v):\n    return [u + v for u in v if u > 42]"])
    assert (found.item, found.view) == (0, "structure")
    assert found.likeness > 0.8
    (prose,) = SemanticIndex(programs, synonyms).find(["def f a b return a b for a in b if a"])
    assert prose is None or prose.view == "alignment"


def test_a_copy_among_the_held_out_texts_hides_nothing(synonyms):
    alone = SemanticIndex(HELD_OUT, synonyms).find([REWORDED])[0]
    copied = SemanticIndex([*HELD_OUT, HELD_OUT[0] + "."], synonyms).find([REWORDED])[0]
    assert copied.score == pytest.approx(alone.score, abs=0.05)


def test_the_encoder_alone_takes_no_second_look(synonyms):
    (found,) = SemanticIndex(HELD_OUT, synonyms, second_look=False).find([REWORDED])
    assert (found.item, found.view, found.likeness) == (0, "cosine", found.cosine)


@pytest.mark.parametrize("held_out", [[], ["card"], ["", "  "], ["\ud800", "银行卡"]])
def test_few_and_odd_held_out_texts(synonyms, held_out):
    found = SemanticIndex(held_out, synonyms).find(["card", "", " ", "银行卡", "x" * 100_000, "\ud800", "{}"])
    assert len(found) == 7
    assert found[1:3] == [None, None]
    assert all(match is None or np.isfinite(match.score) for match in found)


def test_one_held_out_text_is_held_against_what_is_usual(synonyms):
    same, other = SemanticIndex(["where is the card"], synonyms).find(
        ["at what place is the plastic", "close the account"]
    )
    assert same.score > 0.5
    assert other is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_a_text_finds_does_not_hang_on_its_batch(synonyms, monkeypatch, data):
    texts = [REWORDED, CLEAN, *HELD_OUT, "", "def f(x): return [x]", "the fee was charged twice by a shop"]
    together = SemanticIndex(HELD_OUT, synonyms).find(texts)
    monkeypatch.setattr(semantic_index, "_GROUP", data.draw(st.integers(1, 3)))
    monkeypatch.setattr(semantic_index, "_ROWS", data.draw(st.integers(1, 4)))
    monkeypatch.setattr(semantic_texts, "_ROWS", data.draw(st.integers(1, 3)))
    monkeypatch.setattr(semantic_texts, "_KEPT", data.draw(st.integers(0, 2)))
    order = data.draw(st.permutations(range(len(texts))))
    index = SemanticIndex(HELD_OUT, synonyms)
    for place, match in zip(order, index.find([texts[place] for place in order]), strict=True):
        expected = together[place]
        assert (match is None) == (expected is None)
        if match is not None:
            assert (match.item, match.view) == (expected.item, expected.view)
            assert match.score == pytest.approx(expected.score, abs=1e-5)
