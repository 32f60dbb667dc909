"""The leakage filter: what its findings say, on which side, and that a templated task keeps its train rows."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from seatrial import Finding, Row, Span, Turn
from seatrial.errors import UsageError
from seatrial_plugins.leakage import RULES, leakage
from seatrial_plugins.leakage.texts import compared_turns, spans_of

DATA = Path(__file__).parents[4] / "shared" / "data"
beside = pytest.mark.skipif(not DATA.exists(), reason="the third-party data does not stand beside the checkout")
ALL = ["exact", "tulu3", "deepseek_math"]


def rows(prefix: str, split: str, *texts: str) -> list[Row]:
    return [
        Row(f"{prefix}{i}", (Turn("user", text), Turn("assistant", "ok")), "chat", "s", "f", i, split=split)
        for i, text in enumerate(texts)
    ]


def found(train: list[Row], held_out: list[Row], **options) -> list[Finding]:
    return list(leakage(**{"presets": ALL, **options}).compare(train, held_out))


TRAIN = rows(
    "train",
    "train",
    "Please tell me: where is the card that I ordered two weeks ago?",
    "hello",
    "how do I top up my account",
)
TEST = rows("test", "test", "where is the card that I ordered two weeks ago", "Hello!", "unrelated question altogether")


def test_a_finding_about_a_train_row_tells_all():
    exact, tulu, deepseek = found(TRAIN, TEST)
    assert (exact.row, exact.rule, exact.score, exact.matched_row) == ("train1", "exact", 1.0, "test1")
    assert exact.matched_text == "hello"
    assert exact.spans == (Span(0, 0, 5),)
    assert exact.detail == (
        "100% of test row test1 is equal after normalising; in all, 1 of 3 held-out rows are given away (33.3%)"
    )
    assert (tulu.row, tulu.rule, tulu.score, tulu.matched_row) == ("train0", "tulu3", 1.0, "test0")
    assert tulu.matched_text == "where is the card that I ordered two weeks ago?"
    assert tulu.spans == (Span(0, 16, 63),)
    assert tulu.detail.endswith("(33.3%), which Tülu 3 calls contaminated (limit 2%)")
    assert (deepseek.row, deepseek.rule, deepseek.matched_row) == ("train0", "deepseek_math", "test0")


def test_on_the_test_side_every_held_out_row_with_that_text_is_found():
    test = [*TEST, *rows("copy", "validation", "HELLO")]
    findings = found([*TRAIN, *rows("more", "train", "hello?")], test, side="test", presets=["exact"])
    assert [(f.row, f.matched_row, f.matched_text) for f in findings] == [
        ("test1", "train1", "Hello!"),
        ("copy0", "train1", "HELLO"),
    ]
    assert findings[0].detail == (
        "100% of it is equal after normalising with train row train1, besides 1 more train row; "
        "in all, 2 of 4 held-out rows are given away (50.0%)"
    )


def test_the_nearest_text_is_the_one_that_is_named():
    test = rows("test", "test", "a b c d e f g h i j k l m", "a b c d e f g h i j")
    (finding,) = found(rows("train", "train", "a b c d e f g h i j"), test, presets=["tulu3"])
    assert (finding.matched_row, finding.score) == ("test1", 1.0)
    assert "besides 1 more held-out text;" in finding.detail


@pytest.mark.parametrize("side", ["train", "test"])
@pytest.mark.parametrize(
    ("train", "held_out"), [([], []), (TRAIN, []), ([], TEST), (rows("t", "train", ""), rows("h", "test", ""))]
)
def test_empty_sides_have_no_findings(side, train, held_out):
    assert found(train, held_out, side=side) == []


def test_a_huge_row_is_compared():
    huge = "word " * 100_000 + "where is the card that I ordered two weeks ago"
    assert {f.rule for f in found(rows("t", "train", huge), TEST)} == {"tulu3", "deepseek_math"}


def test_a_templated_task_keeps_its_train_rows_and_loses_its_copies():
    def question(name: int) -> str:
        return f"Which desk of our company should answer the following message from customer number {name}?"

    train = rows("train", "train", *(question(i) for i in range(100)))
    test = rows("test", "test", *(question(i) for i in range(100, 140)), question(7))
    # Seven words of the pattern and the copy's own number are no evidence; that it is equal is.
    assert [(f.row, f.rule) for f in found(train, test)] == [("train7", "exact")]
    to_the_letter = found(train, test, template=1.0)
    assert Counter(f.rule for f in to_the_letter) == {"exact": 1, "tulu3": 100, "deepseek_math": 100}


def test_every_preset_is_a_declared_rule():
    assert [rule.name for rule in RULES] == ALL
    assert {rule.action for rule in RULES} == {"drop"}


def test_no_presets_and_an_impossible_template_are_refused():
    with pytest.raises(UsageError, match="presets is empty"):
        leakage(presets=[])
    with pytest.raises(UsageError, match="template is 0"):
        leakage(template=0)


def test_spans_are_the_unbroken_runs_within_each_turn():
    turns = (Turn("system", "s"), Turn("user", "one, two three"), Turn("assistant", "x"), Turn("user", "four 五六"))
    row = Row("r", turns, "chat", "s", "f", 1)
    assert compared_turns(row, "user") == (1, 3)
    assert compared_turns(row, "all") == (1, 2, 3)
    assert spans_of(row, (1, 3), frozenset({0, 2, 3, 4})) == (Span(1, 0, 4), Span(1, 9, 14), Span(3, 0, 6))
    assert spans_of(row, (1,), None) == (Span(1, 0, 14),)


@pytest.mark.data
@beside
def test_banking77_gives_away_25_of_its_test_rows():
    def texts(name: str) -> list[str]:
        with (DATA / "banking77" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [record["text"] for record in csv.DictReader(file)]

    findings = found(rows("train", "train", *texts("train")), rows("test", "test", *texts("test")), side="test")
    assert Counter(f.rule for f in findings)["exact"] == 25


@pytest.mark.data
@beside
def test_tulu3_has_two_false_positives_on_gsm8k():
    def texts(name: str) -> list[str]:
        with gzip.open(DATA / "gsm8k" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            return [json.loads(line)["question"] for line in file]

    findings = found(
        rows("train", "train", *texts("train")),
        rows("test", "test", *texts("test")),
        side="test",
        presets=["exact", "tulu3"],
    )
    assert Counter(f.rule for f in findings) == {"tulu3": 2}
    assert findings[0].detail.endswith(
        "2 of 1319 held-out rows are given away (0.2%), which Tülu 3 calls not contaminated (limit 2%)"
    )
