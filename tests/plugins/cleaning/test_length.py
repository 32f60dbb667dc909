"""The length filter: exact counts, tokens only where asked, and no crash at what a chat template refuses."""

from __future__ import annotations

import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial_plugins.cleaning import LENGTH_RULES, build_length


class Words:
    """Counts words as tokens, two more for each turn; refuses roles as strict chat templates do."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def count_tokens(self, conversations, tools=()):
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
        ("odd", "uncountable", None),
        ("over", "too-many-tokens", 6),
    ]
    assert findings[0].detail == "the model's tokenizer or chat template refuses it: ValueError"


def test_details_say_count_and_limit():
    (finding,) = build_length(tokenizer=Words(), max_characters=5).inspect([row("r", "x" * 1_000_000)])
    assert finding.detail == "1000000 characters, at most 5 wanted"
    assert list(build_length(tokenizer=Words()).inspect([])) == []


def test_limits_that_leave_nothing_are_refused():
    with pytest.raises(UsageError, match=r"max_characters \(1\) is below min_characters \(2\)"):
        build_length(tokenizer=Words(), min_characters=2, max_characters=1)
    with pytest.raises(UsageError, match="max_tokens is 0"):
        build_length(tokenizer=Words(), max_tokens=0)
    with pytest.raises(UsageError, match="cut_at is 0"):
        build_length(tokenizer=Words(), cut_at=0)


def exchange(name: str, asked: str, answer: str) -> Row:
    return Row(name, (Turn("user", asked), Turn("assistant", answer)), "chat", "s", "f", 1)


def test_what_training_would_cut_is_flagged_with_what_is_lost():
    # Two tokens a turn beside the words.
    rows = [exchange("fits", "a b", "c d"), exchange("cut", "a b", "c d e"), exchange("lost", "a b c d e f", "g")]
    findings = list(build_length(tokenizer=Words(), cut_at=8).inspect(rows))
    assert [(f.row, f.rule, f.score, f.detail) for f in findings] == [
        ("cut", "truncated", 1, "9 tokens (8 characters); training cuts off the last 1 of them"),
        (
            "lost",
            "answer-cut-off",
            3,
            "11 tokens (12 characters); training cuts off the last 3 of them, the whole last answer among them",
        ),
    ]
    assert {rule.action for rule in LENGTH_RULES if rule.name in {"truncated", "answer-cut-off"}} == {"flag"}


def test_a_row_can_be_cut_and_have_too_many_tokens():
    rows = [exchange("long", "a", "b c d e"), row("unanswered", "a b c d e f g h")]
    assert told(rows, max_tokens=8, cut_at=6) == [
        ("long", "too-many-tokens", 9),
        ("long", "truncated", 3),
        ("unanswered", "too-many-tokens", 10),
        ("unanswered", "truncated", 4),
    ]


def test_it_counts_what_training_then_cuts(tiny_source):
    """The trainer's own count, on the tiny model's tokenizer and chat template."""
    from seatrial_plugins.huggingface.chat import ChatTokenizer
    from seatrial_plugins.huggingface.runtime import render_examples

    chat = ChatTokenizer(tiny_source, chat=True, system=None)
    rows = [exchange(f"r{number}", "Where is it? " * number, "Here, right here. " * number) for number in range(1, 30)]
    examples = render_examples(rows, chat, 100)
    cut = [
        f for f in build_length(tokenizer=chat, cut_at=100).inspect(rows) if f.rule in {"truncated", "answer-cut-off"}
    ]
    assert (len(cut), sum(f.score for f in cut)) == (examples.truncated_rows, examples.lost_tokens)
    assert 0 < len(cut) < len(rows)
    assert {f.row for f in cut if f.rule == "answer-cut-off"} <= set(examples.unsupervised_rows)
    assert examples.unsupervised_rows


def test_odd_texts_are_counted_or_said_to_be_uncountable(tiny_source):
    from seatrial_plugins.huggingface.chat import ChatTokenizer

    chat = ChatTokenizer(tiny_source, chat=True, system=None)
    said = {
        "empty": "",
        "blank": "  ",
        "rtl": "שלום",
        "cjk": "你好",
        "emoji": "👍🏽",
        "code": "def f(): pass",
        "half": "a\ud800",
    }
    rows = [exchange(name, text, "ok") for name, text in said.items()]
    assert {f.row: f.rule for f in build_length(tokenizer=chat, max_tokens=500).inspect(rows)} == {
        "half": "uncountable"
    }


def test_a_row_whose_roles_the_template_refuses_is_said_to_be_uncountable(tiny_source, monkeypatch):
    from seatrial_plugins.huggingface.chat import ChatTokenizer

    chat = ChatTokenizer(tiny_source, chat=True, system=None)
    strict = "{% if messages[0].role != 'user' %}{{ raise_exception('roles must alternate') }}{% endif %}"
    monkeypatch.setattr(chat.tokenizer, "chat_template", strict + chat.tokenizer.chat_template)
    odd = Row("odd", (Turn("assistant", "a " * 500), Turn("user", "b")), "chat", "s", "f", 1)
    found = list(build_length(tokenizer=chat, cut_at=100).inspect([odd, exchange("fine", "Hi", "ok")]))
    assert [(f.row, f.rule, f.detail) for f in found] == [
        ("odd", "uncountable", "the model's chat template refuses a conversation of assistant, user")
    ]
