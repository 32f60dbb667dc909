"""Coverage: counts by label and slice, and the test rows that nothing in train is like."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from seatrial.data import neighbours
from seatrial.data.coverage import coverage, texts_of
from seatrial.data.neighbours import WordWeights, by_words
from seatrial.rows import Label, Row, Turn


def row(name: str, text: str, label: str | None = None, slice_: str = "") -> Row:
    turns = (Turn("system", "You are a router."), Turn("user", text), Turn("assistant", label or "yes"))
    return Row(name, turns, "text-label", "s", "f", 1, expected=None if label is None else Label(label), slice=slice_)


TRAIN = [
    row("t1", "where is my new card", "card", "en"),
    row("t2", "my card was stolen", "card", "en"),
    row("t3", "how do I top up", "top-up", "en"),
]
TEST = [
    row("a", "is my new card on its way?", "card", "en"),
    row("b", "quels fruits mangez-vous?", "fruit", "fr"),
    row("c", "quels fruits aimez-vous?", "fruit", "fr"),
    row("d", "", "card", "fr"),
]


def test_rows_are_counted_by_split_label_and_slice():
    found = coverage(TRAIN, TEST, [row("v", "top up", "top-up")])
    facts = found.facts()
    assert facts["rows"] == {"train": 3, "validation": 1, "test": 4}
    assert facts["labels"] == {
        "card": {"train": 2, "validation": 0, "test": 2},
        "fruit": {"train": 0, "validation": 0, "test": 2},
        "top-up": {"train": 1, "validation": 1, "test": 0},
    }
    assert facts["slices"]["fr"] == {"train": 0, "validation": 0, "test": 3}
    assert facts["labels_not_in_train"] == ["fruit"]
    assert facts["labels_not_in_test"] == ["top-up"]
    assert facts["slices_not_in_train"] == ["fr"]
    assert facts["slices_not_in_test"] == []


def test_test_rows_without_a_train_neighbour_are_counted_and_grouped():
    found = coverage(TRAIN, TEST)
    assert found.compared == 4
    assert found.without_neighbour == 3
    assert found.share_without_neighbour == 0.75
    assert [gap.rows for gap in found.gaps] == [("b", "c"), ("d",)]
    assert found.gaps[0].labels == {"fruit": 2}
    assert found.gaps[0].excerpt == "quels fruits mangez-vous?"
    assert found.gaps[1].similarity == 0.0


def test_facts_are_json_and_repeat_whatever_the_order_of_train():
    facts = coverage(TRAIN, TEST).facts()
    assert json.loads(json.dumps(facts)) == facts
    assert coverage(TRAIN[::-1], TEST).facts() == facts


@pytest.mark.parametrize("train", [[], TRAIN])
@pytest.mark.parametrize("test", [[], TEST, [row("e", "")]])
def test_empty_sides_are_no_neighbours_and_no_error(train, test):
    found = coverage(train, test)
    assert found.compared == len(test)
    if not train:
        assert found.without_neighbour == len(test)
    assert sum(len(gap.rows) for gap in found.gaps) == found.without_neighbour
    assert (found.share_without_neighbour is None) == (not test)


def test_system_turns_are_not_compared():
    assert texts_of(TRAIN[:1]) == ["where is my new card"]


def test_word_similarity_is_the_cosine_of_the_documented_weights():
    # 3 texts; df: red 2, car 3, fast 1. weight = ln(1 + (3 - df + .5) / (df + .5))
    red, car, fast = (np.log1p((3 - df + 0.5) / (df + 0.5)) for df in (2, 3, 1))
    found = by_words(["Red car", "car"], ["fast red car!"])
    one = np.array([red, car, 0.0])
    test = np.array([red, car, fast])
    expected = one @ test / np.linalg.norm(one) / np.linalg.norm(test)
    assert found.similarity == pytest.approx([expected])


def test_identical_texts_are_nearest_even_where_every_word_is_everywhere():
    found = by_words(["hello there"], ["hello there", "…"])
    assert found.similarity == pytest.approx([1.0, 0.0])


def test_a_template_around_every_text_does_not_make_them_alike():
    template = "which desk of our company should answer the following message from a customer"
    topics = [f"subject{i} matter{i} thing{i}" for i in range(60)]
    texts = [f"{template} {topic}" for topic in topics]
    assert by_words(texts[:30], texts[30:]).similarity.max() < 0.25


def test_blocks_do_not_change_the_result(monkeypatch):
    train, test = ([f"word{(7 * at) % 50} of{at % 9} text{at % 13}" for at in range(n)] for n in (90, 60))
    whole = by_words(train, test)
    monkeypatch.setattr(neighbours, "_BLOCK", 7)
    monkeypatch.setattr(neighbours, "_TRAIN_BLOCK", 11)
    assert by_words(train, test).similarity == pytest.approx(whole.similarity)
    vectors = WordWeights.of(train, test)
    products = (vectors.vectors(test) @ vectors.vectors(train).T).toarray()
    assert whole.similarity == pytest.approx(np.clip(products.max(axis=1), 0, 1))


def test_leader_groups_are_not_joined_by_chains():
    # Each text shares half of its words with the next one and none with the one after that.
    rows = [row(f"r{at}", " ".join(f"w{at * 2 + word}" for word in range(4))) for at in range(12)]
    found = coverage([], rows)
    assert max(len(gap.rows) for gap in found.gaps) <= 3
    assert sum(len(gap.rows) for gap in found.gaps) == len(rows)


# ---- what is not known -------------------------------------------------------------------------------------------------


def test_a_sample_is_not_taken_for_all_test_rows(monkeypatch):
    assert coverage(TRAIN, TEST).unknown() == {}
    monkeypatch.setattr("seatrial.data.coverage.PAIRS", 6)
    found = coverage(TRAIN, TEST)
    assert found.compared == 2
    assert found.unknown()["without_neighbour"].startswith("2 of 4 test rows were compared, drawn at random")
    assert found.facts()["unknown"] == found.unknown()


def test_where_there_is_nothing_to_compare_nothing_is_known():
    bare = [row("x", "hello there")]
    assert coverage(bare, bare).unknown() == {
        "labels_not_in_train": "no test row has a label",
        "labels_not_in_test": "no train row has a label",
        "slices_not_in_train": "no test row has a slice",
        "slices_not_in_test": "no train row has a slice",
    }
    # What test has and train lacks is known where train has no label at all.
    assert "labels_not_in_train" not in coverage(bare, TEST).unknown()
    assert coverage(bare, TEST).facts()["labels_not_in_train"] == ["card", "fruit"]
    assert coverage(TRAIN, []).unknown()["without_neighbour"] == "there are no test rows"
    assert coverage([], TEST).unknown()["without_neighbour"] == "there are no train rows"


def test_words_that_were_not_counted_only_lengthen_a_text(monkeypatch):
    monkeypatch.setattr(neighbours, "WEIGHED", 1)
    found = by_words(["car", "red", "red unseen"], ["red car"])
    one, two = (np.log1p((2 - df + 0.5) / (df + 0.5)) for df in (1, 2))  # counted: the test text and "car"
    test = np.array([one, two])  # red, car
    expected = [two / np.linalg.norm(test), one / np.linalg.norm(test), one / np.linalg.norm(test) / np.sqrt(2)]
    assert found.similarity == pytest.approx([max(expected)])
    weights = WordWeights.of(["car", "red", "red unseen"], ["red car"])
    vectors = weights.vectors(["car", "red", "red unseen"]) @ weights.vectors(["red car"]).T
    assert vectors.toarray().ravel() == pytest.approx(expected)


def test_weights_are_the_same_in_another_process():
    weights = WordWeights.of(["red car", "fast boat"], ["blue sky"])
    texts = ["red sky", "unseen words", "北京 car!", "…", ""]
    again = pickle.loads(pickle.dumps(weights)).vectors(texts)
    assert (again != weights.vectors(texts)).nnz == 0
