"""What an encoder or detector gives is held to its protocol, and a breach is told in its own plugin's name."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from seatrial.errors import ContractError, SeatrialError, StageError
from seatrial.model import EncodesWords, WordVectors
from seatrial.model.held import held

WHO = "odd (plugin faulty of faulty-parts)"


class Gives:
    """Gives what it is told to, whatever it is asked."""

    scripts = ("Latin",)
    weak = False

    def __init__(self, answer):
        self.answer = answer

    def encode(self, texts):
        return self.answer

    def detect(self, texts):
        return self.answer


class GivesWords(Gives):
    def encode_words(self, texts):
        return self.answer


class Breaks:
    def encode(self, texts):
        raise MemoryError("no room")

    def detect(self, texts):
        raise SystemExit(0)


def unit(*vectors, dtype=np.float32):
    return np.array(vectors, dtype=dtype)


def test_what_keeps_the_promise_comes_through_unchanged():
    vectors = unit([1, 0], [0, 0], [0.995, 0])
    encoder = held("encoders", Gives(vectors), WHO)
    assert encoder.encode(["a", "", "b"]) is vectors
    assert not isinstance(encoder, EncodesWords)
    assert encoder.scripts == ("Latin",)
    assert held("encoders", Gives(np.zeros((0, 2), dtype=np.float32)), WHO).encode([]).shape == (0, 2)
    said = [{"toxicity": 0.0}, {"toxicity": 1, "insult": np.float32(0.5)}]
    assert held("detectors", Gives(said), WHO).detect(["a", "b"]) is said
    other = object()
    assert held("gates", other, WHO) is other
    assert copy.copy(encoder).scripts == ("Latin",)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (unit([1, 0], [np.nan, 0]), r"a vector that is nan long, for number 2 of 2 texts"),
        (unit([np.inf, 0], [1, 0]), r"inf long, for number 1 of 2 texts"),
        (unit([1, 0], [3, 4]), r"5 long, for number 2 of 2 texts; it must be a unit vector, or zero"),
        (unit([1, 0], [0.5, 0]), r"0\.5 long"),
        (unit([1, 0]), r"shape \(1, 2\) for 2 texts"),
        (unit(1, 0), r"shape \(2,\) for 2 texts"),
        (unit([1, 0], [1, 0], dtype=np.float64), r"an array of float64; it must be float32"),
        ([[1, 0], [1, 0]], r"gave a list for 2 texts"),
        (None, r"gave a NoneType for 2 texts"),
    ],
)
def test_vectors_that_are_none_are_refused_in_the_encoders_name(answer, said):
    with pytest.raises(ContractError, match=said) as caught:
        held("encoders", Gives(answer), WHO).encode(["a", "b"])
    assert str(caught.value).startswith(WHO)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([WordVectors(((0, 1),), unit([1, 0]))] * 2, ""),
        ([WordVectors((), unit([1, 0])[:0])] * 2, ""),
        ([WordVectors(((0, 1),), unit([2, 0]))] * 2, "2 long, for number 1 of 1 words"),
        ([WordVectors(((0, 1), (2, 3)), unit([1, 0]))] * 2, r"shape \(1, 2\) for 2 words"),
        ([WordVectors(((0, 1),), unit([1, 0]))], "1 answers for 2 texts"),
        ([None, None], "a NoneType where it must give a WordVectors"),
        ("ab", "a str for 2 texts"),
    ],
)
def test_words_are_held_too(answer, said):
    encoder = held("encoders", GivesWords(answer), WHO)
    assert isinstance(encoder, EncodesWords)
    if not said:
        assert encoder.encode_words(["a", "b"]) is answer
        return
    with pytest.raises(ContractError, match=said):
        encoder.encode_words(["a", "b"])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([{"toxicity": 1.5}], r"gave 1\.5 for 'toxicity', for text 1; it must be a probability"),
        ([{"toxicity": -0.1}], r"gave -0\.1 for"),
        ([{"toxicity": float("nan")}], r"gave nan for"),
        ([{"toxicity": "high"}], r"gave 'high' for"),
        ([{"toxicity": True}], r"gave True for"),
        ([{1: 0.5}], r"gave a int for a label"),
        ([0.5], r"gave a float for text 1"),
        ([], r"0 answers for 1 texts"),
        ({"toxicity": 0.5}, r"gave a dict for 1 texts"),
    ],
)
def test_what_is_no_probability_is_refused_in_the_detectors_name(answer, said):
    with pytest.raises(ContractError, match=said) as caught:
        held("detectors", Gives(answer), WHO).detect(["a"])
    assert str(caught.value).startswith(WHO)


class Reuses:
    """Writes what it finds in a text into one mapping, or gives a constant where it finds nothing."""

    clean: dict[str, float] = {"toxicity": 0.0}  # noqa: RUF012 - as a plugin may write it

    def __init__(self, *, rightly):
        self.rightly, self.own = rightly, {}

    def detect(self, texts):
        return [self._said(text) for text in texts]

    def _said(self, text):
        if self.rightly:
            return {"toxicity": 1.0} if "bad" in text else self.clean
        self.own["toxicity"] = float("bad" in text)
        return self.own


def test_one_mapping_for_all_texts_is_refused_in_the_detectors_name_unless_it_is_a_constant():
    with pytest.raises(ContractError, match="one and the same dict for 2 texts"):
        held("detectors", Reuses(rightly=False), WHO).detect(["bad", "good"])
    right = held("detectors", Reuses(rightly=True), WHO)
    assert right.detect(["good", "better"]) == [{"toxicity": 0.0}] * 2
    assert right.detect(["good", "bad", "better"]) == [{"toxicity": 0.0}, {"toxicity": 1.0}, {"toxicity": 0.0}]


def test_what_one_raises_is_its_own():
    with pytest.raises(
        StageError, match=r"^odd \(plugin faulty of faulty-parts\) raised MemoryError in `encode`: no room"
    ):
        held("encoders", Breaks(), WHO).encode(["a"])
    with pytest.raises(SeatrialError, match="raised SystemExit in `detect`"):
        held("detectors", Breaks(), WHO).detect(["a"])
