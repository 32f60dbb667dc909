"""Attacked texts, their changes marked."""

from hypothesis import given
from hypothesis import strategies as st

from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scores import Sample
from seatrial_reports.attacks import build_attacks, compare


def test_changes_are_marked_word_by_word():
    pieces = [(piece.kind, piece.text) for piece in compare("my card was lost", "my crad was lsot!")]
    assert pieces == [
        ("same", "my "), ("gone", "card"), ("new", "crad"), ("same", " was "), ("gone", "lost"), ("new", "lsot!"),
    ]  # fmt: skip


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_pieces_spell_both_texts(original, attacked):
    pieces = compare(original, attacked)
    assert "".join(p.text for p in pieces if p.kind != "new") == original
    assert "".join(p.text for p in pieces if p.kind != "gone") == attacked


def test_flipped_answers_stand_first(plain_result):
    (block,) = build_attacks(plain_result)
    assert (block.scorer, block.n) == ("attack", 50)
    assert block.outcomes == (
        ("succeeded", "the answer flipped", 14),
        ("budget exhausted", "all queries spent, not flipped", 12),
        ("failed", "withstood the attack", 12),
        ("skipped", "wrong already, not attacked", 12),
    )
    assert block.asked == "samples 50, recipe deepwordbug, budget 200"
    assert {attack.outcome for attack in block.attacks} == {"succeeded"}
    assert (block.attacks[0].before, block.attacks[0].after) == ("billing (0.930)", "returns (0.620)")
    assert block.attacks[0].queries == "31"


def test_outcomes_of_an_unknown_attack_are_shown_without_a_meaning(run):
    samples = [Sample("r1", {}, "b", "a", detail={"outcome": "derailed", "original": "x", "attacked": "y"})]
    (block,) = build_attacks(run(samples={"attack": samples_to_table("base", samples, [])}))
    assert block.outcomes == (("derailed", "", 1),)
