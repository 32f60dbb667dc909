"""Survivors: who goes has a survivor that stays, is like it, agrees with it and had room."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial_plugins.deduplication.survivors import Alike, Survivors


def placed(answers: list[int], likenesses: dict[int, list[tuple[int, float]]], largest: int = 100) -> Survivors:
    survivors = Survivors(answers, largest)
    for text in sorted(likenesses):
        survivors.place(text, likenesses[text])
    return survivors


def test_the_most_similar_text_that_stays_is_the_survivor_the_earliest_of_those():
    found = placed([0] * 4, {1: [], 2: [(0, 0.8), (1, 0.9)], 3: [(2, 0.99), (1, 0.8), (0, 0.8)]})
    assert found.gone == {2: Alike(1, 0.9), 3: Alike(0, 0.8)}


def test_a_text_that_is_only_like_one_that_went_stays():
    assert placed([0] * 3, {1: [(0, 0.8)], 2: [(1, 0.9)]}).gone == {1: Alike(0, 0.8)}


def test_other_answers_conflict_and_a_full_cluster_spares():
    found = placed([1, 2, 1, 1, 0], {1: [(0, 0.9)], 2: [(0, 0.8), (1, 0.95)], 3: [(0, 0.7)], 4: [(1, 0.9)]}, largest=2)
    assert found.gone == {2: Alike(0, 0.8), 4: Alike(1, 0.9)}
    assert found.spared == {3: Alike(0, 0.7)}
    assert found.conflicts == {0: Alike(1, 0.9), 1: Alike(0, 0.9)}


def test_a_text_with_an_answer_does_not_go_for_one_without():
    found = placed([0, 1], {1: [(0, 0.9)]})
    assert (found.gone, found.conflicts) == ({}, {})


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.lists(st.tuples(st.integers(0, 20), st.floats(0.5, 1)), max_size=6)),
        max_size=20,
    ),
    st.integers(1, 4),
)
def test_what_holds_of_every_placement(texts, largest):
    answers = [answer for answer, _ in texts]
    alike = {text: [one for one in found if one[0] < text] for text, (_, found) in enumerate(texts)}
    found = placed(answers, alike, largest)
    for text, survivor in found.gone.items():
        assert survivor.text not in found.gone
        assert (survivor.text, survivor.similarity) in alike[text]
        assert answers[text] in {0, answers[survivor.text]}
    assert all(count < largest for count in Counter(one.text for one in found.gone.values()).values())
    for kept in (found.spared, found.conflicts):
        assert not kept.keys() & found.gone.keys()
        assert not {one.text for one in kept.values()} & found.gone.keys()
