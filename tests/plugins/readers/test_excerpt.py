"""Excerpts are short, whatever the record is."""

import pytest

from seatrial_plugins.readers.excerpt import excerpt_of, excerpt_of_value


@pytest.mark.parametrize(
    ("value", "excerpt"),
    [
        ({"text": "a", "n": [1, None]}, "text: a; n: 1; None; ;"),
        ("x" * 10**6, "x" * 200),
        ({"a": "x" * 10**6, "b": 1}, "a: " + "x" * 197),
        ([10**5000], "(number);"),
        (b"\xff" * 300, str(b"\xff" * 200)[:200]),
        ("\ud800", "?"),
    ],
)
def test_a_value_is_shown_by_its_start(value, excerpt):
    assert excerpt_of_value(value) == excerpt


def test_a_text_is_cut_and_can_be_stored():
    assert excerpt_of("  " + "é" * 500) == "é" * 198
    assert excerpt_of("a\udcffb") == "a?b"
