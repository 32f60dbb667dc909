"""Several replacements in one row: a redaction always wins, a longer repair beats a shorter one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seatrial.data.rewriting import Edit, rewrite
from seatrial.rows import Row, Turn


def row(*said: str, **more) -> Row:
    roles = ["user", "assistant"] * 3
    return Row("r", tuple(Turn(roles[i], text) for i, text in enumerate(said)), "chat", "s", "f", 1, **more)


def redact(start: int, end: int, text: str, finding: int = 0) -> Edit:
    return Edit(0, start, end, text, True, finding)


def repair(start: int, end: int, text: str, finding: int = 0) -> Edit:
    return Edit(0, start, end, text, False, finding)


def test_edits_apart_are_all_made():
    done, unmade = rewrite(row("abcdef"), [repair(4, 5, "EE", 1), redact(0, 2, "<X>"), repair(6, 6, "!", 2)])
    assert done.turns[0].content == "<X>cdEEf!"
    assert unmade == frozenset()


def test_overlapping_redactions_hide_their_union_under_the_longest_ones_name():
    done, unmade = rewrite(row("0123456789"), [redact(1, 4, "<A>"), redact(3, 9, "<B>", 1), redact(8, 10, "<C>", 2)])
    assert done.turns[0].content == "0<B>"
    assert unmade == frozenset()


def test_redactions_that_touch_stay_two():
    assert rewrite(row("aabb"), [redact(0, 2, "<A>"), redact(2, 4, "<B>")])[0].turns[0].content == "<A><B>"


def test_a_repair_gives_way_to_a_redaction_and_to_a_longer_repair():
    done, unmade = rewrite(
        row("0123456789"),
        [repair(0, 6, "long", 0), repair(5, 8, "short", 1), redact(9, 10, "<X>", 2), repair(8, 10, "r", 3)],
    )
    assert done.turns[0].content == "long678<X>"
    assert unmade == {1, 3}


def test_the_same_repair_from_two_findings_counts_as_made_for_both():
    done, unmade = rewrite(row("abc"), [repair(0, 1, "X", 0), repair(0, 1, "X", 1)])
    assert done.turns[0].content == "Xbc"
    assert unmade == frozenset()


def test_label_and_choice_follow_the_answer():
    labelled = row("q", "cafÃ©", label="cafÃ©", choices=("cafÃ©", "tea"))
    done, _ = rewrite(labelled, [Edit(1, 3, 5, "é", False, 0)])
    assert (done.target, done.label, done.choices) == ("café", "café", ("café", "tea"))
    assert done.id == labelled.id
    untouched, _ = rewrite(labelled, [Edit(0, 0, 1, "Q", False, 0)])
    assert (untouched.label, untouched.choices) == (labelled.label, labelled.choices)


@given(st.text("ab", min_size=1, max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_no_redacted_character_is_left_and_no_other_is_lost(text, pairs):
    spans = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in pairs]
    spans = [span for span in spans if span[0] < span[1]]
    done, unmade = rewrite(row(text), [redact(start, end, "#", n) for n, (start, end) in enumerate(spans)])
    kept = "".join(c for i, c in enumerate(text) if not any(start <= i < end for start, end in spans))
    assert done.turns[0].content.replace("#", "") == kept
    assert not unmade
