"""Notes: what is noticed of a source is told once, in few words."""

import pytest

from seatrial.rows.formats import parse
from seatrial.rows.notes import Notes


@pytest.fixture
def warned():
    """The warnings about labels."""

    def warnings(*labels, **options):
        notes = Notes()
        read = [parse({"text": "x", "label": label}, notes=notes, **options).label for label in labels]
        return read, list(notes.warnings())

    return warnings


def test_white_space_around_a_label_is_no_part_of_it(warned):
    assert warned("ship", "ship ", "\tship") == (["ship"] * 3, [])
    assert warned("ship ", labels={"ship": "parcel"})[0] == ["parcel"]
    assert warned("ship ", labels={"ship ": "parcel"})[0] == ["parcel"]


@pytest.mark.parametrize(
    "alike", [("Bill", "bill"), (True, "True", "TRUE"), ("pin_change", "pin-change", "pin change")]
)
def test_labels_that_differ_in_their_spelling_alone_are_warned_of(warned, alike):
    read, (warning,) = warned(*alike, "other", "other")
    assert len({*read}) == len(alike) + 1
    assert all(f"'{label}'" in warning for label in read[:-2])
    assert "other" not in warning


def test_labels_that_a_style_makes_one_are_told(warned):
    read, (warning,) = warned("pin_change", "pin-change", words=True)
    assert read == ["pin change"] * 2
    assert warning == "read as one label: 'pin_change', 'pin-change'"
    assert warned("card_lost", "pin_change", words=True)[1] == []


def test_very_many_keys_take_no_more_memory_than_some():
    notes = Notes()
    for number in range(3_000):
        notes.leave(f"k{number}", known=False)
    assert len(notes.left_aside()) == 1_000
    (remark,) = notes.remarks()
    assert "and 992 more" in remark


def test_what_could_be_what_somebody_wrote_is_not_quoted():
    notes = Notes()
    notes.leave("jane.doe@example.org said this to me yesterday at noon", known=False)
    assert "jane" not in next(notes.remarks())
