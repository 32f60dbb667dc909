"""Leakage: train rows that give away held-out ones or items of benchmarks, by published rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from seatrial import Benchmark, FilterComponent, Metric, Rule, Use, hookimpl
from seatrial.data.filters import Filter, SplitFilter
from seatrial.model import CountsTokens, Encoder

__all__ = [
    "IN_VALIDATION",
    "UNREAD",
    "PresetName",
    "counts_tokens",
    "embeds",
    "leakage",
    "leakage_metrics",
    "seatrial_filters",
]

PresetName = Literal[
    "exact",
    "image",
    "gpt3_filter",
    "gpt3_measure",
    "palm",
    "gpt4_substring",
    "llama2",
    "tulu3",
    "s1_open_r1",
    "deepseek_math",
    "qwen2_math",
    "dolma",
    "olmo_decon",
    "platypus",
    "semantic",
]
"""The rules that a suite may name."""

UNREAD = "unread"
"""The rule about rows that an encoder knows nothing of."""

RULES = (
    Rule(
        "exact",
        "A train row and a held-out text say the same after normalising (`seatrial.data.normalise`).",
        version="2",
    ),
    Rule(
        "image",
        "The row shows a picture that a held-out row shows, byte for byte, whatever is said beside it.",
    ),
    Rule(
        "gpt3_filter",
        "The row shares a 13-gram that stands in at most 10 train rows; what GPT-3's filter would cut out of it is marked "
        "(arXiv 2005.14165, appendix C).",
        version="6",
    ),
    Rule(
        "gpt3_measure",
        "The row shares an N-gram, N being the 5th percentile of the held-out texts' lengths in words, from 8 to 13 "
        "(GPT-3, arXiv 2005.14165, appendix C).",
        version="5",
    ),
    Rule(
        "palm",
        "At least 70% of a held-out text's 8-grams stand in the train set, some of them in this row (PaLM, arXiv "
        "2204.02311).",
        version="5",
    ),
    Rule(
        "gpt4_substring",
        "One of three random stretches of 50 characters of a held-out text, letters and digits alone, stands in the row, or all "
        "of a shorter text, from `gpt4_floor` characters on (GPT-4, arXiv 2303.08774).",
        version="5",
    ),
    Rule(
        "llama2",
        "At least 20% of a held-out text's tokens lie in spans of more than 10 tokens, of which four may differ, that the "
        "train set shares, some of them with this row (Llama 2, arXiv 2307.09288, A.6).",
        version="3",
    ),
    Rule(
        "tulu3",
        "More than 50% of the words of a held-out text's user turns lie in 8-grams that it shares with the user turns of "
        "this row (Tülu 3, arXiv 2411.15124).",
        version="5",
    ),
    Rule(
        "s1_open_r1",
        "The row shares an 8-gram of lower-case words, punctuation kept (s1, arXiv 2501.19393; Open R1).",
        version="5",
    ),
    Rule(
        "deepseek_math",
        "The row shares a 10-gram, or holds a held-out text of 3 to 9 words as a whole (DeepSeekMath, arXiv 2402.03300).",
        version="5",
    ),
    Rule(
        "qwen2_math",
        "The row is identical with a held-out text, or shares a 13-gram and has a longest common subsequence of over 60% "
        "of the shorter of both (Qwen2-Math).",
        version="5",
    ),
    Rule(
        "dolma",
        "The row has a paragraph of at least 13 words that also stands in a held-out text (arXiv 2402.00159).",
        version="3",
    ),
    Rule(
        "olmo_decon",
        "A held-out question and, where they are compared, its answer and passage stand near each other in the row, "
        "weighted by rarity to 0.8 or more (allenai/decon).",
        version="4",
    ),
    Rule(
        "platypus",
        "The row's embedding has a cosine of at least 0.8 with a held-out text's (Platypus, arXiv 2308.07317).",
        version="4",
    ),
    Rule(
        "semantic",
        "The row says what a held-out text says, in other words: by the encoder and a second look at their words, or at the "
        "structure of code, the pair stands out as 1% of unrelated questions do (seatrial's own; calibrated on GSM8K).",
        version="6",
    ),
    Rule(
        UNREAD,
        "The encoder cannot read the row (another script, emoji alone), so `platypus` and `semantic` compare it with nothing.",
        "flag",
        fixed=True,
    ),
)


IN_VALIDATION = "found_in_validation"
"""The metric of what validation rows give away."""


def leakage(
    *,
    presets: list[PresetName] = ["exact", "image", "tulu3"],  # noqa: B006 - shown in the schema, never changed
    against: Mapping[str, Benchmark] = {},
    on: Literal["input", "all"] = "input",
    side: Literal["train", "test"] = "train",
    template: float = 0.01,
    short: bool = False,
    seed: int = 0,
    gpt4_floor: int = 20,
    tokenizer: CountsTokens | None,
    tiktoken: str | None = None,
    encoder: Encoder | None,
    semantic_judge: Literal["second_look", "encoder"] = "second_look",
    semantic_threshold: float | None = None,
) -> SplitFilter:
    """Finds what train shares with the held-out rows (validation and test) and with the items of benchmarks.

    Validation rows are held against test rows and benchmarks by the same rules, since early stopping chooses by them: one that
    gives something away is found as a train row is, whatever `side` says, and how much they give away is a metric,
    `found_in_validation`.

    System turns are never compared. Each preset follows its source, and says in its file's first lines where the source
    is silent and what was chosen. Rules of words were made for English: in scripts without spaces three Han characters stand
    for two words, and three of Kana, Thai, Lao, Burmese or Khmer for one, so that an 8-gram of Thai has 24 characters.

    Args:
        presets: the rules, each a rule of its own in the ledger: `exact`, `image`, and those of GPT-3 (two), PaLM, GPT-4, Llama 2,
            Tülu 3 (always on user turns), s1 and Open R1, DeepSeekMath, Qwen2-Math, Dolma, OLMo's decon and Platypus;
            and `semantic`, which finds paraphrases, but no translations (see `semantic_judge`).
            Of rows that show pictures `exact` compares words and pictures, `image` the pictures, and the others nothing.
            A text of one or two words is found by few of them: keep `exact`. `llama2` and `olmo_decon` read the model's
            tokens, `platypus` and `semantic` the encoder. Measured on BANKING77, 10,003 train against 3,080 test questions: `exact`
            25 train rows, `tulu3` 337, `deepseek_math` 510; on GSM8K, where nothing leaks, 0, 3 and 11 of 7,473.
        against: benchmarks whose items are looked for as well, by name: `{humaneval: {source: path:HumanEval.jsonl, text:
            prompt, id: task_id}}`. How many items of each are found is a metric, `<name>_contaminated` (and
            `_contaminated_share`), as it is for the held-out rows (`held_out_contaminated`), before anything is dropped.
        on: `input` compares what the model reads before it answers; `all` whole conversations. System turns are never compared.
        side: which row the finding is about, and so which is dropped: the `train` row, or the held-out (`test`) row. For a
            benchmark's item it is always the train row.
        template: an n-gram that stands in more than this share of the different held-out texts, and in more than ten of
            them, is the task's wording and no evidence, nor is one most of whose words are such wording; a text's own
            words are what shares are of. Without this, a task whose rows are all written to one pattern ("Which desk should
            answer this message: …") would lose its whole train set; GPT-3 had a rule like it for n-grams of more than ten
            documents. It bounds the work, too. 1.0 is each paper's rule to the letter. A pattern of fewer words than an
            n-gram is not recognised as one. Not for `exact`, `olmo_decon` (which weighs by rarity) and `platypus`.
        short: whether held-out texts too short for a rule's n-grams, but of at least three words (or tokens), are found where
            they stand in a row as a whole, as `deepseek_math` always does. The other papers leave them out.
        seed: draws the stretches of `gpt4_substring`.
        gpt4_floor: the fewest letters and digits of a held-out text that `gpt4_substring` looks for: a shorter one, such as
            `no`, stands in rows that have nothing to do with it. A Han character counts for three, one of Kana or Hangul for
            two. 1 is the paper's rule, which has no floor.
        tokenizer: the model's.
        tiktoken: a local file such as cl100k_base.tiktoken, whose tokens `olmo_decon` then counts in, as its authors do;
            the model's own tokens where nothing is said. Needs the library tiktoken.
        encoder: what `platypus` and `semantic` embed with, by name.
        semantic_judge: what decides about the candidates that the encoder finds for `semantic`: a `second_look` at their
            words, or at the structure of code; or the `encoder` alone, which is quicker and finds fewer.
        semantic_threshold: how far a pair must stand out to be found by `semantic`, up to 1; where nothing is said, 0.36 (0.42
            for the encoder alone), which 1% of GSM8K's train questions reach and 99% of its reworded test questions.
    """
    from seatrial_plugins.decontamination.presets import PresetOptions
    from seatrial_plugins.decontamination.split_comparison import SplitComparison

    options = PresetOptions(
        on, template, short, seed, gpt4_floor, tokenizer, tiktoken, encoder, semantic_judge, semantic_threshold
    )
    return SplitComparison(tuple(presets), dict(against), side, options)


def leakage_metrics(*, against: Mapping[str, Any], **_: Any) -> tuple[Metric, ...]:
    """How many of the held-out rows, and of each benchmark's items, any preset finds in train."""
    found = []
    for name in ("held_out", *against):
        what = "validation and test rows" if name == "held_out" else f"items of {name}"
        found += [
            Metric(f"{name}_contaminated", "", "exact", "lower", f"How many {what} the train rows gave away.", "rows"),
            Metric(
                f"{name}_contaminated_share",
                "",
                "exact",
                "lower",
                f"Which share of the {what} the train rows gave away.",
                limits=(0.0, 1.0),
            ),
        ]
    given_away = (
        "How many test rows, and items of benchmarks, the validation rows gave away: early stopping chooses by these."
    )
    return (*found, Metric(IN_VALIDATION, "", "exact", "lower", given_away, "rows"))


def counts_tokens(options: Mapping[str, Any]) -> bool:
    """Whether a preset reads the model's tokens."""
    return "llama2" in options["presets"] or ("olmo_decon" in options["presets"] and not options["tiktoken"])


def embeds(options: Mapping[str, Any]) -> bool:
    """Whether a preset embeds."""
    return "platypus" in options["presets"] or "semantic" in options["presets"]


@hookimpl
def seatrial_filters() -> Iterable[FilterComponent[Filter]]:
    """The filters that compare train with held-out rows: leakage, and coverage."""
    yield FilterComponent(
        "leakage",
        leakage,
        "Finds train rows that give away held-out ones or items of benchmarks.",
        uses={
            "against": Use("benchmarks"),
            "tokenizer": Use("tokenizer", when=counts_tokens),
            "encoder": Use("encoder", default="minilm", when=embeds),
        },
        metrics=leakage_metrics,
        rules=RULES,
        place="splits",
        version="6",  # words beside pictures are left to `exact` and `image`
        looks_for="train rows that give away test rows",
        libraries=("regex", "scikit-learn", "tiktoken"),
    )
