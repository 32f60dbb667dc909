"""The coverage filter as a whole."""

import math

import pytest

from seatrial import Absent, Row, Turn
from seatrial.errors import UsageError
from seatrial.rows.table import RowList
from seatrial_plugins.coverage import build_coverage, coverage_metrics
from seatrial_plugins.coverage.texts import texts_of

ALL = ("label", "slice", "topic", "language", "length", "tokens")


def dimension(facts, name):
    return next(one for one in facts["dimensions"] if one["name"] == name)


def gaps(facts, name):
    return {part["name"]: part.get("absent") for part in dimension(facts, name)["parts"] if "absent" in part}


@pytest.fixture
def uneven(rows_about):
    """Train knows nothing of loans, test nothing of rent."""
    train = [*rows_about("card", 40, "train"), *rows_about("rent", 20, "train", label="rent", slice="old")]
    held_out = [*rows_about("card", 20, "test"), *rows_about("loan", 12, "test", label="loan", slice="new")]
    return train, held_out


def test_what_was_taken_out_of_train_is_found_by_label_and_topic_and_neighbour(uneven, cover, encoder, tokenizer):
    measures, _, facts, findings = cover(
        *uneven, encoder=encoder, tokenizer=tokenizer, dimensions=ALL, neighbours=True, topics=3
    )
    assert gaps(facts, "label") == {"loan": "train", "rent": "test"}
    assert gaps(facts, "slice") == {"new": "train", "old": "test"}
    topics = gaps(facts, "topic")
    assert sorted((name.split(", ")[0], split) for name, split in topics.items()) == [
        ("loan", "train"),
        ("rent", "test"),
    ]
    assert (
        measures["topic_gaps_in_train"] == measures["label_gaps_in_train"] == measures["topics_without_neighbour"] == 1
    )
    assert measures["no_neighbour"] == 12
    loans = {row.id for row in uneven[1] if row.label == "loan"}
    assert {one.row for one in findings if one.rule == "no-neighbour"} == loans
    assert {one.row for one in findings if one.rule == "unmatched"} == loans
    (kind,) = facts["unmatched"]["groups"]
    assert (kind["name"].split(", ")[0], kind["size"], kind["labels"]) == ("loan", 12, {"loan": 12})
    assert "my loan" in kind["example"]
    assert (measures["unmatched_rows"], measures["unmatched_kinds"]) == (12, 1)
    assert measures["train_vendi"] == pytest.approx(1.9, abs=0.2)
    assert facts["neighbours"]["compared"] == 32


def test_every_measure_is_a_declared_metric_and_the_reverse(uneven, cover, encoder, tokenizer):
    measures, missing, *_ = cover(*uneven, encoder=encoder, tokenizer=tokenizer, dimensions=ALL, neighbours=True)
    declared = {metric.name for metric in coverage_metrics(dimensions=ALL, neighbours=True, topics=None)}
    assert set(measures) == declared
    assert not missing
    measures, missing, *_ = cover(*uneven)
    assert set(measures) == {metric.name for metric in coverage_metrics(dimensions=["label"], neighbours=False)}


def test_a_topic_has_its_central_row_as_an_example(uneven, cover, encoder):
    _, _, facts, _ = cover(*uneven, encoder=encoder, dimensions=["topic"], topics=3)
    assert all("about my" in part["example"] for part in dimension(facts, "topic")["parts"])


def test_validation_rows_are_counted_and_not_compared(rows_about, cover):
    train, held_out = rows_about("card", 9, "train"), rows_about("loan", 9, "validation", label="other")
    measures, missing, facts, _ = cover(train, held_out)
    assert [part["rows"] for part in dimension(facts, "label")["parts"]] == [
        {"train": 0, "validation": 9},
        {"train": 9, "validation": 0},
    ]
    assert measures == {}
    assert missing == {
        "label_gaps_in_train": "no test row has a label",
        "label_gaps_in_test": "no test row has a label",
        "label_divergence": "no test row has a label",
        "train_distinct": "fewer than 100 pairs of words in train",
        "test_distinct": "fewer than 100 pairs of words in test",
    }


def test_train_rows_alone_are_counted(rows_about, cover, encoder):
    measures, missing, facts, findings = cover(
        rows_about("card", 30, "train"), [], encoder=encoder, dimensions=ALL[:5], neighbours=True
    )
    assert {one["name"] for one in facts["dimensions"]} == {"label", "topic", "language", "length"}
    assert facts["empty"] == ["slice"]
    assert set(measures) == {"train_distinct", "train_vendi", "train_similarity"}
    assert missing["no_neighbour"] == missing["unmatched_kinds"] == "there are no test rows"
    assert missing["topics_without_neighbour"] == "there are no test rows"
    assert missing["topic_gaps_in_train"] == "no test row has a topic"
    assert missing["slice_divergence"] == "no row has a slice"
    assert missing["test_vendi"] == "no test row has a text that the encoder reads"
    assert not findings


@pytest.mark.parametrize("text", ["card", "", "🙂", "银行卡", "\ud800", "x" * 1_000_000], ids=range(6))
def test_single_odd_and_huge_rows_are_counted(say, cover, encoder, tokenizer, text):
    train, test = [say("a", text, "l", split="train")], [say("b", text, "l", split="test")]
    measures, missing, facts, _ = cover(
        train, test, encoder=encoder, tokenizer=tokenizer, dimensions=ALL, neighbours=True
    )
    assert (
        missing["unmatched_rows"].endswith("a kind that train lacks is found from 6 rows on")
        or "train has so few" in missing["unmatched_rows"]
    )
    assert missing["length_gaps_in_train"].startswith("train has 1 row with a length: too few")
    assert measures["label_gaps_in_train"] == measures["label_gaps_in_test"] == 0
    assert dimension(facts, "label")["parts"] == [{"name": "l", "rows": {"train": 1, "test": 1}}]
    assert measures["length_divergence"] == 0


