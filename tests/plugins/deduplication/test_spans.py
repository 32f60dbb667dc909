"""Repeated spans: what two rows share is pointed at, and only a row that adds nothing goes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial import Row, Turn
from seatrial.data.normalise import spell
from seatrial.errors import UsageError
from seatrial_plugins.deduplication import build_repeated_spans


def stretch(name: str, count: int) -> str:
    return " ".join(f"{name}{index}" for index in range(count))


def pointed_at(row: Row, finding) -> list[str]:
    return [row.turns[span.turn].content[span.start : span.end] for span in finding.spans]


def test_a_shared_stretch_is_pointed_at_in_the_row_that_is_not_the_longest(say, compare):
    shared = stretch("s", 12)
    rows = [
        say("short", f"Before, {shared}. After!"),
        say("long", f"{stretch('a', 30)} {shared.upper()} {stretch('b', 30)}"),
    ]
    [finding] = compare(build_repeated_spans(words=10), rows).findings
    assert (finding.row, finding.rule, finding.matched_row, finding.score) == ("short", "repeated-span", "long", 12)
    assert pointed_at(rows[0], finding) == [f"{shared}."]
    assert finding.matched_text == f"{shared}."
    assert (
        finding.detail == "12 words in a row stand in row long; in all, 12 of its 14 words stand so in rows that stay"
    )


def test_a_row_that_adds_nothing_is_contained_and_stays_with_its_original(say, compare):
    rows = [say("part", stretch("a", 20)), say("whole", stretch("a", 40)), say("apart", stretch("z", 40))]
    grouping = compare(build_repeated_spans(words=10), rows)
    [finding] = grouping.findings
    assert (finding.row, finding.rule, finding.matched_row, finding.score) == ("part", "contained", "whole", 20)
    assert finding.detail == "all of its 20 words stand in rows that stay, 20 in a row in row whole"
    assert grouping.clusters == {"part": "whole", "whole": "whole"}


def test_whose_stretches_are_the_original_is_a_stated_rule(say, compare):
    rows = [say("a", stretch("s", 20)), say("b", stretch("s", 40)), say("c", stretch("s", 20))]
    gone = {
        keep: [
            (f.row, f.rule, f.matched_row) for f in compare(build_repeated_spans(words=10, keep=keep), rows).findings
        ]
        for keep in ("first", "last", "longest")
    }
    assert gone["longest"] == [("a", "contained", "b"), ("c", "contained", "b")]
    assert gone["first"] == [("b", "repeated-span", "a"), ("c", "contained", "a")]
    assert gone["last"] == [("b", "repeated-span", "c"), ("a", "contained", "c")]


def test_a_row_made_of_two_others_is_contained_and_one_with_a_seam_is_not(say, compare):
    rows = [
        say("a", stretch("a", 30)),
        say("b", stretch("b", 30)),
        say("both", f"{stretch('a', 12)} {stretch('b', 12)}"),
        say("seam", f"{stretch('a', 12)} and {stretch('b', 12)}"),
    ]
    found = {finding.row: finding for finding in compare(build_repeated_spans(words=10), rows).findings}
    assert {row: finding.rule for row, finding in found.items()} == {"both": "contained", "seam": "repeated-span"}
    assert pointed_at(rows[3], found["seam"]) == [stretch("a", 12), stretch("b", 12)]


def test_what_only_a_row_that_goes_has_is_never_lost(say, compare):
    # The second row goes for the first; the third repeats what both say, and so goes for the first too.
    rows = [say("a", stretch("a", 40)), say("b", stretch("a", 30)), say("c", stretch("a", 20))]
    found = compare(build_repeated_spans(words=10), rows).findings
    assert {(finding.row, finding.matched_row) for finding in found} == {("b", "a"), ("c", "a")}


def test_another_answer_is_no_copy(say, compare):
    rows = [say("a", stretch("a", 40), "red"), say("b", stretch("a", 30), "blue"), say("c", stretch("a", 20), "red")]
    found = compare(build_repeated_spans(words=10), rows).findings
    assert [(finding.row, finding.rule) for finding in found] == [("b", "repeated-span"), ("c", "contained")]


def test_a_stretch_lies_inside_one_turn_and_system_turns_are_not_compared(compare):
    def talk(name: str, *contents: str, system: str = "") -> Row:
        roles = ("user", "assistant", "user", "assistant")
        turns = [Turn(role, content) for role, content in zip(roles, contents, strict=False)]
        return Row(name, (Turn("system", system), *turns), "chat", "s", "f", 1)

    system = stretch("s", 30)
    rows = [
        talk("a", stretch("u", 30), stretch("v", 30), stretch("w", 30), "ok", system=system),
        talk("b", stretch("x", 30), stretch("v", 30), stretch("y", 30), "ok", system=system),
        talk("c", stretch("u", 8), " ".join(stretch("u", 30).split()[8:]), "yes", "ok", system=system),
    ]
    found = compare(build_repeated_spans(words=10, keep="first"), rows).findings
    assert [(f.row, f.rule, f.matched_row) for f in found] == [("b", "repeated-span", "a"), ("c", "repeated-span", "a")]
    assert pointed_at(rows[1], found[0]) == [stretch("v", 30)]
    assert [span.turn for span in found[1].spans] == [2]


def test_the_answer_counts_on_all_only(say, compare):
    rows = [say("a", "one", answer=stretch("s", 40)), say("b", "two", answer=stretch("s", 40))]
    assert compare(build_repeated_spans(words=10), rows).findings == []
    [finding] = compare(build_repeated_spans(words=10, on="all"), rows).findings
    assert (finding.rule, finding.spans[0].turn) == ("repeated-span", 1)


def test_a_stretch_repeated_in_its_own_row_is_none(say, compare):
    assert compare(build_repeated_spans(words=3), [say("a", "x y z x y z x y z"), say("b", "p q r")]).findings == []


def test_empty_short_unicode_and_huge_rows(say, compare):
    component = build_repeated_spans(words=10)
    assert compare(component, []).findings == []
    assert (
        compare(component, [say("a", ""), say("b", "?"), say("c", "few words"), say("d", "few words")]).findings == []
    )
    chinese = "今天天气很好我们去公园散步吧然后回家"
    [finding] = compare(component, [say("a", chinese + "你好"), say("b", f"他说{chinese}谢谢大家\ud800")]).findings
    assert finding.matched_text == chinese
    huge = stretch("h", 20_000)
    found = compare(component, [say("a", huge), say("b", huge + " end"), say("c", huge)]).findings
    assert [(f.row, f.rule, f.matched_row) for f in found] == [("a", "contained", "b"), ("c", "contained", "b")]


def test_a_stretch_of_one_word_is_refused():
    with pytest.raises(UsageError, match="at least 2"):
        build_repeated_spans(words=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=14), max_size=8),
    st.integers(2, 5),
    st.sampled_from(["first", "last", "longest"]),
)
def test_findings_are_those_of_a_plain_search(compare, said, n, keep):
    rows = [Row(f"{i}", (Turn("user", " ".join(text)),), "chat", "s", "f", i + 1) for i, text in enumerate(said)]
    order = [row for row in rows if spell(row.text)]
    order = (
        order[::-1]
        if keep == "last"
        else sorted(order, key=lambda row: -len(spell(row.text)))
        if keep == "longest"
        else order
    )
    held: dict[tuple[str, ...], str] = {}
    expected = {}
    for row in order:
        words = spell(row.text)
        stretches = [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]
        shared = [start for start, one in enumerate(stretches) if one in held]
        covered = {place for start in shared for place in range(start, start + n)}
        if shared:
            expected[row.id] = ("contained" if len(covered) == len(words) else "repeated-span", covered)
        if len(covered) < len(words):
            held |= {one: row.id for one in stretches if one not in held}
    grouping = compare(build_repeated_spans(words=n, keep=keep), rows)
    found = {}
    for finding in grouping.findings:
        starts = [2 * place for place in range(len(said[int(finding.row)]))]
        inside = {i for i, start in enumerate(starts) for span in finding.spans if span.start <= start < span.end}
        found[finding.row] = (finding.rule, inside)
    assert found == expected
    gone = {row for row, (rule, _) in expected.items() if rule == "contained"}
    assert not {finding.matched_row for finding in grouping.findings} & gone
