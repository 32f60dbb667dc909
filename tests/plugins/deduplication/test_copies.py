"""The duplicates filter: one survivor a cluster, conflicts named, nothing joined that says nothing."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import chatterbot_corpus
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial import Grouping, Row, Turn
from seatrial.rows import Choice, Label
from seatrial_plugins.deduplication import build_duplicates

DATA = Path(__file__).parents[4] / "shared" / "data"


def row(name: str, text: str, answer: str = "ok", label: str | None = None, choices=(), system: str = "") -> Row:
    turns = (Turn("system", system),) * bool(system) + (Turn("user", text), Turn("assistant", answer))
    return Row(
        name,
        turns,
        "chat",
        "s",
        "f",
        1,
        expected=Choice(tuple(choices)) if choices else None if label is None else Label(label),
    )


def labelled(name: str, text: str, label: str | None) -> Row:
    return row(name, text, label or "?", label)


def grouped(rows, batch: int = 2, **options) -> Grouping:
    component = build_duplicates(**options)
    tables = [component.signatures(rows[start : start + batch]) for start in range(0, max(len(rows), 1), batch)]
    return component.group(pa.concat_tables(tables), {one.id: one for one in rows}.__getitem__)


def told(rows, **options) -> list[tuple[str, str, str | None]]:
    return [(f.row, f.rule, f.matched_row) for f in grouped(rows, **options).findings]


def test_the_first_of_the_copies_stays():
    rows = [row("a", "Hi there!"), row("b", "other"), row("c", "hi  there"), row("d", "HI THERE")]
    assert told(rows) == [("c", "copy", "a"), ("d", "copy", "a")]
    assert told(rows[::-1]) == [("c", "copy", "d"), ("a", "copy", "d")]
    assert told(rows, method="exact") == []
    assert grouped(rows).clusters == {"a": "a", "c": "a", "d": "a"}


def test_a_copys_evidence():
    first, second = grouped([row("a", "Hi!", "yes"), row("b", "hi", "Yes."), row("c", "hi", "yes")]).findings
    assert first.detail == "says the same as row a, one of 3 such rows, though its answer is worded otherwise"
    assert second.detail == "says the same as row a, one of 3 such rows"
    assert first.matched_text == "Hi!"


def test_on_input_leaves_the_answer_out_and_on_all_does_not():
    rows = [row("a", "q", "one"), row("b", "q", "two"), row("c", "q", "One!")]
    assert told(rows, on="input") == [("b", "copy", "a"), ("c", "copy", "a")]
    assert told(rows, on="all") == [("c", "copy", "a")]
    assert told([labelled("a", "q", "x"), row("b", "q", "x", "y")], on="all") == []


def test_what_the_model_reads_includes_system_turns_and_choices():
    assert told([row("a", "q", system="Be brief."), row("b", "q", system="Be kind."), row("c", "q")]) == []
    rows = [
        row("a", "Which is true?", "x", choices=("x", "y")),
        row("b", "Which is true?", "x", choices=("Y", "X")),
        row("c", "Which is true?", "x", choices=("x", "z")),
    ]
    assert told(rows)[0] == ("b", "copy", "a")
    assert len(told(rows)) == 1


def test_a_conflict_drops_every_row_of_its_cluster_and_names_the_labels():
    rows = [
        labelled("a", "q", "red"),
        labelled("b", "Q!", "blue"),
        labelled("c", "q", "red"),
        labelled("d", "p", "red"),
    ]
    findings = grouped(rows).findings
    assert [(f.row, f.rule, f.matched_row) for f in findings] == [
        ("a", "conflict", "b"),
        ("c", "conflict", "b"),
        ("b", "conflict", "a"),
        ("c", "copy", "a"),
    ]
    assert findings[0].detail == "the same input has 2 different answers: 'red' (2), 'blue' (1); this row says 'red'"
    assert findings[0].score == 2


def test_keep_majority_keeps_one_row_of_the_most_frequent_label():
    rows = [labelled("a", "q", "blue"), labelled("b", "q", "red"), labelled("c", "q", "red")]
    assert told(rows, conflicts="keep-majority") == [("a", "conflict", "b"), ("c", "copy", "b")]
    tied = rows[:2]
    assert told(tied, conflicts="keep-majority") == [("a", "conflict", "b"), ("b", "conflict", "a")]


def test_the_right_choice_can_be_in_conflict_and_a_free_answer_cannot():
    rows = [row("a", "q", "x", choices=("x", "y")), row("b", "q", "y", choices=("x", "y"))]
    assert [rule for _, rule, _ in told(rows)] == ["conflict", "conflict"]
    assert [rule for _, rule, _ in told([row("a", "q", "x"), row("b", "q", "y")])] == ["copy"]


def test_a_row_without_a_label_goes_for_one_that_has_it():
    assert told([labelled("a", "q", None), labelled("b", "q", "red")]) == [("a", "copy", "b")]
    assert told([labelled("a", "q", "red"), labelled("b", "q", None)]) == [("b", "copy", "a")]


SILENT = [labelled("a", "q", None), labelled("b", "q", None)]
DISPUTED = [labelled("c", "q", "red"), labelled("d", "q", "blue"), labelled("e", "q", "blue")]


def test_rows_without_a_label_have_no_voice_in_what_is_right():
    findings = told([*SILENT, *DISPUTED], conflicts="keep-majority")
    assert findings == [("c", "conflict", "d"), ("e", "copy", "d"), ("a", "copy", "d"), ("b", "copy", "d")]


def test_rows_without_a_label_are_in_no_conflict():
    findings = told([*SILENT, *DISPUTED])
    assert [row for row, rule, _ in findings if rule == "conflict"] == ["c", "d", "e"]
    assert [(row, kept) for row, rule, kept in findings if rule == "copy"] == [("e", "d"), ("b", "a")]


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b", "\n\t"])
def test_rows_with_nothing_to_see_are_no_copies(nothing):
    assert told([row("a", nothing), row("b", nothing)]) == []


@pytest.mark.parametrize(
    "texts",
    [
        ["?", "!", "...", "?!"],
        ["👍", "👎", "😀"],
        ["नमस्ते", "धन्यवाद", "हाँ"],
        ["你好", "再见"],
        ["مرحبا", "شكرا"],
        ["C", "C#"],
    ],
)
def test_short_texts_of_any_script_are_not_thrown_together(texts):
    assert told([row(str(i), text) for i, text in enumerate(texts)]) == []


def test_an_empty_table_and_a_single_row():
    assert grouped([]) == Grouping([], {})
    assert grouped([row("a", "x" * 1_000_000)]) == Grouping([], {})


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["x", "X!", "y", "?", "!", "", "👍"]), st.sampled_from(["a", "b", None])), max_size=25
    ),
    st.integers(1, 5),
)
def test_exactly_one_row_of_a_cluster_survives_unless_its_labels_conflict(said, batch):
    rows = [labelled(f"{i:02}", text, label) for i, (text, label) in enumerate(said)]
    grouping = grouped(rows, batch)
    dropped = {finding.row for finding in grouping.findings}
    members: defaultdict[str, list[Row]] = defaultdict(list)
    for one in rows:
        members[grouping.clusters.get(one.id, one.id)].append(one)
    for cluster in members.values():
        answered = [one for one in cluster if one.label is not None]
        silent = [one for one in cluster if one.label is None]
        conflict = len({one.label for one in answered}) > 1
        survivors = [one for one in cluster if one.id not in dropped]
        assert survivors == (silent if conflict else [*answered, *silent])[:1]
    assert len(dropped) + sum(one.id not in dropped for one in rows) == len(rows)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab")), max_size=20), st.integers(1, 6))
def test_batches_do_not_change_the_result(said, batch):
    rows = [labelled(f"{i:02}", text, label) for i, (text, label) in enumerate(said)]
    assert grouped(rows, batch) == grouped(rows, 100)


@pytest.fixture(scope="module")
def messages() -> list[Row]:
    """The first message of every English conversation of chatterbot_corpus, labelled with its topic."""
    files = sorted((Path(chatterbot_corpus.__file__).parent / "data" / "english").glob("*.yml"))
    rows = []
    for file in files:
        conversations = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["conversations"]
        rows += [labelled(f"{file.stem}-{i}", str(turns[0]), file.stem) for i, turns in enumerate(conversations)]
    return rows


def test_chatterbots_2026_conversations_hold_745_distinct_messages_without_conflict(messages):
    assert len(messages) == 2026
    found = grouped(messages, 1000).findings
    assert len(messages) - len({finding.row for finding in found}) == 745
    assert {finding.row for finding in found if finding.rule == "conflict"}


def test_chatterbots_tech_support_is_1050_rows_of_10_messages(messages):
    support = [one for one in messages if one.label == "tech_support"]
    findings = grouped(support, 1000).findings
    assert (len(support), len(findings)) == (1050, 1040)
    assert {finding.rule for finding in findings} == {"copy"}
    assert len({finding.matched_row for finding in findings}) == 10


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="the third-party data does not stand beside the checkout")
def test_banking77s_copies_are_those_that_a_plain_normaliser_finds():
    with (DATA / "banking77" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = [labelled(str(i), record["text"], record["category"]) for i, record in enumerate(csv.DictReader(file))]
    plain: defaultdict[str, list[Row]] = defaultdict(list)
    for one in rows:
        plain[" ".join(re.sub(r"[^\w\s£$€]", " ", one.turns[0].content.lower()).split())].append(one)
    copies = sum(len(alike) - len({one.label for one in alike}) for alike in plain.values())
    conflicts = sum(len(alike) for alike in plain.values() if len({one.label for one in alike}) > 1)
    assert copies > 20
    assert Counter(finding.rule for finding in grouped(rows, 1000).findings) == Counter(copy=copies, conflict=conflicts)
