"""The quality filter: which rules are asked for, what is read, and odd and huge rows."""

from __future__ import annotations

import pickle

import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial_plugins.cleaning import QUALITY_RULES, build_quality

PROSE = (
    "The ship is not delivered before its trial at sea, and nobody has to take that on trust. Its speed is measured "
    "over a known mile, in both directions, so that the tide cancels out. Steering is tried with the rudder hard over. "
    "Then the owner accepts the ship, or refuses it, with the figures of the day in hand."
)


def test_prose_breaks_no_rule(quality):
    assert quality(PROSE, rules=["gopher", "c4", "fineweb"]) == []


def test_presets_and_single_rules_are_named(quality):
    short = "Menu\nHome\nMenu"
    families = {f.rule.partition("-")[0] for f in quality(short, rules=["gopher", "c4", "fineweb"])}
    assert families == {"gopher", "c4", "fineweb"}
    assert {f.rule.partition("-")[0] for f in quality(short, rules=["fineweb"])} == {"fineweb"}
    assert [f.rule for f in quality(short, rules=["fineweb-short-lines"])] == ["fineweb-short-lines"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (["gofer"], "there is no rule 'gofer' .did you mean 'gopher'"),
        (["c4-curly-brackets"], "did you mean 'c4-curly-bracket'"),
        (["not-judged"], "there is no rule 'not-judged'"),
        ([], "rules is empty"),
    ],
)
def test_unknown_rules_are_refused(rules, message):
    with pytest.raises(UsageError, match=message):
        build_quality(rules=rules)


def test_every_rule_is_declared_once_with_its_source():
    names = [rule.name for rule in QUALITY_RULES]
    assert len(set(names)) == len(names) == 34
    assert all(rule.summary.endswith(".") for rule in QUALITY_RULES)


def test_what_is_read_is_an_option():
    row = Row("r", (Turn("user", "{"), Turn("assistant", "x {")), "chat", "s", "f", 1)

    def spans(**options):
        return [[s.turn for s in f.spans] for f in build_quality(rules=["c4-curly-bracket"], **options).inspect([row])]

    assert spans() == [[0, 1]]
    assert spans(read="input") == [[0]]
    assert spans(read="answer") == [[1]]


@pytest.mark.parametrize("text", ["我们今天去公园玩。" * 20, "私は学生です。" * 20, "ฉันชอบอ่านหนังสือ " * 20])
def test_scripts_without_spaces_are_spared_the_rules_about_words(quality, text):
    findings = quality(text, rules=["gopher", "c4", "fineweb"])
    assert findings[0].rule == "not-judged"
    assert findings[0].detail == "it is written without spaces between words, so 18 rules about words are left out"
    assert not {"gopher-few-words", "gopher-stop-words", "gopher-top-2-gram"} & {f.rule for f in findings}
    assert quality(text, rules=["c4-curly-bracket"]) == []


@pytest.mark.parametrize(
    "text",
    ["שלום לכולם " * 20, "مرحبا بالجميع " * 20, "안녕하세요 여러분 " * 20, "👍 " * 60, "for x in y: pass\n" * 20],
)
def test_other_scripts_emoji_and_code_are_judged_by_their_words(quality, text):
    rules = {f.rule for f in quality(text, rules=["gopher", "c4", "fineweb"])}
    assert "not-judged" not in rules
    assert "gopher-stop-words" in rules


def test_rows_without_a_turn_to_read_are_left_alone():
    rows = [Row("none", (), "chat", "s", "f", 1), Row("system", (Turn("system", "x"),), "chat", "s", "f", 1)]
    assert list(build_quality().inspect(rows)) == []
    assert list(build_quality().inspect([])) == []


def test_it_can_be_sent_to_another_process():
    component = pickle.loads(pickle.dumps(build_quality(rules=["gopher-few-words"])))
    assert [f.rule for f in component.inspect([Row("r", (Turn("user", "x"),), "chat", "s", "f", 1)])] == [
        "gopher-few-words"
    ]


def test_lone_surrogates_are_characters_like_others(quality):
    assert {f.rule for f in quality("\ud800 " * 3, rules=["gopher"])} >= {"gopher-few-words", "gopher-alphabetic"}


@pytest.mark.parametrize("piece", ["word ", "x", "\n", "a.\n", "[" * 5, "{", "... ", "lorem ipsum "])
def test_the_evidence_of_huge_rows_is_bounded(quality, piece):
    text = piece * (60_000 // len(piece))
    findings = quality(text, rules=["gopher", "c4", "fineweb"])
    assert all(len(f.spans) <= 100 for f in findings if not f.rule.startswith("c4-"))
    assert all(f.detail and f.score is not None for f in findings)
