"""Duplicates: rows that say the same, in the same words, in nearly the same words, in part, or in other words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from seatrial import FilterComponent, Rule, Use, hookimpl
from seatrial.data.filters import CorpusFilter, Filter
from seatrial.model import Encoder

__all__ = [
    "build_duplicates",
    "build_near_duplicates",
    "build_repeated_spans",
    "build_semantic_duplicates",
    "seatrial_filters",
]

DUPLICATES_RULES = (
    Rule(
        "conflict",
        "Rows with the same input name different labels or choices, so at most one of them is right.",
        version="3",
    ),
    Rule(
        "copy",
        "Another row says the same; the first in source order stays, of those that name an answer if any does.",
        version="3",
    ),
)

NEAR_RULES = (
    Rule(
        "copy",
        "A row that stays shares so many word shingles that their Jaccard similarity reaches `threshold`, and names the "
        "same answer.",
        version="5",
    ),
    Rule("conflict", "Two rows that stay are as alike, but name different labels or choices.", "flag", "5"),
    Rule(
        "capped",
        "The row is as alike, but stays, or is split, by itself: its cluster has `largest` texts.",
        "flag",
        "5",
        fixed=True,  # others may have gone for the row
    ),
)

SPANS_RULES = (
    Rule(
        "contained",
        "Every word of the row stands in stretches of at least `words` words of rows that stay and name the same answer.",
        version="5",
    ),
    Rule(
        "repeated-span", "A stretch of at least `words` words of the row stands in a row that stays, too.", "flag", "5"
    ),
)

SEMANTIC_RULES = (
    Rule(
        "copy",
        "The cosine of the row's vector and that of a row which stays reaches `threshold`, and both name the same answer.",
        version="6",
    ),
    Rule("conflict", "Two rows that stay are as alike, but name different labels or choices.", "flag", "6"),
    Rule(
        "capped",
        "The row is as alike, but stays, or is split, by itself: its cluster has `largest` texts.",
        "flag",
        "6",
        fixed=True,  # others may have gone for the row
    ),
    Rule(
        "unread",
        "The encoder cannot read the row (another script, emoji alone), so it is compared with no other text.",
        "flag",
        fixed=True,
    ),
)


def build_duplicates(
    *,
    on: Literal["input", "all"] = "input",
    method: Literal["exact", "normalised"] = "normalised",
    conflicts: Literal["drop-all", "keep-majority"] = "drop-all",
) -> CorpusFilter:
    """Keeps the first of the rows that say the same: one that names an answer, where any does.

    Args:
        on: `input` compares what the model reads before it answers (and the choices it is offered, in any order); `all`
            compares whole conversations and labels.
        method: `exact` compares texts as they are; `normalised` first applies `seatrial.data.normalise` (NFKC, case folding,
            punctuation and white space collapsed; digits, symbols, emoji and every script's letters kept). Rows with
            nothing to see are never copies of each other.
        conflicts: what happens where rows of one input name different labels or choices. `drop-all` finds a conflict in
            each; `keep-majority` only in those that do not name the most frequent one, and in each where two are as
            frequent. `action: {conflict: flag}` keeps one row a label. Free answers (neither label nor choices) may
            differ without conflict: there is more than one way to say it. The other filters of duplicates leave one row a
            label, and no majority: name this one before them.
    """
    from seatrial_plugins.deduplication.copies import Duplicates

    return Duplicates(on, method, conflicts)


def build_near_duplicates(
    *,
    on: Literal["input", "all"] = "input",
    threshold: float = 0.8,
    shingle: int = 3,
    permutations: int = 128,
    keep: Literal["first", "last", "longest"] = "first",
    largest: int = 100,
    seed: int = 0,
) -> CorpusFilter:
    """Keeps one of the rows that share most of their wording, whatever its order.

    MinHash with at least 16 bands finds the candidates; each is then compared exactly. A row is dropped only where it
    is as alike as `threshold` to a row that stays: likenesses are not chained. Rows that name different labels or
    choices are flagged, not dropped, and one that names some never goes for one that names none; rows under different
    system prompts are not compared, nor are rows without words.

    Args:
        on: `input` compares what the model reads before it answers, and the choices it is offered;
            `all` whole conversations.
        threshold: the least Jaccard similarity, in (0, 1].
        shingle: words a shingle. At 3 and the default threshold no row of up to 24 words is a copy of one that differs
            in a word, so that short rows written to one pattern all stay; longer rows may differ in about 4% of their words.
        permutations: of MinHash; more find more of the pairs right at the threshold.
        keep: which row of a cluster stays: the first or the last in source order, or the one with the most words (the
            first of those); rather one that names an answer than one that doesn't.
        largest: texts that a cluster may hold. More are rarely copies of one text: long rows that are written to one
            pattern look like this. What is over stays and is flagged; exact copies do not count.
        seed: of the permutations.
    """
    from seatrial_plugins.deduplication.near import NearDuplicates

    return NearDuplicates(on, threshold, shingle, permutations, keep, largest, seed)


def build_repeated_spans(
    *,
    on: Literal["input", "all"] = "input",
    words: int = 50,
    keep: Literal["first", "last", "longest"] = "longest",
) -> CorpusFilter:
    """Finds stretches of many words that stand word for word in several rows, and rows that are nothing but such.

    Words are those of `seatrial.data.normalise.spell`; a stretch lies inside one turn, and system turns are not compared.
    No stretch is overlooked, whatever its length over `words`. Rows that share one are read again, so a set whose rows
    are all written to one long pattern takes longer.

    Args:
        on: `input` compares what the model reads before it answers; `all` whole conversations.
        words: the fewest words of a stretch. 50 is the threshold of Lee et al. 2022 (arXiv 2107.06499), who count tokens:
            some 40 words.
        keep: whose stretches are the original: those of the first or the last row in source order, or of the row with
            the most words, so that an excerpt goes and the whole text stays.
    """
    from seatrial_plugins.deduplication.spans import RepeatedSpans

    return RepeatedSpans(on, words, keep)


def build_semantic_duplicates(
    *,
    on: Literal["input", "all"] = "input",
    threshold: float = 0.95,
    keep: Literal["first", "last", "longest"] = "first",
    largest: int = 100,
    encoder: Encoder,
) -> CorpusFilter:
    """Keeps one of the rows that mean the same, though in other words.

    A row is dropped only where it is as alike as `threshold` to a row that stays: likenesses are not chained. Rows that
    name different labels or choices are flagged, not dropped; rows under different system prompts, or with different
    numbers in digits, are not compared, nor is what an encoder cuts off (all-MiniLM-L6-v2 reads 256 tokens) or cannot read:
    such rows are flagged. Encoders hardly see a negation. Time grows with rows × rows that stay.

    Args:
        on: `input` compares what the model reads before it answers, and the choices it is offered;
            `all` whole conversations.
        threshold: the least cosine, in (0, 1]. Encoders differ: the default is for all-MiniLM-L6-v2, where (measured)
            253 of 3,335 BANKING77 questions are such copies, paraphrases by eye, and 1 of 3,000 GSM8K questions.
        keep: which row of a cluster stays: the first or the last in source order, or the one with the most words (the
            first of those); rather one that names an answer than one that doesn't.
        largest: texts that a cluster may hold. What is over stays and is flagged; exact copies do not count.
        encoder: what turns texts into vectors.
    """
    from seatrial_plugins.deduplication.semantic import SemanticDuplicates

    return SemanticDuplicates(on, threshold, keep, largest, encoder)


@hookimpl
def seatrial_filters() -> Iterable[FilterComponent[Filter]]:
    """The filters of this plugin."""
    yield FilterComponent(
        "duplicates",
        build_duplicates,
        "Keeps one of the rows that say the same, and finds equal inputs with different labels.",
        rules=DUPLICATES_RULES,
        place="corpus",
        looks_for="copies, and equal questions with different answers",
    )
    yield FilterComponent(
        "near_duplicates",
        build_near_duplicates,
        "Keeps one of the rows that share most of their wording (MinHash, verified exactly).",
        rules=NEAR_RULES,
        place="corpus",
        looks_for="rows that share most of their wording",
    )
    yield FilterComponent(
        "repeated_spans",
        build_repeated_spans,
        "Finds long stretches that stand word for word in several rows, and rows that are nothing else.",
        rules=SPANS_RULES,
        place="corpus",
    )
    yield FilterComponent(
        "semantic_duplicates",
        build_semantic_duplicates,
        "Keeps one of the rows that mean the same, by the cosine of an encoder's vectors.",
        uses={"encoder": Use("encoder", "minilm")},
        rules=SEMANTIC_RULES,
        place="corpus",
        looks_for="rows that mean the same",
    )
