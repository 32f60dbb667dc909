"""Coverage: what train and test hold, by label, topic, length, language and slice, and what one has and the other lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from seatrial import Absent, FilterComponent, Metric, Rule, Use, hookimpl
from seatrial.data.filters import Filter, SplitFilter
from seatrial.model import CountsTokens, Encoder

__all__ = ["Dimension", "build_coverage", "counts_tokens", "coverage_metrics", "embeds", "seatrial_filters"]

Dimension = Literal["label", "slice", "topic", "language", "length", "tokens"]
"""What rows can be counted by."""

PLURALS: Mapping[Dimension, str] = {
    "label": "labels",
    "slice": "slices",
    "topic": "topics",
    "language": "languages",
    "length": "bands of characters",
    "tokens": "bands of tokens",
}

RULES = (
    Rule(
        "no-neighbour",
        "The cosine of a test row and its nearest train row, by the encoder's vectors, is below `threshold`.",
        "flag",
        version="3",
    ),
    Rule(
        "unread",
        "The encoder cannot read the test row (no text, another script, emoji alone), so nothing near it is looked for.",
        "flag",
    ),
    Rule(
        "unmatched",
        "Of the rows nearest to a test row, or to it and the test rows around it, hardly any stand in train, where most should: "
        "train lacks its kind.",
        "flag",
        version="5",
    ),
)


def build_coverage(
    *,
    dimensions: list[Dimension] = ["label", "slice", "topic", "language", "length", "tokens"],  # noqa: B006 - shown in the schema, never changed
    neighbours: bool = True,
    topics: int | None = None,
    threshold: float | None = None,
    thin: float = 0.2,
    expected: float = 5.0,
    sample: int = 10_000,
    pairs: int = 300_000_000,
    seed: int = 0,
    encoder: Encoder | Absent | None,
    tokenizer: CountsTokens | Absent | None,
) -> SplitFilter:
    """Counts what train, validation and test hold, and finds what test has and train lacks, or the reverse.

    Place it last: it sees the rows that the filters before it have left. It drops nothing. Topics, language, neighbours and
    diversity go by what the model reads, system turns left out; lengths by whole conversations. What cannot be had (no
    encoder installed, no model named) is left out, and the report says so; a gate on it does not pass.

    Args:
        dimensions: what rows are counted by. `topic` needs the encoder, `tokens` the model's tokenizer, `language`
            py3langid; a language that is less likely than 0.9 is `unsure`, as short texts often are.
        neighbours: whether to look for the rows that are nearest to each test row, with the encoder. One whose nearest train
            row is far has no neighbour. One whose nearest rows are test rows nearly all, where chance would give train rows
            (at most once in 1,000 rows), is of a kind that train lacks, however near they are. Measured on BANKING77: of kinds
            of 40 test rows all are found, of 30 seven in eight, of 20 four in five, of 15 two in three; a gate on
            `unmatched_kinds` fails where one is. Time grows with train × test (see `pairs`).
        topics: how many; where nothing is said, the square root of half the rows (Mardia, Kent and Bibby 1979), at most 100.
            They are found by k-means on the encoder's vectors, and named by the words that set each apart from the others
            (log-odds with a Dirichlet prior, Monroe et al. 2008).
        threshold: the cosine below which a test row has no neighbour; where nothing is said, 0.5, which suits
            all-MiniLM-L6-v2: of 500 BANKING77 test questions none lies below it.
        thin: a part whose share in a split is below this share of its share in the other is a gap as well as one that is
            not there at all, unless chance leaves so few rows of any part once in 100 times; 0 for the latter alone. Also
            the largest share of train rows among the nearest rows of a test row whose kind train lacks.
        expected: the fewest of a part's rows that would be expected in the split if both were alike, for a gap to count;
            below 5 (Cochran 1954) chance alone may leave none. A label or slice that is not there at all always counts. Where
            train or test has so few rows that no part could count, gaps are not told, and gates on them find them missing.
        sample: the most rows that topics are fitted on, drawn by a hash of their ids; all are then assigned.
        pairs: the most pairs of a test row and another row that `neighbours` compares: 300 million take some ten seconds of two
            cores. Where there are more, test rows are drawn by a hash of their ids; the report tells what was found among
            these, and gates on it find it missing, since a sample is not all rows.
        seed: of the topics' first centres.
        encoder: what turns texts into vectors, by name.
        tokenizer: the model's.
    """
    from seatrial_plugins.coverage.conclusion import Limits
    from seatrial_plugins.coverage.coverage_filter import Coverage

    return Coverage(
        dimensions=tuple(dimensions),
        neighbours=neighbours,
        limits=Limits(topics=topics, threshold=threshold, thin=thin, expected=expected, sample=sample, pairs=pairs),
        seed=seed,
        encoder=encoder,
        tokenizer=tokenizer,
    )


def coverage_metrics(*, dimensions: Sequence[Dimension], neighbours: bool, **_: Any) -> tuple[Metric, ...]:
    """Three of each dimension, and those of neighbours and diversity."""
    found: list[Metric] = []
    for name in dict.fromkeys(dimensions):
        what = PLURALS[name]
        found += [
            _count(
                f"{name}_gaps_in_train",
                f"How many {what} of test train has no row of, or far fewer."
                + (
                    " Topics are broader than kinds of rows: of these, see `unmatched_kinds`."
                    if name == "topic"
                    else ""
                ),
                what,
            ),
            _count(f"{name}_gaps_in_test", f"How many {what} of train test has no row of, or far fewer.", what),
            _share(
                f"{name}_divergence",
                f"Jensen-Shannon divergence of train and test by {name}, in bits: 0 alike, 1 nothing shared (Lin 1991).",
            ),
        ]
    embedded = embeds({"dimensions": dimensions, "neighbours": neighbours})
    if neighbours:
        found += [
            _count("no_neighbour", "Test rows whose nearest train row is below the threshold.", "rows"),
            _share("no_neighbour_share", "Their share of the test rows."),
            _count("unmatched_rows", "Test rows that stand among test rows alone.", "rows"),
            _count(
                "unmatched_kinds",
                "Groups of at least 4 such rows, of more than 1,000 test rows more (of 10,000 eleven): kinds of rows that train "
                "lacks. Of kinds of 30 test rows seven in eight are found, of 20 four in five, of 15 two in three.",
                "kinds",
            ),
        ]
    if neighbours and "topic" in dimensions:
        found.append(
            _count("topics_without_neighbour", "Topics none of whose test rows has a near train row.", "topics")
        )
    for split in ("train", "test"):
        found.append(
            _diversity(f"{split}_distinct", f"Share of different word pairs in {split} (distinct-2, Li et al. 2016).")
        )
        if embedded:
            found += [
                _diversity(
                    f"{split}_vendi",
                    f"Vendi score of {split}: its effective number of unlike rows (Friedman and Dieng 2023).",
                ),
                _share(f"{split}_similarity", f"Mean cosine of two rows of {split}.", -1.0),
            ]
    return tuple(found)


def _count(name: str, summary: str, unit: str) -> Metric:
    return Metric(name, "", "exact", "lower", summary, unit)


def _share(name: str, summary: str, least: float = 0.0) -> Metric:
    return Metric(name, "", "exact", "lower", summary, limits=(least, 1.0))


def _diversity(name: str, summary: str) -> Metric:
    return Metric(name, "", "exact", "higher", summary)


def embeds(options: Mapping[str, Any]) -> bool:
    """Whether anything is asked that vectors are needed for."""
    return "topic" in options["dimensions"] or bool(options["neighbours"])


def counts_tokens(options: Mapping[str, Any]) -> bool:
    """Whether lengths in tokens are asked for."""
    return "tokens" in options["dimensions"]


@hookimpl
def seatrial_filters() -> Iterable[FilterComponent[Filter]]:
    """The filters of this plugin."""
    yield FilterComponent(
        "coverage",
        build_coverage,
        "Counts train and test by label, topic, length, language and slice, and finds what one has and the other lacks.",
        uses={
            "encoder": Use("encoder", default="minilm", when=embeds, optional=True),
            "tokenizer": Use("tokenizer", when=counts_tokens, optional=True),
        },
        metrics=coverage_metrics,
        rules=RULES,
        place="splits",
        version="4",  # pairs of words, where `_` stands between two
        looks_for="kinds of rows that test has and train lacks",
        libraries=("py3langid", "scikit-learn"),
    )
