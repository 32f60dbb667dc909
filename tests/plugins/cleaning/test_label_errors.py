"""The label errors filter: flipped labels are found with the likelier one, whatever the order, and few rows are said."""

from __future__ import annotations

import random
from zlib import crc32

import numpy as np
import pyarrow as pa
import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial.rows import Label
from seatrial_plugins.cleaning import build_label_errors
from seatrial_plugins.cleaning.label_errors import deal, out_of_fold

TOPICS = {"card": (1.0, 0.0, 0.0), "loan": (0.0, 1.0, 0.0), "rate": (0.0, 0.0, 1.0)}


class Topics:
    """Encodes a text as its topic's direction, a little aside for each text; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts):
        self.asked += texts
        vectors = np.zeros((len(texts), 3), dtype=np.float32)
        for place, text in enumerate(texts):
            if text.strip():
                topic = TOPICS.get(text.split()[0], (0.5, 0.5, 0.5))
                aside = np.random.default_rng(crc32(text.encode("utf-8", "replace"))).normal(0, 0.1, 3)
                vectors[place] = np.array(topic) + aside
                vectors[place] /= np.linalg.norm(vectors[place])
        return vectors


def row(name: str, text: str, label: str | None) -> Row:
    turns = (Turn("user", text),) if label is None else (Turn("user", text), Turn("assistant", label))
    return Row(name, turns, "text-label", "s", "f", 1, None if label is None else Label(label))


def rows_of(flipped: dict[str, str], each: int = 20) -> list[Row]:
    """Rows of three topics, labelled by topic; some have the label that `flipped` says."""
    names = [(f"{topic}{number}", topic) for topic in TOPICS for number in range(each)]
    return [row(name, f"{topic} {name}", flipped.get(name, topic)) for name, topic in names]


def grouped(rows, batch=7, **options):
    component = build_label_errors(encoder=Topics(), **options)
    batches = [component.signatures(rows[start : start + batch]) for start in range(0, max(len(rows), 1), batch)]
    return list(component.group(pa.concat_tables(batches), {one.id: one for one in rows}.__getitem__).findings)


def test_flipped_labels_are_found_with_the_likelier_one():
    findings = grouped(rows_of({"card3": "loan", "rate7": "card"}))
    assert {finding.row: finding.rule for finding in findings} == {"card3": "wrong-label", "rate7": "wrong-label"}
    (first,) = (finding for finding in findings if finding.row == "card3")
    assert first.score is not None
    assert first.score < 0.2
    assert first.detail.startswith(
        f"a classifier that has not seen the row gives its label 'loan' the probability {first.score:.3f}"
    )
    assert "'card' 0." in first.detail
    assert first.matched_row is not None
    assert first.matched_row.startswith("card")
    assert first.matched_text == f"card {first.matched_row}"


def test_neither_order_nor_batches_matter():
    rows = rows_of({"card3": "loan", "rate7": "card", "loan1": "rate"})
    expected = sorted((f.row, round(f.score or 0, 6), f.matched_row) for f in grouped(rows))
    shuffled = random.Random(1).sample(rows, len(rows))
    assert sorted((f.row, round(f.score or 0, 6), f.matched_row) for f in grouped(shuffled, batch=1000)) == expected


def test_rows_of_rare_labels_are_said_not_to_be_judged():
    rows = [*rows_of({}), row("odd", "fee 1", "fee"), row("blank", "rate", None)]
    findings = grouped(rows)
    assert [(f.row, f.rule, f.score) for f in findings] == [("odd", "not-judged", 1)]
    assert findings[0].detail == "label 'fee' has 1 row, and it takes 5 to judge one"


def test_a_single_label_or_none_cannot_be_judged():
    alone = [row(f"r{number}", f"card {number}", "card") for number in range(6)]
    findings = grouped(alone)
    assert {(f.rule, f.detail) for f in findings} == {
        ("not-judged", "no two labels have 5 rows or more, so there is nothing to tell 'card' from")
    }
    assert len(findings) == 6
    assert grouped([]) == []
    assert grouped([row("r", "card", None)]) == []
    assert [f.detail for f in grouped([row("r", "card", "card")])] == [
        "label 'card' has 1 row, and it takes 5 to judge one"
    ]


def test_two_rows_a_label_are_enough_where_the_suite_says_so():
    rows = [row(f"{topic}{number}", f"{topic} {number}", topic) for topic in TOPICS for number in range(2)]
    assert [f.rule for f in grouped(rows, minimum=2, folds=2)] == []


def test_empty_odd_and_huge_texts_are_judged_like_any_other():
    texts = ["", "   ", "\ud800", "שלום", "卡" * 100_000, "👍", "def f(): return {}"]
    rows = [*rows_of({}), *(row(f"odd{number}", text, "card") for number, text in enumerate(texts))]
    assert {f.rule for f in grouped(rows)} <= {"wrong-label"}
    assert grouped([row("r", "card", "\ud800")])[0].rule == "not-judged"


def test_a_text_is_encoded_once_a_batch():
    component = build_label_errors(encoder=(encoder := Topics()))
    table = component.signatures([row("a", "card", "x"), row("b", "card", "y"), row("c", "loan", None)])
    assert encoder.asked == ["card"]
    assert table["label"].to_pylist() == ["x", "y", None]
    assert [len(vector or ()) for vector in table["vector"].to_pylist()] == [3, 3, 0]


def test_every_fold_leaves_out_a_part_of_every_label():
    labels = np.array([0] * 2 + [1] * 7 + [2] * 13)
    dealt = deal([str(number) for number in range(len(labels))], labels, 5, seed=0)
    assert sorted(np.bincount(dealt)) == [4, 4, 4, 5, 5]
    for label in range(3):
        counts = np.bincount(dealt[labels == label], minlength=5)
        assert counts.max() - counts.min() <= 1
        assert all((labels[dealt != fold] == label).any() for fold in range(5))


def test_probabilities_are_of_models_that_did_not_see_the_row():
    # The only row of its kind is labelled 1 among rows of label 0 that look just like it: seen, it would be remembered.
    vectors = np.array([[1.0, 0.0]] * 9 + [[0.0, 1.0]] * 9 + [[1.0, 0.0]], dtype=np.float32)
    labels = np.array([0] * 9 + [1] * 9 + [1])
    probabilities = out_of_fold(vectors, labels, np.arange(19) % 3, c=100.0, seed=0)
    assert probabilities.shape == (19, 2)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(19))
    assert probabilities[18, 1] < 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"folds": 1}, "folds is 1"), ({"minimum": 1}, "minimum is 1"), ({"c": 0.0}, "c is 0.0")],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        build_label_errors(encoder=Topics(), **options)
