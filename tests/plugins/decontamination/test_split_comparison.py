"""The leakage filter: what its findings say, on which side, of benchmarks too, and that templated tasks keep their rows."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pytest

from seatrial import Benchmark, Row, Span, Turn
from seatrial.data.filters import SearchingFilter
from seatrial.errors import UsageError
from seatrial.rows.table import RowList
from seatrial_plugins.decontamination import RULES, PresetName, counts_tokens, embeds, leakage, leakage_metrics

DATA = Path(__file__).parents[4] / "shared" / "data"
beside = pytest.mark.skipif(not DATA.exists(), reason="the third-party data does not stand beside the checkout")
THREE = ["exact", "tulu3", "deepseek_math"]
WORDY = [name for name in get_args(PresetName) if name not in {"image", "llama2", "olmo_decon", "platypus", "semantic"}]


def rows(prefix: str, split: str, *texts: str) -> list[Row]:
    return [
        Row(f"{prefix}{i}", (Turn("user", text), Turn("assistant", "ok")), "chat", "s", "f", i, split=split)
        for i, text in enumerate(texts)
    ]


def built(**options):
    return leakage(**{"presets": THREE, "tokenizer": None, "encoder": None, **options})


def found(train: list[Row], held_out: list[Row], **options):
    return list(built(**options).compare(RowList(train), RowList(held_out)).findings)


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
    assert exact.detail == "test row test1: the same after normalising"
    assert (tulu.row, tulu.rule, tulu.score, tulu.matched_row) == ("train0", "tulu3", 1.0, "test0")
    assert tulu.matched_text == "where is the card that I ordered two weeks ago?"
    assert tulu.spans == (Span(0, 16, 63),)
    assert tulu.detail == "test row test0: 100% of its words lie in shared 8-grams of the user turns"
    assert (deepseek.row, deepseek.rule, deepseek.matched_row) == ("train0", "deepseek_math", "test0")
    assert deepseek.detail == "test row test0: stands in the row as a whole"


def test_on_the_test_side_every_held_out_row_with_that_text_is_found():
    test = [*TEST, *rows("copy", "validation", "HELLO")]
    findings = found([*TRAIN, *rows("more", "train", "hello?")], test, side="test", presets=["exact"])
    assert [(f.row, f.matched_row, f.matched_text) for f in findings] == [
        ("test1", "train1", "Hello!"),
        ("copy0", "train1", "HELLO"),
    ]
    assert findings[0].detail == "the same after normalising: train row train1, besides 1 more train row"


@pytest.mark.parametrize("preset", [name for name in WORDY if name not in {"exact", "dolma", "qwen2_math"}])
def test_on_the_test_side_the_held_out_rows_own_words_are_marked(preset):
    said = "please where is the red card that my old bank sent to me two weeks ago thank you very much indeed"
    shared = said.removeprefix("please ").removesuffix(" indeed")
    (finding,) = found(
        rows("train", "train", f"So: {shared}!"), rows("test", "test", said), side="test", presets=[preset]
    )
    (span,) = finding.spans
    assert finding.row == "test0"
    assert finding.matched_text == said[span.start : span.end]
    assert span.start >= len("please ")
    assert span.end <= len("please ") + len(shared)


def test_the_nearest_text_is_the_one_that_is_named():
    test = rows("test", "test", "a b c d e f g h i j k l m", "a b c d e f g h i j")
    (finding,) = found(rows("train", "train", "a b c d e f g h i j"), test, presets=["tulu3"])
    assert (finding.matched_row, finding.score) == ("test1", 1.0)
    assert finding.detail.endswith("; besides 1 more text")


# ---- benchmarks -----------------------------------------------------------------------------------------------------


def benchmark(name: str, *texts: str) -> Benchmark:
    return Benchmark(name, tuple(rows(f"{name}/", "", *texts)))


NO_VALIDATION = {"found_in_validation": "there is no validation row"}


def test_benchmarks_are_looked_for_beside_the_held_out_rows():
    against = {
        "cards": benchmark("cards", "WHERE is the card that I ordered two weeks ago?"),
        "greets": benchmark("greets", "hi"),
    }
    comparison = built(presets=["tulu3"], against=against).compare(RowList(TRAIN), RowList(TEST))
    assert [(f.row, f.matched_row, f.detail.partition(":")[0]) for f in comparison.findings] == [
        ("train0", "test0", "test row test0"),
        ("train0", "cards/0", "benchmark item cards/0"),
    ]
    assert comparison.measures == {
        "held_out_contaminated": 1,
        "held_out_contaminated_share": pytest.approx(1 / 3),
        "cards_contaminated": 1,
        "cards_contaminated_share": 1.0,
    }
    why = "no item of greets has text enough of its own for tulu3"
    assert comparison.missing == {"greets_contaminated": why, "greets_contaminated_share": why} | NO_VALIDATION


def test_on_the_test_side_a_benchmarks_leak_is_still_the_train_rows():
    against = {"greets": benchmark("greets", "hello")}
    findings = found(TRAIN, TEST, presets=["exact"], against=against, side="test")
    assert [(f.row, f.matched_row) for f in findings] == [("train1", "greets/0"), ("test1", "train1")]


def test_what_all_presets_find_is_counted_once_and_by_rule():
    test = [*TEST, *rows("copy", "test", "Hello")]
    comparison = built(against={"empty": benchmark("empty", "", "?")}).compare(RowList(TRAIN), RowList(test))
    assert comparison.measures["held_out_contaminated"] == 3
    assert comparison.measures["empty_contaminated"] == 0
    assert comparison.facts == {
        "groups": {
            "held_out": {
                "items": 4,
                "looked_for": {"exact": 4, "tulu3": 1, "deepseek_math": 2},
                "contaminated": {"exact": 2, "tulu3": 1, "deepseek_math": 1},
            },
            "empty": {
                "items": 2,
                "looked_for": {"exact": 1, "tulu3": 0, "deepseek_math": 0},
                "contaminated": {"exact": 0, "tulu3": 0, "deepseek_math": 0},
            },
        }
    }


def test_the_metrics_are_the_measures():
    against = {"cards": benchmark("cards", "x")}
    comparison = built(against=against).compare(RowList(TRAIN), RowList(TEST))
    assert {
        metric.name for metric in leakage_metrics(against=against)
    } == comparison.measures.keys() | comparison.missing.keys()


def test_without_held_out_rows_a_count_is_missing_and_not_zero():
    comparison = built().compare(RowList(TRAIN), RowList([]))
    why = "there is no held-out row"
    assert comparison.measures == {}
    assert comparison.missing == {"held_out_contaminated": why, "held_out_contaminated_share": why} | NO_VALIDATION


EMPTY, SHORT, LONG = "", "two words", " ".join(f"word{at}" for at in range(40))
FINDS_SHORT = {"exact", "qwen2_math", "platypus", "semantic"}


@pytest.mark.parametrize("preset", [name for name in get_args(PresetName) if name != "image"])
def test_what_no_rule_could_find_is_missing_and_not_zero(preset, compare, synonyms):
    def measured(*held_out):
        found = compare(preset, ["quite another text"], list(held_out), encoder=synonyms)
        return found.measures.get("held_out_contaminated"), found.missing.get("held_out_contaminated")

    nothing = (None, f"no held-out row has text enough of its own for {preset}")
    assert measured(EMPTY, EMPTY) == nothing
    assert measured(EMPTY, SHORT) == ((0, None) if preset in FINDS_SHORT else nothing)
    assert measured(EMPTY, SHORT, LONG) == (0, None)


def test_a_text_of_ten_tokens_has_no_span_of_more(compare, letters):
    same = [letters("abcdefghij")]
    assert compare("llama2", same, same).measures == {}
    longer = [letters("abcdefghijk")]
    assert compare("llama2", longer, longer).measures["held_out_contaminated"] == 1
    assert compare("llama2", [letters("abcd")], [letters("abcd")], short=True).measures["held_out_contaminated"] == 1


def test_texts_that_are_all_the_tasks_wording_cannot_be_given_away(compare, letters):
    # Twelve different texts of which each is the pattern and one more word.
    held_out = [f"{letters('abcdefgh')} {name}" for name in letters("mnopqrstuvwx").split()]
    found = compare("tulu3", held_out[:1], held_out, template=0.5)
    assert found.missing["held_out_contaminated"] == "no held-out row has text enough of its own for tulu3"
    assert compare("tulu3", held_out[:1], held_out).measures["held_out_contaminated"] == 12


def test_a_benchmark_may_not_be_called_as_the_held_out_rows_are():
    with pytest.raises(UsageError, match="held_out is what the validation and test rows are called"):
        built(against={"held_out": benchmark("held_out", "x")})


# ---- searching ------------------------------------------------------------------------------------------------------


def test_searching_in_batches_finds_what_comparing_finds():
    texts = [text for row in TRAIN + TEST for text in (row.input_text, row.input_text.upper(), "x " + row.input_text)]
    train = rows("train", "train", *texts)
    comparing = built(presets=WORDY, short=True)
    assert isinstance(comparing, SearchingFilter)
    whole = found(train, TEST, presets=WORDY, short=True)
    index = comparing.index(RowList(TEST))
    tables = [
        comparing.search(comparing.index(RowList(TEST)), train[start : start + 2]) for start in range(0, len(train), 2)
    ]
    empty = comparing.search(index, [])
    assert empty.schema == tables[0].schema
    apart = comparing.conclude(index, pa.concat_tables([empty, *tables]), RowList(train), RowList(TEST))
    assert list(apart.findings) == whole
    assert {finding.rule for finding in whole} == set(WORDY)


# ---- odd inputs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["train", "test"])
@pytest.mark.parametrize(
    ("train", "held_out"), [([], []), (TRAIN, []), ([], TEST), (rows("t", "train", ""), rows("h", "test", ""))]
)
def test_empty_sides_have_no_findings(side, train, held_out):
    assert found(train, held_out, side=side, presets=WORDY, short=True) == []


def test_a_huge_row_is_compared():
    huge = "word " * 100_000 + "where is the card that I ordered two weeks ago"
    rules = {f.rule for f in found(rows("t", "train", huge), TEST, presets=WORDY)}
    assert rules == {"tulu3", "deepseek_math", "s1_open_r1", "gpt3_measure", "palm", "gpt4_substring"}


@pytest.mark.parametrize(
    "preset", [name for name in get_args(PresetName) if name not in {"exact", "image", "dolma", "platypus", "semantic"}]
)
def test_what_repeats_itself_takes_no_more_than_its_length(preset, compare):
    # 30,000 places of the row and 900 of the text would be 27 million pairs.
    repeated = "la " * 30_000
    comparison = compare(preset, [repeated + "end"], ["la " * 900 + "li lo lu le", "quite another text of some words"])
    findings = list(comparison.findings)
    assert [finding.matched_row for finding in findings] == ["test0"] * (preset != "olmo_decon")


def test_a_row_without_turns_is_compared():
    bare = Row("bare", (), "chat", "s", "f", 1, split="train")
    assert found([bare], TEST, presets=WORDY) == []
    assert found(TRAIN, [bare, *TEST]) == found(TRAIN, TEST)


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
    assert [rule.name for rule in RULES] == [*get_args(PresetName), "unread"]
    assert {rule.action for rule in RULES if rule.name != "unread"} == {"drop"}


@pytest.mark.parametrize("preset", ["llama2", "olmo_decon", "platypus", "semantic"])
def test_a_preset_without_what_it_needs_says_so(preset):
    with pytest.raises(UsageError, match=preset):
        found(TRAIN, TEST, presets=[preset])


@pytest.mark.parametrize(
    ("presets", "tiktoken", "tokens", "vectors"),
    [
        (["exact", "tulu3"], None, False, False),
        (["llama2"], "file", True, False),
        (["olmo_decon"], None, True, False),
        (["olmo_decon"], "file", False, False),
        (["exact", "platypus"], None, False, True),
        (["semantic"], None, False, True),
    ],
)
def test_tokenizer_and_encoder_are_loaded_where_a_preset_needs_them(presets, tiktoken, tokens, vectors):
    options = {"presets": presets, "tiktoken": tiktoken}
    assert (counts_tokens(options), embeds(options)) == (tokens, vectors)


def test_no_presets_and_an_impossible_template_are_refused():
    with pytest.raises(UsageError, match="presets is empty"):
        built(presets=[])
    with pytest.raises(UsageError, match="template is 0"):
        built(template=0)


# ---- real data ------------------------------------------------------------------------------------------------------


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

    comparison = built(presets=["exact", "tulu3"], side="test").compare(
        RowList(rows("train", "train", *texts("train"))), RowList(rows("test", "test", *texts("test")))
    )
    assert Counter(f.rule for f in comparison.findings) == {"tulu3": 2}
    assert comparison.measures["held_out_contaminated_share"] == pytest.approx(2 / 1319)


# ---- validation -----------------------------------------------------------------------------------------------------

VALIDATION = rows(
    "validation", "validation", "HELLO", "where is the card that I ordered two weeks ago?", "quite another one"
)


@pytest.mark.parametrize("side", ["train", "test"])
def test_validation_rows_are_held_against_test_rows_by_the_same_rules(side):
    of_validation = built(side=side, presets=["exact", "tulu3"]).of_validation()
    told = of_validation.compare(RowList(VALIDATION), RowList(TEST))
    assert [(f.row, f.rule, f.matched_row) for f in told.findings] == [
        ("validation0", "exact", "test1"),
        ("validation1", "exact", "test0"),
        ("validation1", "tulu3", "test0"),
    ]
    assert told.measures == {"found_in_validation": 2}
    assert told.blocks[0].title == "What must not stand in validation, and what of it does"
    assert told.blocks[0].rows[0][:3] == ("test", "3", "2 (66.7%)")


def test_what_validation_gives_away_is_a_metric_of_every_run():
    without = built().compare(RowList(TRAIN), RowList(TEST))
    assert without.missing["found_in_validation"] == "there is no validation row"
    alone = built().compare(RowList(TRAIN), RowList(VALIDATION))
    assert alone.missing["found_in_validation"] == "there is no test row"
    unreadable = built(presets=["tulu3"]).of_validation().compare(RowList(VALIDATION), RowList(rows("t", "test", "no")))
    assert "no test row has text enough" in unreadable.missing["found_in_validation"]
    assert "found_in_validation" in {metric.name for metric in leakage_metrics(against={})}


# ---- what an encoder cannot read ------------------------------------------------------------------------------------


class LatinAlone:
    """Knows nothing of a text without Latin letters."""

    dimensions = 2
    scripts = ("Latin",)

    def encode(self, texts):
        import numpy as np

        seen = [any("a" <= letter <= "z" for letter in text) for text in texts]
        return np.array([[float(one), 0.0] for one in seen], dtype=np.float32).reshape(-1, 2)


@pytest.mark.parametrize("preset", ["platypus", "semantic"])
def test_rows_that_the_encoder_cannot_read_are_found_and_never_clean(preset):
    said = ("我的银行卡在哪里", "你好", "🙂🙂", "", "hello there")
    train, test = rows("train", "train", *said), rows("test", "test", *said)
    options = {"presets": [preset], "encoder": LatinAlone(), "semantic_judge": "encoder"}
    told = built(**options).compare(RowList(train), RowList(test))
    unread = [finding for finding in told.findings if finding.rule == "unread"]
    assert [finding.row for finding in unread] == [f"{side}{n}" for side in ("train", "test") for n in range(3)]
    assert "the scripts that it reads are Latin" in unread[0].detail
    block = told.blocks[-1]
    assert (block.title, block.alarming) == ("What the encoder could not read", True)
    assert "3 (60.0%) train rows and 3 (60.0%) held-out rows" in block.paragraphs[0]
    of_validation = built(**options).of_validation().compare(RowList(rows("v", "validation", *said)), RowList(test))
    assert not [finding for finding in of_validation.findings if finding.rule == "unread"]


def test_where_the_encoder_reads_all_rows_or_none_is_asked_nothing_is_said_of_it():
    for options in ({"presets": ["platypus"], "encoder": LatinAlone()}, {"presets": ["exact"]}):
        told = built(**options).compare(RowList(TRAIN), RowList(TEST))
        assert not [finding for finding in told.findings if finding.rule == "unread"]
        assert len(told.blocks) == 1
