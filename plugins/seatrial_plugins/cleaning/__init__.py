"""Cleaning: what is no conversation, broken text, odd lengths, other languages, poor quality, labels that are odd or wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seatrial import FilterComponent, Rule, Use, hookimpl
from seatrial.data.filters import CorpusFilter, Filter, RowFilter
from seatrial.model import CountsTokens, Encoder
from seatrial_plugins.cleaning.passage import Read
from seatrial_plugins.cleaning.quality import RULES as QUALITY_RULES
from seatrial_plugins.cleaning.quality import build_quality

__all__ = [
    "build_label_errors",
    "build_labels",
    "build_language",
    "build_length",
    "build_quality",
    "build_schema",
    "build_unicode",
    "seatrial_filters",
]

SCHEMA_RULES = (
    Rule("no-turns", "The conversation has no turns."),
    Rule("unknown-role", "A turn is spoken by somebody other than system, user, assistant or tool."),
    Rule("misplaced-system", "A system turn stands elsewhere than first, or there is more than one."),
    Rule(
        "role-order",
        "After the system turn the user begins, and user and assistant take turns; a tool speaks only after the "
        "assistant or another tool.",
    ),
    Rule(
        "empty-turn",
        "A turn says nothing that can be seen (an assistant's turn that only calls a tool is fine).",
        version="2",
    ),
    Rule("empty-instruction", "An alpaca row has an input and no instruction."),
    Rule("repeated-turn", "Somebody (not a tool) says word for word what they said just before.", version="2"),
    Rule(
        "unanswered",
        "The conversation does not end with an answer of the assistant's (a task that comes with tests may do without).",
        version="2",
    ),
    Rule("untrained", "Every answer of the assistant's is marked as context only, by a weight of 0 or in another way."),
    Rule(
        "tool-call",
        "An assistant's tool call names no function, has arguments that are no JSON object, or an id that another has.",
    ),
    Rule(
        "tool-answer",
        "A tool's turn answers no open call: its id is none of the calls' ids, or the assistant has called nothing.",
        version="2",
    ),
    Rule("tool-unanswered", "Somebody speaks before a tool has answered the assistant's call.", "flag", version="2"),
    Rule(
        "placeholder",
        "A turn (or an alpaca row's input) stands in for a text that is missing, such as `<noinput>` or `N/A`.",
        "flag",
    ),
    Rule("echo", "The answer of an alpaca or prompt/completion row is its question, word for word.", "flag"),
    Rule("choice-answer", "The answer of a multiple-choice row is not one of its choices."),
    Rule("choice-copies", "A multiple-choice row offers the same choice twice."),
    Rule("empty-choice", "A choice of a multiple-choice row says nothing that can be seen."),
    Rule("choice-count", "A multiple-choice row offers fewer than two choices."),
    Rule("empty-label", "A labelled row has no label, or one that shows nothing."),
)

UNICODE_RULES = (
    Rule("mojibake", "UTF-8 that was decoded as something else, by ftfy's heuristic (`Ã©` for `é`).", "repair"),
    Rule("control", "Control characters other than tab and line ends, and terminal escape sequences.", "repair"),
    Rule(
        "invisible",
        "Zero-width characters, soft hyphens and tag characters that no script or emoji needs where they stand.",
        "repair",
        version="2",
    ),
    Rule(
        "bidi",
        "Bidirectional overrides, embeddings and isolates, which make a text look unlike what it says.",
        "repair",
    ),
    Rule(
        "line-ends", "Line ends other than a line feed (CR LF, CR, vertical tab, form feed, U+2028, U+2029).", "repair"
    ),
    Rule("composition", "Characters that Unicode's canonical composition (NFC) writes otherwise.", "repair"),
    Rule(
        "unrepairable",
        "A choice of a question that is not its answer has one of these faults, which repair does not reach: the answer, "
        "repaired, would stand out.",
        version="2",
    ),
    Rule("replacement-character", "U+FFFD: something was lost here before the text was written down.", "flag"),
)

LENGTH_RULES = (
    Rule("too-short", "The conversation has fewer characters than `min_characters`."),
    Rule("too-long", "The conversation has more characters than `max_characters`."),
    Rule(
        "too-many-tokens",
        "The conversation, in the model's chat template, has more tokens than `max_tokens`.",
        version="2",
    ),
    Rule(
        "uncountable",
        "The model's tokenizer or chat template refuses the conversation, so its tokens are not counted.",
        version="2",
    ),
    Rule(
        "truncated", "Training would cut off the end of the conversation, beyond `cut_at` tokens.", "flag", version="2"
    ),
    Rule(
        "answer-cut-off", "Training would cut off the whole last answer, beyond `cut_at` tokens.", "flag", version="2"
    ),
)

LABELS_RULES = (
    Rule("unknown", "The row's label is none of the `known` ones."),
    Rule("rare", "The row's label has fewer than `minimum` rows; held-out rows stay.", version="2"),
    Rule(
        "over-cap",
        "The row's label has more than `maximum` rows, and this is not one of those drawn to stay; held-out rows stay.",
        version="2",
    ),
)

LABEL_ERRORS_RULES = (
    Rule(
        "wrong-label",
        "A classifier that has not seen the row finds another label likelier: `times` as likely as the row's own, or the row is "
        "one of those that confident learning counts as errors.",
        "flag",
        version="3",
    ),
    Rule(
        "not-judged",
        "Whether the row's label is wrong cannot be told: it has too few rows, or none beside it, or the encoder cannot read the row.",
        "flag",
        version="2",
    ),
)

LANGUAGE_RULES = (
    Rule(
        "other-language",
        "Another language is likelier than those of `keep`, with a probability of `threshold` or more.",
    ),
    Rule(
        "undecided", "Another language is likelier than those of `keep`, with a probability below `threshold`.", "flag"
    ),
    Rule("no-language", "There is nothing to tell a language from: no letters, or no words of any.", "flag"),
)


def build_schema() -> RowFilter:
    """Checks that a row is a conversation that can be learnt from: known roles in order, nothing empty, an answer last."""
    from seatrial_plugins.cleaning.schema import Schema

    return Schema()


def build_unicode() -> RowFilter:
    """Repairs broken text: mojibake (ftfy), control and invisible characters, bidi controls, line ends, NFC.

    What is fine in code or in another script stays: HTML entities, curly quotes, Latin ligatures, full-width forms, and
    the joiners of Indic and Arabic scripts and of emoji. A question whose wrong choices are broken is dropped.
    """
    from seatrial_plugins.cleaning.unicode import Unicode

    return Unicode()


def _counts_tokens(options: Mapping[str, Any]) -> bool:
    """Whether `length` has a limit in tokens."""
    return options.get("max_tokens") is not None or options.get("cut_at") is not None


def build_length(
    *,
    min_characters: int = 1,
    max_characters: int | None = 100_000,
    max_tokens: int | None = None,
    cut_at: int | None = None,
    tokenizer: CountsTokens | None = None,
) -> RowFilter:
    """Drops conversations that are too short or too long, and flags those that training would cut.

    Args:
        min_characters: the fewest characters, all turns together.
        max_characters: the most; none where null.
        max_tokens: the most tokens, counted exactly as the model under test sees the conversation, chat template
            included; not counted where null, nor for rows that have too many characters already.
        cut_at: where training cuts a row, its `max_length`: longer rows are flagged, with what would be lost, before any
            GPU is touched; not counted for rows that have too many characters already. Null leaves it to training, which
            counts what it cuts, too.
        tokenizer: the model's; asked for only where tokens are counted.
    """
    from seatrial_plugins.cleaning.length import Length

    return Length(min_characters, max_characters, max_tokens, cut_at, tokenizer)


def build_labels(
    *, known: list[str] | None = None, minimum: int = 2, maximum: int | None = None, seed: int = 0
) -> CorpusFilter:
    """Drops the rows of labels that are unknown or have too few, and caps labels that have too many.

    Rows without a label stay, and rows that the suite holds out (`test:`, `validation:`) go only where their label is
    unknown. One text with several labels is found by the filter `duplicates`, as a conflict.

    Args:
        known: the labels that there are, as they are after `labels:` has renamed them; any label where null.
        minimum: the fewest rows of a label. Two is what it takes to stand in train and in test.
        maximum: the most; no cap where null.
        seed: draws which rows stay under the cap, by a hash of their content: the order of rows does not matter.
    """
    from seatrial_plugins.cleaning.labels import Labels

    return Labels(minimum, maximum, seed, None if known is None else frozenset(known))


def build_language(
    *,
    keep: list[str],
    read: Read = "all",
    threshold: float = 0.9,
    sure: float = 0.98,
    lingua: bool = True,
    characters: int = 2_000,
) -> RowFilter:
    """Drops rows in other languages than those to keep.

    py3langid is asked about every row, and lingua about those that it leaves in dispute; the mean of their probabilities
    then counts. A finding's score is the probability of the likeliest other language over the sum of that and of the
    languages to keep. Measured on 4,300 short messages of the chatterbot corpus (half of them under 20 letters), keeping
    one of 14 languages at a time: 0.8% of what is to be kept is dropped, and 97% of the rest found; py3langid alone
    drops 1.2%. Code between backticks and addresses are not read. Varieties count as the language that contains them: nb
    and nn as no, yue as zh.

    Args:
        keep: the languages that stay, as ISO 639-1 codes such as en and de.
        read: `all` is what user and assistant say, as one text; `input` what the user says; `answer` the last answer.
            System prompts, what tools say, and answers that are labels or choices are never read.
        threshold: the score from which on a row is in another language; from 0.5 on it is flagged as undecided.
        sure: lingua is asked where the score by py3langid alone is below this and above one less this. Asking it about
            every short text, too, cost seven times as much and found no more.
        lingua: false spares the 1 GB of memory and the 10 s of one core that lingua's models take once.
        characters: at most so many are read, a third each from the beginning, the middle and the end.
    """
    from seatrial_plugins.cleaning.language import Language
    from seatrial_plugins.cleaning.language_identifiers import by_lingua, by_py3langid, lingua_codes, py3langid_codes

    return Language(
        keep,
        first=by_py3langid,
        second=by_lingua if lingua else None,
        known=py3langid_codes(),
        known_to_second=lingua_codes() if lingua else (),
        read=read,
        threshold=threshold,
        sure=sure,
        characters=characters,
    )


def build_label_errors(
    *,
    encoder: Encoder,
    times: float | None = 12.0,
    c: float = 3.0,
    folds: int = 5,
    minimum: int = 5,
    seed: int = 0,
) -> CorpusFilter:
    """Finds rows whose label is probably wrong, by out-of-fold logistic regression over sentence vectors.

    A finding's score is the probability of the row's own label; its detail names the likelier one, and its matched row
    is the nearest row of that label. Rows without a label are left alone. What is found is to be looked at: a rare
    wording of the right label looks like an error, too.

    Args:
        encoder: the encoder's name.
        times: rows are found that confident learning counts as errors (cleanlab), and those of which another label is so many
            times as likely as their own; null for the former alone. Measured on 40 labels of BANKING77: of 3% of the labels,
            flipped at random, 99% are found (84% by the former alone); flipped to the nearest label, over 68% (60%); beside
            these some 0.6% of the rows, as many as of the set as it is.
        c: inverse strength of the L2 penalty.
        folds: the rows are judged in so many parts, each by what was learnt from the others.
        minimum: rows of labels with fewer than this are not judged, and not learnt from; nor are rows that the encoder cannot
            read.
        seed: draws the folds, by a hash of each row's content: the order of rows does not matter.
    """
    from seatrial_plugins.cleaning.label_errors import LabelErrors

    return LabelErrors(encoder, c, folds, minimum, seed, times)


@hookimpl
def seatrial_filters() -> Iterable[FilterComponent[Filter]]:
    """The cleaning filters."""
    yield FilterComponent(
        "schema",
        build_schema,
        "Checks that each row is a conversation with an answer.",
        rules=SCHEMA_RULES,
        looks_for="rows that are no conversation to learn from",
    )
    yield FilterComponent(
        "unicode",
        build_unicode,
        "Repairs mojibake, control and invisible characters.",
        rules=UNICODE_RULES,
        looks_for="broken and hidden characters",
        libraries=("ftfy",),
    )
    yield FilterComponent(
        "length",
        build_length,
        "Drops rows that are too short or too long, in characters or model tokens, and flags what training would cut.",
        uses={"tokenizer": Use("tokenizer", when=_counts_tokens)},
        rules=LENGTH_RULES,
        looks_for="rows that are cut at the token limit",
    )
    yield FilterComponent(
        "language",
        build_language,
        "Drops rows in other languages, by py3langid, and lingua where that leaves it in dispute.",
        rules=LANGUAGE_RULES,
        looks_for="other languages",
        libraries=("lingua-language-detector", "py3langid"),
    )
    yield FilterComponent(
        "quality",
        build_quality,
        "Drops texts that break the published rules of Gopher, C4 or FineWeb.",
        rules=QUALITY_RULES,
        looks_for="texts of poor quality",
    )
    yield FilterComponent(
        "labels",
        build_labels,
        "Drops unknown and rare labels, and caps frequent ones.",
        rules=LABELS_RULES,
        place="corpus",
    )
    yield FilterComponent(
        "label_errors",
        build_label_errors,
        "Flags labels that a classifier over the encoder's vectors finds wrong.",
        uses={"encoder": Use("encoder", default="minilm")},
        rules=LABEL_ERRORS_RULES,
        place="corpus",
        looks_for="wrong labels",
        libraries=("cleanlab", "scikit-learn"),
    )
