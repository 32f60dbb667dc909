"""C4's rules: each at its threshold and just beyond, by hand; lines that C4 takes out can be taken out."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial.data.policy import apply
from seatrial_plugins.cleaning import QUALITY_RULES, build_quality

GOOD = "This line is long enough."


@pytest.mark.parametrize(
    ("rule", "at", "beyond", "score"),
    [
        ("few-sentences", f"{GOOD} And so is this. And this!", f"{GOOD} And so is this.", 2),
        ("few-sentences", "\n".join([GOOD] * 3), "\n".join([GOOD] * 2), 2),
        ("few-sentences", "你好！我是学生。谢谢。", "你好！我是学生。", 2),
        ("short-line", "It has five words, yes.", "It has four words.", 1),
        ("short-line", "It has five words, yes.[12]", "It has four [2] words.", 1),
        ("long-word", "x" * 1_000 + " is a long word.", "x" * 1_001 + " is a long word.", 1),
        ("no-end-mark", GOOD, GOOD[:-1], 1),
        ("no-end-mark", 'He said: "Well, it is long enough"', "He said: (Well, it is long enough.)", 1),
        ("no-end-mark", "A line of five words.[3]", "A line of five words...", 1),
        ("no-end-mark", "这是一个句子。", "这是一个句子", 1),
        ("no-end-mark", "هل هذا سطر طويل حقا؟", "هذا سطر طويل حقا", 1),
        ("javascript", "This line names no script.", "Please enable JavaScript to see this.", 1),
        ("policy", "We use biscuits on this page.", "We use cookies on this page.", 1),
        ("policy", "Terms are of no use here.", "These are our Terms of Use.", 1),
        ("lorem-ipsum", "Lorem, ipsum!", "Lorem Ipsum, lorem ipsum", 2),
        ("curly-bracket", "(a) [b] :}", "f() { return { } }", 2),
    ],
)
def test_each_rule_at_its_threshold_and_beyond(quality, rule, at, beyond, score):
    name = f"c4-{rule}"
    assert quality(at, rules=[name]) == []
    findings = quality(beyond, rules=[name])
    assert [(f.rule, f.score) for f in findings] == [(name, score)]


def test_a_line_goes_to_the_first_rule_that_it_breaks(quality):
    assert [f.rule for f in quality("use cookies, javascript", rules=["c4"])] == ["c4-no-end-mark", "c4-few-sentences"]


def test_sentences_are_counted_in_what_is_left(quality):
    text = f"{GOOD} It counts. It does.\nThis one. Does not. count"
    assert [f.rule for f in quality(text, rules=["c4"])] == ["c4-no-end-mark"]
    (finding,) = quality(text, rules=["c4-few-sentences"], min_sentences=4)
    assert finding.detail == "3 sentences in the 1 lines that C4 leaves, at least 4 wanted"


def test_lines_can_be_taken_out_as_c4_does():
    row = Row(
        "r", (Turn("user", f"Menu\n{GOOD}\nHome\nShop"), Turn("assistant", f"Menu\n\n{GOOD}")), "chat", "s", "f", 1
    )
    rules = {rule.name: rule for rule in QUALITY_RULES}
    findings = list(build_quality(rules=["c4-no-end-mark"]).inspect([row]))
    assert [(f.rule, f.score, f.detail) for f in findings] == [("c4-no-end-mark", 4, "4 of 6 lines")]
    done = apply(
        [row], findings, stage="clean", filter="quality", plugin="p", rules=rules, actions={"c4-no-end-mark": "repair"}
    )
    assert [turn.content for turn in done.rows[0].turns] == [f"{GOOD}\n", f"\n{GOOD}"]
    flagged = apply([row], findings, stage="clean", filter="quality", plugin="p", rules=rules, actions=None)
    assert flagged.rows == [row]
    assert not flagged.dropped


def test_only_the_pages_rules_drop_by_themselves():
    dropping = {rule.name for rule in QUALITY_RULES if rule.name.startswith("c4-") and rule.action == "drop"}
    assert dropping == {"c4-few-sentences", "c4-lorem-ipsum", "c4-curly-bracket"}


def test_a_text_without_lines_has_too_few_sentences(quality):
    for text in ("", "  \n "):
        (finding,) = quality(text, rules=["c4"])
        assert finding.detail == "0 sentences in the 0 lines that C4 leaves, at least 3 wanted"
