"""Leakage: train rows that give away held-out ones, by published rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from seatrial import Component, Rule, hookimpl
from seatrial.filters import Filter, SplitFilter

__all__ = ["leakage", "seatrial_filters"]

RULES = (
    Rule("exact", "A train row and a held-out row say the same after normalising (`seatrial.data.normalise`)."),
    Rule(
        "tulu3",
        "More than 50% of the words of a held-out row's user turns lie in 8-grams that it shares with the user turns of "
        "one train row (Tülu 3, arXiv 2411.15124).",
    ),
    Rule(
        "deepseek_math",
        "A train row shares a 10-gram with a held-out row, or holds a held-out text of 3 to 9 words as a whole "
        "(DeepSeekMath, arXiv 2402.03300).",
    ),
)


def leakage(
    *,
    presets: list[Literal["exact", "tulu3", "deepseek_math"]] = ["exact", "tulu3"],  # noqa: B006 - shown in the schema, never changed
    on: Literal["input", "all"] = "input",
    side: Literal["train", "test"] = "train",
    template: float = 0.01,
) -> SplitFilter:
    """Finds what train and the held-out rows (validation and test) share.

    Words are those of `seatrial.data.normalise.spell`: lower case, no punctuation, digits and symbols kept, a Han or Hiragana
    character each. System turns are never compared. A held-out text of one or two words is found by `exact` only, and
    one of fewer than 8 words not by `tulu3`: keep `exact` among the presets.

    Args:
        presets: the rules, each a rule of its own in the ledger. `exact`: equal after normalising (and, where both rows
            offer choices, with the same choices). `tulu3`: see its rule; always on user turns. `deepseek_math`: see its
            rule; strict, since one shared stretch of ten words is enough and a short held-out question must not even
            stand inside a longer train row. Measured on BANKING77, 10,003 train against 3,080 test questions: `exact`
            25 train rows, `tulu3` 337, `deepseek_math` 510; on GSM8K, where nothing leaks, 0, 3 and 11 of 7,473.
        on: `input` compares what the model reads before it answers; `all` whole conversations.
        side: which row the finding is about, and so which is dropped: the `train` row, or the held-out (`test`) row.
        template: an n-gram that stands in more than this share of the different held-out texts, and in more than ten of
            them, is the task's wording and no evidence, nor is one most of whose words are such wording. Without this,
            a task whose rows are all written to one pattern ("Which desk should answer this message: …") would lose its
            whole train set; GPT-3 had a rule like it for n-grams of more than ten documents. It bounds the work, too.
            1.0 is each paper's rule to the letter. A pattern of fewer words than an n-gram is not recognised as one.
    """
    from seatrial_plugins.leakage.split_comparison import SplitComparison

    return SplitComparison(tuple(presets), on, side, template)


@hookimpl
def seatrial_filters() -> Iterable[Component[Filter]]:
    """The leakage filter."""
    yield Component("leakage", leakage, "Finds train rows that give away held-out ones.", rules=RULES, place="splits")
