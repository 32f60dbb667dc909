"""Fingerprints are equal for rows that say the same, and absent for rows that say nothing."""

from __future__ import annotations

import pytest

from seatrial.data.fingerprint import choices_fingerprint, part_of, turns_fingerprint
from seatrial.rows import Choice, Row, Turn


def turns(*said: str) -> list[Turn]:
    return [Turn(role, text) for role, text in zip(["user", "assistant"] * 3, said, strict=False)]


def test_exact_sees_case_and_normalised_does_not():
    assert turns_fingerprint(turns("Hi"), "exact") != turns_fingerprint(turns("hi!"), "exact")
    assert turns_fingerprint(turns("Hi"), "normalised") == turns_fingerprint(turns("hi!"), "normalised")


@pytest.mark.parametrize("method", ["exact", "normalised"])
@pytest.mark.parametrize("said", [[], [Turn("user", "")], [Turn("user", " \n"), Turn("assistant", "\t")]])
def test_rows_that_say_nothing_have_none(method, said):
    assert turns_fingerprint(said, method) is None


def test_roles_turn_borders_and_extras_count():
    assert turns_fingerprint([Turn("user", "a b")], "normalised") != turns_fingerprint(turns("a", "b"), "normalised")
    assert turns_fingerprint([Turn("user", "a")], "exact") != turns_fingerprint([Turn("tool", "a")], "exact")
    call = Turn("assistant", "", '{"tool_calls": []}')
    assert turns_fingerprint([call], "exact") is not None


def test_choices_are_compared_whatever_their_order():
    def row(*choices: str) -> Row:
        return Row("r", (Turn("user", "q"), Turn("assistant", "a")), "choice", "s", "f", 1, expected=Choice(choices))

    assert choices_fingerprint(row("A", "b"), "normalised") == choices_fingerprint(row("B", "a!"), "normalised")
    assert choices_fingerprint(row("A", "b"), "exact") != choices_fingerprint(row("B", "a"), "exact")
    assert choices_fingerprint(row(), "exact") is None
    assert part_of(row("A"), "input") == (Turn("user", "q"),)
    assert len(part_of(row("A"), "all")) == 2
