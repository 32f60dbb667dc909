from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.toxicity.windows import sentences, windows


def test_a_short_text_is_its_own_piece():
    assert windows("all of it", 20, 5) == ["all of it"]
    assert windows("", 20, 5) == [""]


def test_pieces_break_at_white_space_and_overlap():
    assert windows("one two three four five six", 14, 6) == ["one two three ", "three four ", " four five six"]


@given(st.text(alphabet="ab \n", max_size=300), st.integers(10, 50))
def test_pieces_cover_the_text_in_order(text, size):
    end = 0
    for piece in windows(text, size, size // 5):
        assert len(piece) <= size
        place = text.rfind(piece, 0, end + len(piece))  # the last that leaves no gap: repeated letters stand in several
        assert place >= 0
        end = max(end, place + len(piece))
    assert end == len(text)


@given(st.text(alphabet="ab ", min_size=100, max_size=300), st.data())
def test_a_stretch_as_short_as_the_overlap_is_whole_in_some_piece(text, data):
    start = data.draw(st.integers(0, len(text) - 10))
    assert any(text[start : start + 10] in piece for piece in windows(text, 50, 10))


def test_a_run_without_white_space_is_cut():
    pieces = windows("x" * 1000, 100, 20)
    assert {len(piece) for piece in pieces[:-1]} == {100}
    assert len(pieces) == 13


def test_sentences_end_at_full_stops_and_line_breaks():
    assert sentences("One. Two?  Three!\nfour 3.5 five\n\n 你好。再见！") == [
        "One.",
        "Two?",
        "Three!",
        "four 3.5 five",
        " 你好。",
        "再见！",
    ]
    assert sentences(" \n ") == []