def test_what_cannot_be_had_is_left_out_and_said(uneven):
    built = build_coverage(encoder=Absent("no weights."), tokenizer=Absent("the suite names no model"))
    assert built.unseen == "topics and near train rows (no weights); lengths in tokens (the suite names no model)"
    comparison = built.compare(*map(RowList, uneven))
    assert [one["name"] for one in comparison.facts["dimensions"]] == ["label", "slice", "language", "length"]
    assert "neighbours" not in comparison.facts
    assert not {"topic_gaps_in_train", "no_neighbour", "train_vendi"} & comparison.measures.keys()
    assert comparison.missing["no_neighbour"] == comparison.missing["topics_without_neighbour"] == "no weights."
    assert comparison.missing["tokens_divergence"] == "the suite names no model"
    assert comparison.missing["test_vendi"] == "no weights."
    assert build_coverage(dimensions=["label"], neighbours=False, encoder=None, tokenizer=None).unseen == ""


def test_libraries_that_are_missing_are_named(monkeypatch, encoder):
    monkeypatch.setattr("seatrial_plugins.coverage.coverage_filter.installed", lambda names: False)
    built = build_coverage(dimensions=["language", "topic"], encoder=encoder, tokenizer=None)
    assert "scikit-learn is not installed" in built.unseen
    assert "py3langid is not installed" in built.unseen


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"topics": 0}, "topics is 0"),
        ({"sample": 0}, "sample is 0"),
        ({"thin": 1.0}, "thin is 1"),
        ({"expected": -1.0}, "expected is -1"),
        ({"expected": math.nan}, "expected is nan"),
        ({"threshold": 0.0}, "threshold is 0"),
        ({"pairs": 0}, "pairs is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_odd_options_are_refused(options, said):
    with pytest.raises(UsageError, match=said):
        build_coverage(encoder=None, tokenizer=None, **options)


# ---- what could not be measured ----------------------------------------------------------------------------------------


def empties(split, count=30):
    return [Row(f"{split}{at}", (), "chat", "s", "f", at, split=split) for at in range(count)]


@pytest.fixture(
    params=["alike", "one each", "train only", "test only", "validation", "empty", "empty train", "empty test"]
)
def odd(request, rows_about):
    """Rows of train, and held-out ones."""
    some = {split: rows_about("card", 30, split) for split in ("train", "test", "validation")}
    return {
        "alike": (some["train"], some["test"]),
        "one each": (some["train"][:1], some["test"][:1]),
        "train only": (some["train"], []),
        "test only": ([], some["test"]),
        "validation": (some["train"], some["validation"]),
        "empty": (empties("train"), empties("test")),
        "empty train": (empties("train"), some["test"]),
        "empty test": (some["train"], empties("test")),
    }[request.param]


@pytest.mark.parametrize("encoder_given", [True, False])
def test_every_metric_has_a_value_or_a_reason(odd, cover, encoder, tokenizer, encoder_given):
    given = encoder if encoder_given else Absent("no weights")
    measures, missing, *_ = cover(*odd, encoder=given, tokenizer=tokenizer, dimensions=ALL, neighbours=True)
    declared = {metric.name for metric in coverage_metrics(dimensions=ALL, neighbours=True)}
    assert not measures.keys() & missing.keys()
    assert measures.keys() | missing.keys() == declared
    assert all(map(math.isfinite, measures.values()))
    assert all(missing.values())


def test_of_a_sample_nothing_is_counted_and_the_report_is_told_of_what(uneven, cover, encoder):
    measures, missing, facts, findings = cover(
        *uneven, encoder=encoder, dimensions=["topic"], neighbours=True, pairs=25 * 85
    )
    assert not {"no_neighbour", "no_neighbour_share", "unmatched_rows", "unmatched_kinds"} & measures.keys()
    assert missing["unmatched_kinds"] == missing["no_neighbour_share"] == missing["topics_without_neighbour"]
    assert missing["no_neighbour"].startswith("25 of 32 test rows were compared, drawn at random")
    assert (facts["neighbours"]["compared"], facts["neighbours"]["of"], facts["unmatched"]["of"]) == (25, 32, 32)
    assert facts["unmatched"]["rows"] == len([one for one in findings if one.rule == "unmatched"]) > 0


def test_what_could_not_be_found_is_told_with_its_reason_and_no_number(rows_about, cover, encoder):
    _, _, facts, _ = cover(
        rows_about("card", 20, "train"), rows_about("loan", 4, "test"), encoder=encoder, neighbours=True
    )
    assert facts["unmatched"] == {
        "lacks": "4 test rows have a text, and a kind that train lacks is found from 6 rows on"
    }
    assert facts["neighbours"]["without_neighbour"] == 4


def test_system_turns_are_not_compared():
    turns = (Turn("system", "You are a router."), Turn("user", "where is my card"), Turn("assistant", "card"))
    assert texts_of([Row("r", turns, "chat", "s", "f", 1)]) == ["where is my card"]
