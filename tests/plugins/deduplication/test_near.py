"""Near-duplicates: what goes is as alike as asked to a row that stays; short rows of one pattern all stay."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import chatterbot_corpus
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.data.normalise import spell
from seatrial.errors import UsageError
from seatrial_plugins.deduplication import build_near_duplicates


def shingles(text: str, n: int = 3) -> set[tuple[str | None, ...]]:
    framed = [None] * (n - 1) + spell(text) + [None] * (n - 1)
    return {tuple(framed[start : start + n]) for start in range(len(framed) - n + 1)}


def jaccard(one: str, other: str) -> float:
    """The definition, word for word, without a hash."""
    return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))


def words(count: int, name: str = "w") -> list[str]:
    return [f"{name}{index}" for index in range(count)]


def swapped(text: list[str], *places: int, by: str = "other") -> str:
    return " ".join(f"{by}{place}" if place in places else word for place, word in enumerate(text))


LONG = words(40)


def told(grouping, rule: str = "copy") -> list[tuple[str, str | None]]:
    return sorted((f.row, f.matched_row) for f in grouping.findings if f.rule == rule)


def test_a_near_copy_goes_with_its_evidence(say, compare):
    rows = [say("a", " ".join(LONG)), say("b", swapped(LONG, 7)), say("c", " ".join(words(40, "v")))]
    grouping = compare(build_near_duplicates(), rows)
    [finding] = grouping.findings
    # By hand: 42 shingles each, three of them hold the other word: 39 of 45.
    assert (finding.row, finding.rule, finding.matched_row, finding.score) == ("b", "copy", "a", 39 / 45)
    assert finding.detail == "like row a, which stays for 2 rows: Jaccard similarity of 3-word shingles 0.867"
    assert finding.matched_text == " ".join(LONG)[:200]
    assert grouping.clusters == {"a": "a", "b": "a"}


def test_one_other_word_makes_another_row_of_up_to_24_words(say, compare):
    for count, gone in ((24, []), (25, [("b", "a")])):
        for place in (0, count // 2, count - 1):
            rows = [say("a", " ".join(words(count))), say("b", swapped(words(count), place))]
            assert told(compare(build_near_duplicates(), rows)) == gone


@pytest.mark.parametrize(
    "pattern",
    [
        "What is the capital of {}?",
        "{} is the capital of which country?",
        "Please answer in one word only, and without any further explanation: what is the capital city of {}?",
        "What is 12 times {}?",
    ],
)
def test_short_rows_of_one_pattern_all_stay(say, compare, pattern):
    names = ["France", "Spain", "Austria", "Australia", "Niger", "Nigeria", "Mali", "Malawi", "7", "8", "70", "7.5"]
    grouping = compare(build_near_duplicates(), [say(name, pattern.format(name)) for name in names])
    assert (grouping.findings, grouping.clusters) == ([], {})


def test_a_row_without_words_is_compared_with_none(say, compare):
    rows = [say(str(index), text) for index, text in enumerate(["", " ", "?", "?", "\u200b", "...", "hi", "ha"])]
    assert compare(build_near_duplicates(), rows).findings == []


def test_case_punctuation_and_white_space_do_not_count(say, compare):
    rows = [say("a", "Hi"), say("b", "hi!"), say("c", "straße\u00a0和平"), say("d", "STRASSE  和，平")]
    assert told(compare(build_near_duplicates(), rows)) == [("b", "a"), ("d", "c")]


def test_an_empty_table_a_single_row_and_a_huge_one(say, compare):
    component = build_near_duplicates()
    assert compare(component, []).findings == []
    huge = " ".join(words(100_000))
    assert compare(component, [say("a", huge)]).findings == []
    assert told(compare(component, [say("a", huge), say("b", huge + " more"), say("c", "x" * 1_000_000)])) == [
        ("b", "a")
    ]


def test_likenesses_are_not_chained_but_the_split_keeps_them_together(say, compare):
    texts = {"a": " ".join(LONG), "b": swapped(LONG, 5), "c": swapped(LONG, 5, 30)}
    assert (
        jaccard(texts["a"], texts["c"]) < 0.8 <= min(jaccard(texts["a"], texts["b"]), jaccard(texts["b"], texts["c"]))
    )
    grouping = compare(build_near_duplicates(), [say(name, text) for name, text in texts.items()])
    assert told(grouping) == [("b", "a")]
    assert set(grouping.clusters.values()) == {"a"}
    assert set(grouping.clusters) == {"a", "b", "c"}


def test_which_row_stays_is_a_stated_rule(say, compare):
    rows = [say("a", " ".join(LONG)), say("b", " ".join(LONG) + " end"), say("c", swapped(LONG, 39))]
    kept = {}
    for keep in ("first", "last", "longest"):
        gone = told(compare(build_near_duplicates(keep=keep), rows))
        kept[keep] = {row.id for row in rows} - {row for row, _ in gone}
    assert kept == {"first": {"a"}, "last": {"c"}, "longest": {"b"}}


def test_other_answers_are_flagged_and_both_rows_stay(say, compare):
    rows = [say("a", " ".join(LONG), "red"), say("b", swapped(LONG, 3), "blue"), say("c", swapped(LONG, 3), "red")]
    grouping = compare(build_near_duplicates(), rows)
    assert told(grouping) == [("c", "a")]
    assert told(grouping, "conflict") == [("a", "b"), ("b", "a")]
    assert "names another answer" in next(f.detail for f in grouping.findings if f.rule == "conflict")
    assert len(set(grouping.clusters.values())) == 1


def test_a_labelled_row_never_goes_for_one_without_a_label(say, compare):
    rows = [say("a", " ".join(LONG)), say("b", swapped(LONG, 3), "red")]
    for keep in ("first", "last", "longest"):
        assert told(compare(build_near_duplicates(keep=keep), rows)) == [("a", "b")]
        assert told(compare(build_near_duplicates(keep=keep), rows[::-1])) == [("a", "b")]


def test_system_prompts_set_rows_apart_and_make_none_alike(say, compare):
    long = " ".join(words(200, "s"))
    apart = [say("a", " ".join(LONG), system="Be brief."), say("b", " ".join(LONG), system="Be kind.")]
    alike = [say("a", "one short question", system=long), say("b", "quite another matter", system=long)]
    same = [say("a", " ".join(LONG), system="Be brief."), say("b", swapped(LONG, 3), system="be brief!")]
    assert compare(build_near_duplicates(), apart).findings == []
    assert compare(build_near_duplicates(), alike).findings == []
    assert told(compare(build_near_duplicates(), same)) == [("b", "a")]


def test_choices_are_compared_in_any_order(say, compare):
    question = "Which of the following statements is true"
    choices = (" ".join(words(20, "p")), " ".join(words(20, "q")))
    rows = [
        say("a", question, answer=choices[0], choices=choices),
        say("b", question, answer=choices[0], choices=choices[::-1]),
        say("c", question, answer="no", choices=("yes", "no")),
    ]
    assert told(compare(build_near_duplicates(), rows)) == [("b", "a")]


def test_on_all_compares_answers_too(say, compare):
    rows = [
        say("a", " ".join(LONG), answer=" ".join(words(60, "x"))),
        say("b", " ".join(LONG), answer="something else"),
    ]
    assert told(compare(build_near_duplicates(on="input"), rows)) == [("b", "a")]
    assert compare(build_near_duplicates(on="all"), rows).findings == []


def test_a_full_cluster_takes_no_more_and_says_so(say, compare):
    rows = [say("a", " ".join(LONG)), *(say(f"b{place}", swapped(LONG, place)) for place in range(10, 15))]
    rows += [say("copy", " ".join(LONG).upper())]
    grouping = compare(build_near_duplicates(threshold=0.7, largest=3), rows)
    assert told(grouping) == [("b10", "a"), ("b11", "a"), ("b13", "b12"), ("b14", "b12"), ("copy", "a")]
    assert told(grouping, "capped")[-1] == ("b12", "a")
    assert "which stays for 3 texts already" in next(f.detail for f in grouping.findings if f.row == "b12")
    sizes = defaultdict(set)
    for row, cluster in grouping.clusters.items():
        sizes[cluster].add(row)
    assert sorted(map(sorted, sizes.values())) == [["a", "b10", "b11", "copy"], ["b12", "b13", "b14"]]


def test_texts_that_hang_together_in_a_chain_are_parted_where_they_are_too_many(say, compare):
    chain = [" ".join(words(40 + 3 * link)[3 * link :]) for link in range(12)]
    assert jaccard(chain[0], chain[1]) >= 0.7 > jaccard(chain[0], chain[3])
    rows = [say(f"{link:02}", text) for link, text in enumerate(chain)]
    whole = compare(build_near_duplicates(threshold=0.7, largest=12), rows)
    assert set(whole.clusters.values()) == {"00"}
    assert told(whole, "capped") == []
    parted = compare(build_near_duplicates(threshold=0.7, largest=11), rows)
    assert told(parted) == told(whole)
    assert len(set(parted.clusters.values())) > 1
    capped = [finding for finding in parted.findings if finding.rule == "capped"]
    assert {finding.row for finding in capped} == {row.id for row in rows} - {row for row, _ in told(parted)}
    assert all(finding.detail.startswith("12 texts hang together") and finding.score == 12 for finding in capped)


def test_every_true_pair_of_edited_rows_is_found_and_every_survivor_is_unlike_the_others(say, compare):
    rng = random.Random(5)
    texts = []
    for family in range(60):
        base = [f"{family}-{rng.randrange(50)}" for _ in range(rng.randrange(20, 60))]
        texts += [swapped(base, *rng.sample(range(len(base)), rng.randrange(4)), by=f"n{copy}-") for copy in range(5)]
    rng.shuffle(texts)
    rows = [say(str(index), text) for index, text in enumerate(texts)]
    grouping = compare(build_near_duplicates(), rows, batch=64)
    gone = {finding.row for finding in grouping.findings}
    sets = [shingles(text) for text in texts]
    pairs = combinations(range(len(texts)), 2)
    alike = [(i, j) for i, j in pairs if len(sets[i] & sets[j]) >= 0.8 * len(sets[i] | sets[j])]
    assert len(alike) > 100
    assert all(grouping.clusters[str(i)] == grouping.clusters[str(j)] for i, j in alike)
    assert not [pair for pair in alike if not {str(index) for index in pair} & gone]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.text("abc ", max_size=40), st.sampled_from([None, "x", "y"])), max_size=12),
    st.sampled_from([0.3, 0.5, 0.8, 1.0]),
    st.sampled_from(["first", "last", "longest"]),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_exactly_one_row_of_a_cluster_stays_and_is_as_alike_as_it_says(said, threshold, keep, largest, batch):
    from seatrial import Grouping, Row, Turn
    from seatrial.rows import Label  # hypothesis gives no fixtures to a test of its own examples

    rows = [
        Row(
            f"{i:02}",
            (Turn("user", text), Turn("assistant", label or "?")),
            "chat",
            "s",
            "f",
            i + 1,
            None if label is None else Label(label),
        )
        for i, (text, label) in enumerate(said)
    ]
    component = build_near_duplicates(threshold=threshold, keep=keep, largest=largest)
    by_id = {row.id: row for row in rows}

    def run(size: int) -> Grouping:
        import pyarrow as pa

        tables = [component.signatures(rows[start : start + size]) for start in range(0, max(len(rows), 1), size)]
        grouping = component.group(pa.concat_tables(tables), by_id.__getitem__)
        return Grouping(list(grouping.findings), grouping.clusters)

    grouping = run(batch)
    copies = {finding.row: finding for finding in grouping.findings if finding.rule == "copy"}
    texts = {row.id: row.input_text for row in rows}
    assert len(copies) == sum(finding.rule == "copy" for finding in grouping.findings)
    members = defaultdict(set)
    for row, finding in copies.items():
        assert finding.matched_row not in copies
        assert finding.score == pytest.approx(jaccard(texts[row], texts[finding.matched_row]))
        assert finding.score >= threshold
        assert by_id[row].label in {None, by_id[finding.matched_row].label}
        assert grouping.clusters[row] == grouping.clusters[finding.matched_row]
        members[finding.matched_row].add(" ".join(spell(texts[row])))
    assert all(len(each | {" ".join(spell(texts[kept]))}) <= max(largest, 1) for kept, each in members.items())
    assert run(100) == grouping


@pytest.mark.parametrize("options", [{"threshold": 0.0}, {"threshold": 1.1}, {"shingle": 0}, {"permutations": 8}])
def test_impossible_options_are_refused(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        build_near_duplicates(**options)


def test_chatterbots_tech_support_is_1050_rows_of_10_messages(say, compare):
    file = Path(chatterbot_corpus.__file__).parent / "data" / "english" / "tech_support.yml"
    turns = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["conversations"]
    rows = [say(str(index), str(conversation[0])) for index, conversation in enumerate(turns)]
    grouping = compare(build_near_duplicates(), rows, batch=1000)
    assert (len(rows), len(rows) - len({finding.row for finding in grouping.findings})) == (1050, 10)
    assert {finding.rule for finding in grouping.findings} == {"copy"}
    assert len(set(grouping.clusters.values())) == 10
