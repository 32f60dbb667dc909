"""Two texts as one run of pieces."""

from hypothesis import given
from hypothesis import strategies as st

from seatrial_reports.diff import LONGEST, compare


def test_changes_are_marked_word_by_word():
    pieces = [(piece.kind, piece.text) for piece in compare("my card was lost", "my crad was lsot!")]
    assert pieces == [
        ("same", "my "), ("gone", "card"), ("new", "crad"), ("same", " was "), ("gone", "lost"), ("new", "lsot!"),
    ]  # fmt: skip


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_pieces_spell_both_texts(before, after):
    pieces = compare(before, after)
    assert "".join(p.text for p in pieces if p.kind != "new") == before
    assert "".join(p.text for p in pieces if p.kind != "gone") == after


def test_a_long_text_is_cut_with_a_mark():
    pieces = compare("x " * LONGEST, "x")
    assert pieces[-1].text == "…"
    assert sum(len(piece.text) for piece in pieces) <= LONGEST + 2
