"""Several replacements in one row: a redaction always wins, a longer repair beats a shorter one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seatrial.data.rewriting import Edit, rewrite
from seatrial.rows import (
    Check,
    Choice,
    Image,
    Label,
    Preference,
    References,
    Row,
    Text,
    ToolCall,
    Turn,
)


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
    accent = Edit(1, 3, 5, "é", False, 0)
    for before, after in (
        (Label("cafÃ©"), Label("café")),
        (Choice(("tea", "cafÃ©"), 1), Choice(("tea", "café"), 1)),
        (References(("cafÃ©", "bar")), References(("café", "bar"))),
        (None, References(("café",))),
        (Check("python", "f()"), Check("python", "f()")),
        (Preference((Turn("assistant", "cafÃ©"),)), Preference((Turn("assistant", "café"),))),
    ):
        told = row("q", "cafÃ©", expected=before)
        done, _ = rewrite(told, [accent])
        assert (done.target, done.expected, done.id) == ("café", after, told.id)
        untouched, _ = rewrite(told, [Edit(0, 0, 1, "Q", False, 0)])
        assert untouched.expected == told.expected


def test_other_answers_are_turns_behind_the_conversation():
    several = row("q", "one", expected=References(("one", "two", "three")))
    done, _ = rewrite(several, [Edit(3, 0, 5, "<X>", True, 0), Edit(1, 0, 1, "O", False, 1)])
    assert done.expected == References(("One", "two", "<X>"))
    assert [turn.content for turn in done.turns] == ["q", "One"]
    preferred = Preference((Turn("assistant", "yes"),), (Turn("assistant", "no"), Turn("user", "why")))
    done, _ = rewrite(row("q", "yes", expected=preferred), [Edit(3, 0, 3, "<X>", True, 0)])
    assert done.expected == Preference(preferred.chosen, (Turn("assistant", "no"), Turn("user", "<X>")))


def test_words_of_several_parts_are_rewritten_where_they_stand():
    image = Image("ab", "image/png", 2, 1)
    shown = Turn("user", [Text("my na"), image, Text("me is Ann, "), ToolCall("f", {"to": "Ann"}), Text("yes")])
    given_row = Row("r", (shown,), "chat", "s", "f", 1)
    across, inside = Edit(0, 3, 7, "NAME", True, 0), Edit(0, 11, 14, "<X>", True, 1)
    in_call = Edit(0, 8, 11, "<X>", True, 2, part=3)
    done, _ = rewrite(given_row, [across, inside, in_call])
    assert done.turns[0].parts == (
        Text("my NAME"), image, Text(" is <X>, "), ToolCall("f", {"to": "<X>"}), Text("yes"),
    )  # fmt: skip
    assert rewrite(given_row, [Edit(0, 5, 5, "!", False, 0)])[0].turns[0].content == "my na!me is Ann, yes"
    cut, _ = rewrite(given_row, [Edit(0, 0, 1, "{", False, 0, part=3)])
    assert cut.turns[0].calls == (ToolCall("f", {"to": "Ann"}),)
    broken, _ = rewrite(given_row, [Edit(0, 0, 1, "", True, 0, part=3)])
    assert broken.turns[0].calls == (ToolCall("f", '"to": "Ann"}'),), "what is no object any more is found by `schema`"


@given(st.text("ab", min_size=1, max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_no_redacted_character_is_left_and_no_other_is_lost(text, pairs):
    spans = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in pairs]
    spans = [span for span in spans if span[0] < span[1]]
    done, unmade = rewrite(row(text), [redact(start, end, "#", n) for n, (start, end) in enumerate(spans)])
    kept = "".join(c for i, c in enumerate(text) if not any(start <= i < end for start, end in spans))
    assert done.turns[0].content.replace("#", "") == kept
    assert not unmade
