"""Semantic duplicates: cosine decides, with an encoder whose vectors are known."""

from __future__ import annotations

import math
import random
from collections import defaultdict

import numpy as np
import pytest

from seatrial import Row, Turn
from seatrial.data.normalise import normalise
from seatrial.errors import UsageError
from seatrial_plugins.deduplication import build_semantic_duplicates, semantic


class Angles:
    """Reads a first word of letters a to j as degrees on a circle (`bc` is 1.2°); the second word names the circle."""

    def encode(self, texts):
        vectors = np.zeros((len(texts), 8), dtype=np.float32)
        for index, text in enumerate(texts):
            if text.strip():
                letters, *circle = text.lower().split()
                angle = math.radians(sum("abcdefghij".index(one) * 0.1**place for place, one in enumerate(letters)))
                start = 2 * (ord(circle[0][0]) % 4) if circle else 0
                vectors[index, start : start + 2] = math.cos(angle), math.sin(angle)
        return vectors


def told(grouping, rule: str = "copy") -> list[tuple[str, str | None]]:
    return sorted((f.row, f.matched_row) for f in grouping.findings if f.rule == rule)


def build(degrees: float = 1.5, **options):
    return build_semantic_duplicates(threshold=math.cos(math.radians(degrees)), encoder=Angles(), **options)


def test_rows_near_each_other_go_with_their_evidence_and_are_not_chained(say, compare):
    # A letter's place in the alphabet is a degree: a, b, c, d are 0, 1, 2 and 3 degrees.
    rows = [say("0", "a"), say("1", "b"), say("2", "c"), say("3", "d"), say("9", "j")]
    grouping = compare(build(), rows)
    assert told(grouping) == [("1", "0"), ("3", "2")]
    first = grouping.findings[0]
    assert first.score == round(math.cos(math.radians(1)), 4)
    assert first.detail == "like row 0, which stays for 2 rows: cosine of the encoder's vectors 1.000"
    assert first.matched_text == "a"


def test_other_numbers_other_prompts_and_empty_rows_are_not_compared(say, compare):
    rows = [
        say("a", "a x 12"),
        say("b", "a x 13"),
        say("c", "a x 12", system="Be kind."),
        say("d", ""),
        say("e", " "),
        say("f", "b x 12"),
    ]
    assert told(compare(build(), rows)) == [("f", "a")]


def test_other_answers_are_flagged(say, compare):
    grouping = compare(build(), [say("a", "a", "red"), say("b", "b", "blue"), say("c", "b", "red")])
    assert told(grouping) == [("c", "a")]
    assert told(grouping, "conflict") == [("a", "b"), ("b", "a")]
    assert set(grouping.clusters.values()) == {"a"}


def test_a_full_cluster_takes_no_more(say, compare):
    rows = [say(str(index), f"a x{'y' * index}") for index in range(6)]
    grouping = compare(build(largest=2), rows)
    assert told(grouping) == [("1", "0"), ("3", "2"), ("5", "4")]
    capped = {finding.row: finding.matched_row for finding in grouping.findings if finding.rule == "capped"}
    assert capped == {"0": None, "2": "0", "4": "0"}  # the first is told that its texts are parted for the split


