from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.privacy.datum import Datum
from seatrial_plugins.privacy.recognisers import recognisers
from seatrial_plugins.privacy.repetitions import Repetitions

(EMAIL,) = recognisers(["email"])


def places(known, text):
    found = Repetitions((written, Datum(0, 0, written.lower()), EMAIL) for written in known).find(text)
    return [(text[datum.start : datum.end], datum.value) for datum, _ in found]


def test_only_whole_words_count():
    assert places(["123 456"], "123 456, x123 456 123 4567 123 456x 123 456.") == [("123 456", "123 456")] * 2


def test_signs_before_the_first_word_belong_to_it():
    assert places(["+49 30 1234"], "call +49 30 1234 or 49 30 1234") == [("+49 30 1234", "+49 30 1234")]


def test_the_longest_of_those_that_begin_alike_is_found():
    assert [written for written, _ in places(["123 456", "123 456 789"], "123 456 789 123 456 7")] == [
        "123 456 789",
        "123 456",
    ]


def test_short_and_plain_ones_are_left_out():
    assert (
        places(["admin", "12 34", "secret-word", "Harbour", "HARBOUR"], "admin 12 34 secret-word Harbour HARBOUR") == []
    )
    assert places(["jYVbren", "har$bour"], "jYVbren har$bour") == [("jYVbren", "jyvbren"), ("har$bour", "har$bour")]


def test_nothing_known_is_nothing_found():
    assert places([], "123 456") == []
    assert places(["123 456"], "") == []


@given(st.lists(st.sampled_from(["12345 6", "1234567", "a", " ", ",", "6", "5 6"]), max_size=12).map("".join))
def test_it_finds_what_a_plain_search_finds(text):
    known = "12345 6"
    expected, start = [], text.find(known)
    while start >= 0:
        end = start + len(known)
        if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
            expected.append(start)
            start = text.find(known, end)
        else:
            start = text.find(known, start + 1)
    found = Repetitions([(known, Datum(0, 0, known), EMAIL)]).find(text)
    assert [datum.start for datum, _ in found] == expected
