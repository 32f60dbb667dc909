"""The labels filter: rare labels go, frequent ones are capped, by content and not by order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial.rows import Label
from seatrial_plugins.cleaning import build_labels


def rows_of(**counts: int) -> list[Row]:
    return [
        Row(
            f"{label}{i}", (Turn("user", f"{i}"),), "text-label", "s", "f", 1, None if label == "none" else Label(label)
        )
        for label, count in counts.items()
        for i in range(count)
    ]


def grouped(rows, **options):
    component = build_labels(**options)
    batches = [component.signatures(rows[:3]), component.signatures(rows[3:])]
    return component.group(pa.concat_tables(batches), None).findings


def test_rare_labels_are_dropped_and_rows_without_label_stay():
    findings = grouped(rows_of(rare=7, common=8, none=3), minimum=8)
    assert {f.row for f in findings} == {f"rare{i}" for i in range(7)}
    assert {f.rule for f in findings} == {"rare"}
    assert findings[0].detail == "label 'rare' has 7 rows, at least 8 wanted"
    assert findings[0].score == 7


def test_a_cap_keeps_exactly_that_many_whatever_the_order():
    rows = rows_of(a=30, b=5)
    findings = grouped(rows, maximum=10)
    assert Counter(f.rule for f in findings) == {"over-cap": 20}
    assert findings[0].detail == "label 'a' has 30 rows, 10 of them stay"
    assert {f.row for f in grouped(rows[::-1], maximum=10)} == {f.row for f in findings}
    assert {f.row for f in grouped(rows, maximum=10, seed=1)} != {f.row for f in findings}


def test_nothing_to_do_and_unicode_labels():
    assert grouped([], minimum=8, maximum=9) == []
    assert grouped(rows_of(é=2), minimum=2) == []
    assert [f.row for f in grouped(rows_of(é=1), minimum=2)] == ["é0"]


@pytest.mark.parametrize("split", ["test", "validation"])
def test_held_out_rows_go_only_where_their_label_is_unknown(split):
    held_out = [replace(row, split=split) for row in rows_of(rare=1, odd=1, frequent=9)]
    findings = grouped(held_out, minimum=2, maximum=3, known=["rare", "frequent"])
    assert [(f.row, f.rule, f.score) for f in findings] == [("odd0", "unknown", 1)]
    train = [replace(row, split="train") for row in rows_of(rare=1)]
    assert [f.rule for f in grouped(train, minimum=2)] == ["rare"]


def test_a_cap_below_the_minimum_is_refused():
    with pytest.raises(UsageError, match=r"maximum \(3\) is below minimum \(8\)"):
        build_labels(minimum=8, maximum=3)


def test_unknown_labels_are_found_with_the_nearest_known_one():
    findings = grouped(rows_of(card_lost=2, crad_lost=2, none=1), known=["card_lost", "top_up"])
    assert [(f.row, f.rule, f.score) for f in findings] == [("crad_lost0", "unknown", 2), ("crad_lost1", "unknown", 2)]
    assert findings[0].detail == "label 'crad_lost' is none of the 2 known ones (did you mean 'card_lost'?)"
    (far,) = grouped(rows_of(**{"卡" * 300_000: 1}), known=["top_up"], minimum=1)
    assert far.detail.endswith("is none of the 1 known ones")


def test_an_unknown_label_can_be_rare_too():
    assert [f.rule for f in grouped(rows_of(odd=1, fine=2), known=["fine"])] == ["unknown", "rare"]


def test_no_known_label_is_refused():
    with pytest.raises(UsageError, match="known is empty"):
        build_labels(known=[])


def test_half_a_character_in_a_label_is_no_crash():
    odd = Row("r", (Turn("user", "x"),), "text-label", "s", "f", 1, Label("a\ud800"))
    assert [f.detail for f in grouped([odd])] == ["label 'a?' has 1 row, at least 2 wanted"]
