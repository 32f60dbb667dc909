"""The length filter: exact counts, tokens only where asked, and no crash at what a chat template refuses."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial_plugins.cleaning import build_length


class Words:
    """Counts words as tokens, two more for each turn; refuses roles as strict chat templates do."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def count_tokens(self, conversations):
        self.asked.append(len(conversations))
        if any(turn.role == "narrator" for turns in conversations for turn in turns):
            raise ValueError("roles must alternate")
        return [sum(2 + len(turn.content.split()) for turn in turns) for turns in conversations]

    def tokenize(self, texts):
        raise AssertionError("not needed")


def row(name: str, *said: str, role: str = "user") -> Row:
    return Row(name, tuple(Turn(role, text) for text in said), "chat", "s", "f", 1)


def told(rows, **options) -> list[tuple]:
    return [(f.row, f.rule, f.score) for f in build_length(tokenizer=Words(), **options).inspect(rows)]


def test_characters_are_counted_exactly_over_all_turns():
    rows = [row("two", "a", "b"), row("three", "a", "bc"), row("four", "👍👍", "né"), row("none")]
    assert told(rows, min_characters=3, max_characters=3) == [
        ("two", "too-short", 2),
        ("four", "too-long", 4),
        ("none", "too-short", 0),
    ]


def test_tokens_are_counted_as_the_model_counts_them_and_only_where_asked():
    rows = [row("exact", "a b c"), row("over", "a b", "c"), row("long", "x" * 50), row("none")]
    assert told(rows, min_characters=0, max_characters=20, max_tokens=5) == [
        ("long", "too-long", 50),
        ("over", "too-many-tokens", 7),
    ]
    silent = Words()
    list(build_length(tokenizer=silent).inspect(rows))
    assert silent.asked == []


def test_a_row_that_the_template_refuses_is_found_and_the_others_are_counted():
    rows = [row("ok", "a"), row("odd", "a", role="narrator"), row("over", "a b c d")]
    findings = list(build_length(tokenizer=Words(), max_tokens=4).inspect(rows))
    assert [(f.row, f.rule, f.score) for f in findings] == [
        ("odd", "unrenderable", None),
        ("over", "too-many-tokens", 6),
    ]
    assert findings[0].detail == "the chat template refuses it: ValueError"


def test_details_say_count_and_limit():
    (finding,) = build_length(tokenizer=Words(), max_characters=5).inspect([row("r", "x" * 1_000_000)])
    assert finding.detail == "1000000 characters, at most 5 wanted"
    assert list(build_length(tokenizer=Words()).inspect([])) == []


def test_limits_that_leave_nothing_are_refused():
    with pytest.raises(UsageError, match=r"max_characters \(1\) is below min_characters \(2\)"):
        build_length(tokenizer=Words(), min_characters=2, max_characters=1)
    with pytest.raises(UsageError, match="max_tokens is 0"):
        build_length(tokenizer=Words(), max_tokens=0)
