from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.privacy.stretches import stretches


def test_a_short_text_is_one_stretch_and_an_empty_one_none():
    assert list(stretches("a b c", 10, 2)) == [(0, 5, 5)]
    assert list(stretches("", 10)) == []


def test_stretches_end_at_white_space_where_there_is_some():
    assert list(stretches("aaaa bbbb cccc", 7, 3)) == [(0, 5, 8), (5, 10, 13), (10, 14, 14)]
    assert list(stretches("a" * 10, 4, 1)) == [(0, 4, 5), (4, 8, 9), (8, 10, 10)]


@given(st.text(alphabet="ab \n", max_size=300), st.integers(2, 50), st.integers(0, 20))
def test_they_cover_the_text_end_to_end(text, size, overlap):
    found = list(stretches(text, size, overlap))
    assert "".join(text[start:end] for start, end, _ in found) == text
    assert all(0 < end - start <= size and reach == min(end + overlap, len(text)) for start, end, reach in found)
