import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Row, Turn
from seatrial.errors import StageError
from seatrial.model import TellsUnread
from seatrial.rows import Label
from seatrial_plugins.baselines import build_encoder_logreg, build_majority, build_tfidf_logreg, seatrial_baselines


class WordVectors:
    """An encoder of random unit vectors, one for each word, summed."""

    def encode(self, texts):
        vectors = np.zeros((len(texts), 32), dtype=np.float32)
        for place, text in enumerate(texts):
            for word in text.split():
                vectors[place] += np.random.default_rng(zlib.crc32(word.encode())).normal(size=32)
            vectors[place] /= np.linalg.norm(vectors[place]) or 1
        return vectors


def row(text, label, number=0):
    turns = (Turn("user", text), Turn("assistant", label or "?"))
    return Row(
        f"r{number}",
        turns,
        "text-label",
        "path:x",
        "x.csv",
        number + 1,
        expected=None if label is None else Label(label),
    )


TRAIN = [row(f"my card {thing}", "cards", n) for n, thing in enumerate(["is lost", "was eaten", "broke", "is new"])]
TRAIN += [row(f"the transfer {thing}", "transfers", n + 9) for n, thing in enumerate(["is late", "failed", "is wrong"])]
ASKED = [row("where is my card", None), row("a transfer never came", None)]

LEARNERS = {"tfidf-logreg": build_tfidf_logreg, "encoder-logreg": lambda: build_encoder_logreg(encoder=WordVectors())}
ALL = {"majority": build_majority, **LEARNERS}


@pytest.mark.parametrize("name", LEARNERS)
def test_it_learns_what_tells_the_labels_apart(name):
    baseline = LEARNERS[name]()
    baseline.fit(TRAIN, seed=0)
    assert baseline.classify(ASKED) == ["cards", "transfers"]


@pytest.mark.parametrize("name", LEARNERS)
def test_equal_seeds_give_equal_answers(name):
    answers = []
    for _ in range(2):
        baseline = LEARNERS[name]()
        baseline.fit(TRAIN, seed=3)
        answers.append(baseline.classify(TRAIN + ASKED))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", LEARNERS)
def test_the_answer_is_not_read(name):
    baseline = LEARNERS[name]()
    baseline.fit(TRAIN, seed=0)
    misleading = Row("m", (Turn("user", "where is my card"), Turn("assistant", "transfers")), "text-label", "s", "f", 1)
    assert baseline.classify([misleading]) == ["cards"]


@pytest.mark.parametrize("name", ALL)
def test_no_rows_to_learn_from_is_an_error(name):
    with pytest.raises(StageError, match=f"baseline {name}: no train rows"):
        ALL[name]().fit([], seed=0)


@pytest.mark.parametrize("name", ALL)
def test_a_row_without_a_label_is_named(name):
    with pytest.raises(StageError, match=r"1 of 8 train rows have no label, the first at x\.csv:42"):
        ALL[name]().fit([*TRAIN, row("?", None, 41)], seed=0)


@pytest.mark.parametrize("name", LEARNERS)
def test_one_label_only_is_an_error(name):
    with pytest.raises(StageError, match="all 4 train rows have the label 'cards'"):
        LEARNERS[name]().fit(TRAIN[:4], seed=0)


@pytest.mark.parametrize("name", ALL)
def test_asking_before_fitting_is_an_error(name):
    with pytest.raises(StageError, match="asked before it was fitted"):
        ALL[name]().classify(ASKED)


@pytest.mark.parametrize("name", ALL)
def test_odd_questions_get_a_known_label(name):
    baseline = ALL[name]()
    baseline.fit(TRAIN, seed=0)
    odd = [row("", None), row("船 🚢", None), row("card " * 200_000, None)]
    assert set(baseline.classify(odd)) <= {"cards", "transfers"}
    assert baseline.classify([]) == []


def test_the_encoders_one_tells_how_many_rows_it_could_not_read():
    baseline = build_encoder_logreg(encoder=WordVectors())
    assert isinstance(baseline, TellsUnread)
    baseline.fit([*TRAIN, row("", "cards")], seed=0)
    assert baseline.unread == 1
    baseline.classify([row("", None), row("card", None), row("", None)])
    assert baseline.unread == 2
    baseline.classify([])
    assert baseline.unread == 0


def test_rows_without_a_word_are_an_error_of_tfidf():
    with pytest.raises(StageError, match="2 train rows hold no word"):
        build_tfidf_logreg().fit([row("", "a"), row(" ", "b")], seed=0)


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_majority_answers_a_most_frequent_label(labels):
    baseline = build_majority()
    baseline.fit([row("x", label) for label in labels], seed=0)
    (answer,) = baseline.classify(ASKED[:1])
    assert answer == next(label for label in "abc" if labels.count(label) == max(map(labels.count, "abc")))


def test_the_hook_brings_the_three():
    components = {component.name: component for component in seatrial_baselines()}
    assert list(components) == ["majority", "tfidf-logreg", "encoder-logreg"]
    assert components["encoder-logreg"].uses["encoder"].default == "minilm"
