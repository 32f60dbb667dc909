"""Duplicates: rows that say the same, in the same words, in nearly the same words, in part, or in other words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from seatrial import Component, Rule
from seatrial.filters import CorpusFilter, Filter

__all__ = ["build_duplicates", "build_near_duplicates", "duplicate_filters"]

DUPLICATES_RULES = (
    Rule("conflict", "Rows with the same input name different labels or choices, so at most one of them is right."),
    Rule("copy", "An earlier row says the same; the first one in source order stays."),
)

NEAR_RULES = (
    Rule(
        "copy",
        "A row that stays shares so many word shingles that their Jaccard similarity reaches `threshold`, and names the "
        "same answer.",
    ),
    Rule("conflict", "Two rows that stay are as alike, but name different labels or choices.", "flag"),
    Rule("capped", "The row is as alike, but stays, or is split, by itself: its cluster has `largest` texts.", "flag"),
)


def build_duplicates(
    *,
    on: Literal["input", "all"] = "input",
    method: Literal["exact", "normalised"] = "normalised",
    conflicts: Literal["drop-all", "keep-majority"] = "drop-all",
) -> CorpusFilter:
    """Keeps the first of the rows that say the same.

    Args:
        on: `input` compares what the model reads before it answers (and the choices it is offered, in any order);
            `all` compares whole conversations and labels.
        method: `exact` compares texts as they are; `normalised` first applies `seatrial.data.normalise` (NFKC, case folding,
            punctuation and white space collapsed; digits, symbols, emoji and every script's letters kept). Rows with
            nothing to see are never copies of each other.
        conflicts: what happens where rows of one input name different labels or choices. `drop-all` finds a conflict in
            each; `keep-majority` only in those that do not name the most frequent one, and in each where two are as
            frequent. `action: {conflict: flag}` keeps one row a label. Free answers (neither label nor choices) may
            differ without conflict: there is more than one way to say it.
    """
    from seatrial_plugins.duplicates.copies import Duplicates

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
    choices are flagged, not dropped; rows under different system prompts are not compared, nor are rows without words.

    Args:
        on: `input` compares what the model reads before it answers, and the choices it is offered; `all` whole
            conversations.
        threshold: the least Jaccard similarity, in (0, 1].
        shingle: words a shingle. At 3 and the default threshold no row of up to 24 words is a copy of one that differs
            in a word, so that short rows written to one pattern all stay; longer rows may differ in 4% of their words.
        permutations: of MinHash; more find more of the pairs right at the threshold.
        keep: which row of a cluster stays: the first or the last in source order, or the one with the most words (the
            first of those).
        largest: texts that a cluster may hold. More are rarely copies of one text: long rows that are written to one
            pattern look like this. What is over stays and is flagged; exact copies do not count.
        seed: of the permutations.
    """
    from seatrial_plugins.duplicates.near import NearDuplicates

    return NearDuplicates(on, threshold, shingle, permutations, keep, largest, seed)


def duplicate_filters() -> Iterable[Component[Filter]]:
    """The duplicate filters, for a plugin's hook."""
    yield Component(
        "duplicates",
        build_duplicates,
        "Keeps one of the rows that say the same, and finds equal inputs with different labels.",
        rules=DUPLICATES_RULES,
        place="corpus",
    )
    yield Component(
        "near_duplicates",
        build_near_duplicates,
        "Keeps one of the rows that share most of their wording (MinHash, verified exactly).",
        rules=NEAR_RULES,
        place="corpus",
    )
