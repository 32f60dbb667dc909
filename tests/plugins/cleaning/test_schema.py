"""The schema filter: every fault by its own rule, and no fault in what is fine."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial.rows import Check, Choice, Image, Label, Preference, ToolCall
from seatrial_plugins.cleaning import SCHEMA_RULES, build_schema


def row(*said: tuple[str, object] | Turn, format_="chat", expected=None) -> Row:
    turns = tuple(turn if isinstance(turn, Turn) else Turn(*turn) for turn in said)
    return Row("r", turns, format_, "s", "f", 1, expected)


U, A = ("user", "hi"), ("assistant", "hello")


def rules(one: Row) -> list[str]:
    return [finding.rule for finding in build_schema().inspect([one])]


@pytest.mark.parametrize(
    "fine",
    [
        row(U, A),
        row(("system", "be kind"), U, A, ("user", "more"), A),
        row(U, ("assistant", [ToolCall("f"), ToolCall("g")]), ("tool", "1"), ("tool", "2"), A),
        row(U, ("assistant", [ToolCall("f"), ToolCall("g")]), ("tool", "1"), ("tool", "1"), A),
        row(("user", [Image("00", "image/png", 1, 1)]), A),
        row(U, Turn("assistant", "no", trained=False), U, A),
        row(U, Turn("assistant", "no", trained=False), expected=Preference(rejected=(Turn("assistant", "no"),))),
        row(U, expected=Check("python", "f()")),
        row(("user", "👍"), ("assistant", "。")),
        row(U, ("assistant", "greeting"), format_="text-label", expected=Label("greeting")),
        row(U, ("assistant", "b"), format_="choice", expected=Choice(("a", "b"))),
        row(("user", "same"), ("assistant", "same")),
        row(("user", "Which?"), ("assistant", "none"), format_="text-label", expected=Label("none")),
        row(("user", "Which?"), ("assistant", "N/A"), format_="choice", expected=Choice(("N/A", "5"))),
        row(("user", "Is `None` a value?\n\nNone of these"), ("assistant", "None is.")),
        row(("user", "Say this:\n\nnone"), A),
        row(("user", "Sort it.\n\nnone left"), A, format_="alpaca"),
    ],
)
def test_what_is_fine_has_no_finding(fine):
    assert rules(fine) == []


@pytest.mark.parametrize(
    ("faulty", "expected"),
    [
        (row(), ["no-turns"]),
        (row(("human", "hi"), A), ["unknown-role", "role-order"]),
        (row(U, ("system", "late"), A), ["misplaced-system"]),
        (row(("system", "one"), ("system", "two"), U, A), ["misplaced-system"]),
        (row(A), ["role-order"]),
        (row(U, ("user", "again"), A), ["role-order"]),
        (row(U, ("tool", "1"), A), ["role-order", "tool-answer"]),
        (row(("user", " \n\u200b"), A), ["empty-turn"]),
        (row(U, ("assistant", "")), ["empty-turn"]),
        (row(U, Turn("assistant", "", name="bot")), ["empty-turn"]),
        (row(U, Turn("assistant", "no", trained=False)), ["untrained"]),
        (row(U, U, A), ["role-order", "repeated-turn"]),
        (row(U, ("assistant", "so be it"), ("assistant", " so  be\nit")), ["role-order", "repeated-turn"]),
        (row(U), ["unanswered"]),
        (row(("system", "only")), ["unanswered"]),
        (row(U, ("assistant", "c"), format_="choice", expected=Choice(("a", "b"))), ["choice-answer"]),
        (row(U, ("assistant", "a"), format_="choice", expected=Choice(("a", "a "))), ["choice-copies"]),
        (row(U, ("assistant", "a"), format_="choice", expected=Choice(("a",))), ["choice-count"]),
        (row(U, A, format_="choice"), ["choice-count", "choice-answer"]),
        (row(U, A, format_="text-label"), ["empty-label"]),
        (row(U, A, format_="text-label", expected=Label(" ")), ["empty-label"]),
        (row(format_="text-label", expected=Label("x")), ["no-turns"]),
        (row(U, ("assistant", "a"), format_="choice", expected=Choice(("a", " \u200b"))), ["empty-choice"]),
        (
            row(U, ("assistant", [ToolCall("f")]), ("tool", "1"), ("tool", "2"), A),
            ["tool-answer"],
        ),
        (row(U, ("assistant", "<nooutput>"), format_="alpaca"), ["placeholder"]),
        (row(("user", "Sort it.\n\n<noinput>"), A, format_="alpaca"), ["placeholder"]),
        (row(("user", "Sort it.\n\nNo input."), A, format_="alpaca"), ["placeholder"]),
        (row(U, ("assistant", " N/A\n")), ["placeholder"]),
        (row(("user", "hi"), ("assistant", " hi "), format_="prompt-completion"), ["echo"]),
        (row(("user", " \n\nthe input"), A, format_="alpaca"), ["empty-instruction"]),
        (row(("user", "\n\n "), A, format_="alpaca"), ["empty-turn"]),
        (row(("user", "nan"), ("assistant", "nan"), format_="alpaca"), ["placeholder", "echo"]),
    ],
)
def test_each_fault_has_its_rule(faulty, expected):
    assert rules(faulty) == expected


def test_every_rule_is_declared_once_with_a_summary():
    names = [rule.name for rule in SCHEMA_RULES]
    assert len(set(names)) == len(names)
    assert all(rule.summary.endswith(".") for rule in SCHEMA_RULES)


def test_the_evidence_points_at_the_turns():
    (finding,) = build_schema().inspect([row(U, A, ("user", ""), A, ("user", "\u2003"), A)])
    assert finding.rule == "empty-turn"
    assert finding.detail == "turn 2 (user), 4 (user)"
    assert finding.score == 2
    assert [(span.turn, span.start, span.end) for span in finding.spans] == [(2, 0, 0), (4, 0, 1)]
    (order,) = build_schema().inspect([row(U, ("user", "again"), A)])
    assert order.detail == "turn 1: the user's after the user's"
    (role,) = (f for f in build_schema().inspect([row(U, A, ("narrator", "so"))]) if f.rule == "unknown-role")
    assert role.detail == "'narrator'; known are system, user, assistant, tool"


def test_empty_batches_and_huge_rows():
    assert list(build_schema().inspect([])) == []
    huge = row(("user", " " * 2_000_000 + "x"), ("assistant", "y" * 2_000_000))
    assert rules(huge) == []
    assert rules(row(*[U, A] * 5_000)) == []
    (finding,) = build_schema().inspect([row(*[("user", ""), A] * 5_000)])
    assert finding.detail.startswith("turn 0 (user), 2 (user), ")
    assert finding.detail.endswith(", 18 (user) and 4990 more")


@pytest.mark.parametrize("text", ["a \ud800", "שלום", "你好", "👍🏽", "def f():\n\n    pass", "a\u200bb"])
@pytest.mark.parametrize("format_", ["chat", "alpaca", "sharegpt", "prompt-completion"])
def test_other_scripts_emoji_and_code_are_fine(text, format_):
    assert rules(row(("user", text), ("assistant", f"{text}!"), format_=format_)) == []
