"""Names out of data are cut where they are very long, and counted where they are very many."""

from seatrial.terminal.names import LONGEST, listed, name_of, tallied


def test_a_name_stays_on_one_line_and_is_read_at_a_glance():
    assert name_of("card\n payment") == "card payment"
    assert name_of("w" * 3000) == "w" * (LONGEST - 1) + "…"
    assert name_of("\u202egnp") == "‹U+202E›gnp"


def test_of_very_many_names_twenty_are_told():
    assert listed([]) == ""
    assert listed(["a", 7]) == "a, 7"
    assert listed(range(20)).endswith("18, 19")
    assert listed(range(1_021)).endswith("18, 19 and 1,001 more")


def test_counts_stand_beside_their_names():
    assert tallied({"pin": 39, "w" * 200: 1}) == f"pin 39, {'w' * (LONGEST - 1)}… 1"