@pytest.mark.parametrize("keep", ["first", "last", "longest"])
@pytest.mark.parametrize("block", [1, 3, 1000])
def test_what_holds_of_every_result_whatever_the_blocks(say, compare, monkeypatch, block, keep):
    monkeypatch.setattr(semantic, "_BLOCK", block)
    monkeypatch.setattr(semantic, "_STANDING", 2 * block)
    rng = random.Random(block)
    texts = ["".join(rng.choices("abcdefghij", k=2)) + " " + rng.choice("xyz") for _ in range(80)] + [
        "",
        "a x",
        "A  x!",
    ]
    rows = [say(str(index), text) for index, text in enumerate(texts)]
    grouping = compare(build(0.55, keep=keep), rows)
    vectors = Angles().encode([*texts[:-1], "a x"])
    cosine = vectors @ vectors.T
    copies = {finding.row: finding for finding in grouping.findings}
    assert {finding.rule for finding in copies.values()} == {"copy"}
    limit = math.cos(math.radians(0.55))
    for row, finding in copies.items():
        assert finding.matched_row not in copies
        if normalise(texts[int(row)]) != normalise(texts[int(finding.matched_row)]):
            assert finding.score == pytest.approx(cosine[int(row), int(finding.matched_row)], abs=5.1e-5)
            assert finding.score >= limit
    stay = [index for index, text in enumerate(texts) if str(index) not in copies and text]
    assert not [(i, j) for i in stay for j in stay if i < j and cosine[i, j] >= limit + 1e-6]
    clusters = defaultdict(set)
    for row, cluster in grouping.clusters.items():
        clusters[cluster].add(row)
    assert all(len(members) > 1 for members in clusters.values())


def test_very_many_alike_are_cut_to_the_nearest(say, compare, monkeypatch):
    monkeypatch.setattr(semantic, "_NEAREST", 2)
    rows = [
        say(str(index), f"a {letters}", label=str(index)) for index, letters in enumerate(["x", "xa", "xb", "xc", "xd"])
    ]
    grouping = compare(build(), rows)
    assert len(told(grouping, "conflict")) == 5
    assert set(grouping.clusters.values()) == {"0"}


@pytest.mark.parametrize(("threshold", "found"), [(0.9998, True), (0.99985, True), (0.9999, True), (0.99995, False)])
def test_a_threshold_is_held_against_the_score_that_is_shown(say, compare, threshold, found):
    # cos 0.9° is 0.99987663: shown as 0.9999.
    filter_ = build_semantic_duplicates(threshold=threshold, encoder=Angles())
    grouping = compare(filter_, [say("0", "a"), say("1", "aj")])
    assert [finding.score for finding in grouping.findings] == ([0.9999] if found else [])


def test_no_rows_and_impossible_options(say, compare):
    assert compare(build(), []).findings == []
    with pytest.raises(UsageError, match="threshold"):
        build_semantic_duplicates(threshold=1.5, encoder=Angles())
    with pytest.raises(UsageError, match="largest"):
        build_semantic_duplicates(largest=0, encoder=Angles())


@pytest.mark.slow
def test_the_embedded_encoder_finds_paraphrases_and_keeps_short_rows_of_one_pattern(say, compare):
    from seatrial_plugins.encoders import minilm

    texts = [
        "Can I use Apple Pay to top-up?",
        "Can I top-up via Apple Pay?",
        *(
            f"What is the capital of {name}?"
            for name in ("France", "Spain", "Austria", "Australia", "Niger", "Nigeria")
        ),
        *(f"What is 12 times {number}?" for number in (7, 8, 70)),
    ]
    grouping = compare(build_semantic_duplicates(encoder=minilm()), [say(str(i), text) for i, text in enumerate(texts)])
    assert told(grouping) == [("1", "0")]


def test_what_the_encoder_cannot_read_is_compared_with_nothing_and_said():
    class Illiterate:
        scripts = ("Latin", "Greek")

        def encode(self, texts):
            return np.array([[float(text.isascii()), 0] for text in texts], dtype=np.float32)

    rows = [
        Row(str(name), (Turn("user", said),), "chat", "s", "f", 1)
        for name, said in enumerate(["a", "b", "ลืม", "ร้าน", "ลืม"])
    ]
    found = build_semantic_duplicates(encoder=Illiterate())
    findings = list(found.group(found.signatures(rows), {row.id: row for row in rows}.__getitem__).findings)
    assert [(one.row, one.rule, one.matched_row) for one in findings] == [
        ("1", "copy", "0"),
        ("4", "copy", "2"),  # the same text is a copy, whoever can read it
        ("2", "unread", None),
        ("3", "unread", None),
    ]
    assert "the scripts that it reads are Latin, Greek" in findings[-1].detail
