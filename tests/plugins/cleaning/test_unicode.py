"""The unicode filter: what is broken is repaired in place, what another script or code needs is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Finding, Row, Turn
from seatrial.data.policy import apply
from seatrial.rows import Choice
from seatrial_plugins.cleaning import UNICODE_RULES, build_unicode

RULES = {rule.name: rule for rule in UNICODE_RULES}


def row(*said: str) -> Row:
    return Row("r", tuple(Turn(("user", "assistant")[i % 2], text) for i, text in enumerate(said)), "chat", "s", "f", 1)


def found(*said: str) -> list[Finding]:
    return list(build_unicode().inspect([row(*said)]))


def repaired(text: str) -> str:
    done = apply([row(text)], found(text), stage="clean", filter="unicode", plugin="p", rules=RULES, actions=None)
    return done.rows[0].turns[0].content


@pytest.mark.parametrize(
    ("broken", "rules", "fixed"),
    [
        ("cafÃ© is good â€” really", ["mojibake"], "café is good — really"),
        ("\x93quoted\x94", ["mojibake"], "“quoted”"),
        ("a\x00b\x1b[31mred\x1b[0m", ["control"], "abred"),
        ("zero\u200bwidth soft\u00adhyphen \ufeffBOM", ["invisible"], "zerowidth softhyphen BOM"),
        ("x\u200dy", ["invisible"], "xy"),
        ("hi\U000e0069\U000e0067\U000e006e", ["invisible"], "hi"),
        ("❤\ufe0f\ufe0f\ufe0f", ["invisible"], "❤\ufe0f"),
        ("می\u200c\u200c\u200cخواهم", ["invisible"], "می\u200cخواهم"),
        ("a\u202eevil\u202c \u2067x\u2069", ["bidi"], "aevil x"),
        ("a\r\nb\rc\u2028d\x0be", ["line-ends"], "a\nb\nc\nd\ne"),
        ("e\u0301cole", ["composition"], "école"),
        ("\u1112\u1161\u11ab", ["composition"], "한"),
        ("\ud83d\ude00 and \ud800", ["surrogate"], "😀 and \ufffd"),
        ("lost \ufffd here", ["replacement-character"], "lost \ufffd here"),
        ("fiancÃ© e\u0301 \u200b\x00 cafÃ©", ["mojibake", "control", "invisible", "composition"], "fiancé é  café"),
    ],
)
def test_each_fault_is_found_by_its_rule_and_repaired(broken, rules, fixed):
    assert [finding.rule for finding in found(broken)] == rules
    assert repaired(broken) == fixed
    assert [f.rule for f in found(fixed)] == (["replacement-character"] if "\ufffd" in fixed else [])


@pytest.mark.parametrize(
    "fine",
    [
        "",
        "plain\ttext\nwith lines",
        "if a &amp;&amp; b < c: “smart” ‘quotes’ ﬁ ﬂ",
        "你好，世界！１２３",
        "می\u200cخواهم",
        "क्\u200dष",
        "👨\u200d👩\u200d👧 👩🏽\u200d💻 🏳\ufe0f\u200d🌈 1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "ភាសា\u200bខ្មែរ",
        "naïve café Ünïcödé — ñ",
        "שלום \u200fעולם",
    ],
)
def test_what_is_fine_is_left_alone(fine):
    assert found(fine) == []


FAULTS = "aé中ऀक्❤😀 \t\n\x00\x1b[31m\r\u2028\u200b\u200d\ufeff\u00ad\u202e\u2067\u0301\ufe0f\ud800\udc00\u3164"


@given(st.text(st.sampled_from(FAULTS), max_size=25))
def test_one_pass_repairs_everything(text):
    # Decoding and composing change what stands beside what; every other repair leaves nothing for a second pass.
    changing = {"mojibake", "composition"}
    if changing.isdisjoint(finding.rule for finding in found(text)):
        left = {finding.rule for finding in found(repaired(text))}
        assert left <= {"replacement-character", *changing}


def test_the_evidence_names_code_points_and_places():
    (finding,) = found("ok", "a\u200bb\u202ec\u200b")[:1]
    assert finding.rule == "invisible"
    assert finding.score == 2
    assert finding.detail == "2 places: U+200B"
    assert [(span.turn, span.start, span.end, span.replacement) for span in finding.spans] == [
        (1, 1, 2, ""),
        (1, 5, 6, ""),
    ]


def test_a_question_is_found_whose_other_choices_cannot_be_repaired():
    def question(answer, *others):
        return Row(
            "q",
            (Turn("user", "Which?"), Turn("assistant", answer)),
            "choice",
            "s",
            "f",
            1,
            expected=Choice((answer, *others)),
        )

    def told(row):
        return [(f.rule, f.score, f.detail) for f in build_unicode().inspect([row])]

    assert told(question("café", "bistro", "日本語")) == []
    assert told(question("bistro", "lost \ufffd")) == []
    assert told(question("bistro", "cafÃ©", "bar", "in\u200bn")) == [
        ("unrepairable", 2, "2 of 4 choices, the first is choice 2")
    ]
    assert [rule for rule, *_ in told(question("cafÃ©", "cafÃ©", "bar"))] == ["mojibake"]


def test_only_lost_characters_and_other_choices_are_not_repaired():
    assert {rule.name: rule.action for rule in UNICODE_RULES if rule.action != "repair"} == {
        "replacement-character": "flag",
        "unrepairable": "drop",
    }


def test_no_rows_no_turns_and_a_huge_turn():
    assert list(build_unicode().inspect([])) == []
    assert list(build_unicode().inspect([row()])) == []
    huge = "line\r\n" * 20_000 + "\u200b" * 100_000
    assert repaired(huge) == "line\n" * 20_000


def test_a_long_line_of_mojibake_is_repaired_whole():
    assert repaired("cafÃ© " * 500) == "café " * 500
