"""The preset: what its findings say, group by group, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from seatrial import Span
from seatrial.errors import UsageError

HELD_OUT = [
    "where is the card that was ordered",
    "how much does a transfer abroad cost",
    "the app shows an old balance today",
    "a shop charged the fee twice",
]
REWORDED = "at what place is the plastic that was requested"

DATA = Path(__file__).parents[4] / "shared" / "data" / "rephrased"


class Whole:
    """An encoder of whole texts."""

    def encode(self, texts):
        return np.array([[1, 0] if "card" in text else [0, 1] for text in texts], dtype=np.float32).reshape(-1, 2)


def test_a_finding_about_a_train_row_tells_all(look, synonyms):
    (finding,) = look("semantic", ["something else entirely", REWORDED], HELD_OUT, encoder=synonyms)
    assert (finding.row, finding.rule, finding.matched_row) == ("train1", "semantic", "test0")
    assert finding.spans == (Span(0, 0, len(REWORDED)),)
    assert finding.matched_text == REWORDED
    assert finding.score > 0.36
    assert finding.detail == (
        f"test row test0: says the same: stands out by {finding.score:.2f} (cosine 0.95, alignment 1.00)"
    )


def test_on_the_test_side_the_held_out_row_is_found(compare, synonyms):
    found = compare("semantic", [REWORDED], [*HELD_OUT, HELD_OUT[0]], encoder=synonyms, side="test")
    assert [(finding.row, finding.matched_row) for finding in found.findings] == [
        ("test0", "train0"),
        ("test4", "train0"),
    ]
    assert found.measures["held_out_contaminated"] == 2


def test_each_group_is_searched_by_itself(hits, synonyms):
    alone = hits("semantic", [REWORDED], HELD_OUT, encoder=synonyms)
    both = hits("semantic", [REWORDED], HELD_OUT, encoder=synonyms, against={"other": HELD_OUT})
    assert both == [alone[0], ("train0", "other/0", alone[0][2])]


def test_the_encoder_may_judge_alone(look, synonyms):
    (finding,) = look("semantic", [REWORDED], HELD_OUT, encoder=synonyms, semantic_judge="encoder")
    assert finding.detail.endswith("(cosine 0.95)")
    assert look("semantic", ["the card"], ["a card", "a fee"], encoder=Whole(), semantic_judge="encoder")


def test_the_threshold_decides(look, synonyms):
    (finding,) = look("semantic", [REWORDED], HELD_OUT, encoder=synonyms)
    assert look("semantic", [REWORDED], HELD_OUT, encoder=synonyms, semantic_threshold=finding.score - 0.01)
    assert not look("semantic", [REWORDED], HELD_OUT, encoder=synonyms, semantic_threshold=finding.score + 0.01)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1, float("nan")])
def test_a_threshold_that_decides_nothing_is_refused(look, synonyms, threshold):
    with pytest.raises(UsageError, match=r"semantic_threshold is .*; it is a score above 0, up to 1"):
        look("semantic", [REWORDED], HELD_OUT, encoder=synonyms, semantic_threshold=threshold)


def test_an_encoder_of_whole_texts_is_refused(look):
    with pytest.raises(UsageError, match="vectors of whole texts only; write `semantic_judge: encoder`"):
        look("semantic", [REWORDED], HELD_OUT, encoder=Whole())


def test_no_encoder_is_refused(look):
    with pytest.raises(UsageError, match="platypus and semantic embed"):
        look("semantic", [REWORDED], HELD_OUT)


@pytest.mark.parametrize(
    ("train", "held_out"), [([], HELD_OUT), ([REWORDED], []), (["", " "], HELD_OUT), ([REWORDED], [""])]
)
def test_where_a_side_says_nothing_nothing_is_found(look, synonyms, train, held_out):
    assert look("semantic", train, held_out, encoder=synonyms) == []


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="the third-party data does not stand beside the checkout")
def test_rewritten_programs_are_found(hits):
    from seatrial_plugins.encoders import minilm

    def texts(name):
        return [json.loads(line)["text"] for line in (DATA / name).read_text().splitlines()][:60]

    programs, rewritten = texts("humaneval_test.jsonl"), texts("humaneval_python.jsonl")
    said = [(place, text) for place, text in enumerate(rewritten) if text.strip()]
    found = hits("semantic", [text for _, text in said], programs, encoder=minilm(device="cpu"))
    right = [row for row, item, _ in found if f"test{said[int(row[5:])][0]}" == item]
    assert len(right) >= 0.7 * len(said)
    assert len(found) - len(right) <= 1


PASSAGES = [
    " ".join(f"{word}{place}" for place in range(120))
    for word in ("harbour", "ferry", "captain", "mule", "wind", "lantern", "anchor", "rope", "tide", "gull")
]
QUESTIONS = [f"where is the {thing} that I ordered" for thing in ("card", "boat", "sail", "oar", "net", "mast", "keel")]


def test_a_question_behind_a_passage_is_found_though_the_row_asks_it_alone_in_other_words(look, synonyms):
    held_out = [f"{passage}\n{asked}?" for passage, asked in zip(PASSAGES, QUESTIONS, strict=False)]
    train = ["place the plastic that I requested?", "where is my rowing coach?"]
    (finding,) = look("semantic", train, held_out, encoder=synonyms)
    assert (finding.row, finding.matched_row) == ("train0", "test0")
    assert "asks the same, passages aside" in finding.detail
    assert [(span.turn, span.start) for span in finding.spans] == [(0, 0)]


def test_a_question_in_a_row_with_a_passage_is_found_though_it_is_held_out_alone(look, synonyms):
    train = [f"{PASSAGES[0]}\nplace the plastic that I requested?"]
    (finding,) = look("semantic", train, [f"{asked}?" for asked in QUESTIONS], encoder=synonyms)
    assert (finding.row, finding.matched_row) == ("train0", "test0")
    (span,) = finding.spans
    assert train[0][span.start : span.end] == "place the plastic that I requested?"


def test_the_same_question_behind_another_passage_is_another_one(look, synonyms):
    held_out = [f"{passage}\n{asked}?" for passage, asked in zip(PASSAGES, QUESTIONS, strict=False)]
    train = [f"{PASSAGES[9]}\nplace the plastic that I requested?"]
    assert look("semantic", train, held_out, encoder=synonyms) == []
    assert (
        len(look("semantic", [f"{PASSAGES[0]}\nplace the plastic that I requested?"], held_out, encoder=synonyms)) == 1
    )


def test_a_question_that_stands_behind_several_passages_says_nothing(look, synonyms):
    held_out = [f"{passage}\n{QUESTIONS[0]}?" for passage in PASSAGES]
    assert look("semantic", ["place the plastic that I requested?"], held_out, encoder=synonyms) == []


def test_what_the_encoder_cannot_read_is_not_looked_for(compare):
    class Illiterate:
        def encode(self, texts):
            import numpy as np

            return np.array([[float(text.isascii()), 0] for text in texts], dtype=np.float32)

    def said(*held_out):
        found = compare("semantic", ["ลืม"], list(held_out), encoder=Illiterate(), semantic_judge="encoder")
        return found.measures, found.facts["groups"]["held_out"]["looked_for"]

    assert said("ร้าน", "read")[1] == {"semantic": 1}
    assert said("ร้าน")[0] == {}
