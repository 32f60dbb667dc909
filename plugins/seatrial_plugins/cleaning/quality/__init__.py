"""Quality: the published rules by which web text was filtered for Gopher, C4 and FineWeb, one file a family."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial import Rule
from seatrial.data.filters import RowFilter
from seatrial.errors import UsageError, did_you_mean
from seatrial_plugins.cleaning.passage import Read
from seatrial_plugins.cleaning.quality import c4, fineweb, gopher, gopher_repetition

__all__ = ["RULES", "build_quality"]

_NOT_JUDGED = Rule(
    "not-judged", "The text is written without spaces between words, so rules about words are left out.", "flag"
)
_FAMILIES = {
    "gopher": (*gopher.RULES, *gopher_repetition.RULES),
    "c4": c4.RULES,
    "fineweb": fineweb.RULES,
}
"""Preset → its rules."""

RULES = (*(rule for rules in _FAMILIES.values() for rule in rules), _NOT_JUDGED)
"""Every rule of the filter."""


def build_quality(
    *,
    rules: list[str] = ["gopher", "c4", "fineweb"],  # noqa: B006 - shown in the schema, never changed
    read: Read = "all",
    min_words: int = 50,
    max_words: int = 100_000,
    min_mean_word_length: float = 3.0,
    max_mean_word_length: float = 10.0,
    max_symbols_per_word: float = 0.1,
    max_bullet_lines: float = 0.9,
    max_ellipsis_lines: float = 0.3,
    min_alphabetic_words: float = 0.8,
    min_stop_words: int = 2,
    stop_words: list[str] = list(gopher.STOP_WORDS),  # noqa: B006 - shown in the schema, never changed
    max_duplicate_lines: float = 0.3,
    max_duplicate_paragraphs: float = 0.3,
    max_duplicate_line_characters: float = 0.2,
    max_duplicate_paragraph_characters: float = 0.2,
    top_ngrams: list[float] = [0.2, 0.18, 0.16],  # noqa: B006 - shown in the schema, never changed
    duplicate_ngrams: list[float] = [0.15, 0.14, 0.13, 0.12, 0.11, 0.1],  # noqa: B006 - shown in the schema, never changed
    min_line_words: int = 5,
    min_sentences: int = 3,
    max_word_characters: int = 1_000,
    max_lines_with_end_mark: float = 0.12,
    min_duplicated_characters: float = 0.1,
    min_short_lines: float = 0.67,
    short_line: int = 30,
    max_newlines_per_word: float = 0.3,
) -> RowFilter:
    """Drops texts that the rules of Gopher, C4 and FineWeb would not have let into pre-training.

    The rules were made for web pages in English. Rows of one question and a short answer break many of them by being
    short: name single rules, or lower `min_words`, `min_sentences` and `max_lines_with_end_mark`. Where most letters
    belong to a script without spaces between words (Chinese, Japanese, Thai), rules about words are left out, and a flag
    says so. C4's rules about lines only flag; `action: {c4-no-end-mark: repair}` takes such lines out, as C4 does.

    Args:
        rules: presets (`gopher`, `c4`, `fineweb`) and names of single rules.
        read: `all` is what user and assistant say, as one text; `input` what the user says; `answer` the last answer.
            System prompts, what tools say, and answers that are labels or choices are never read.
        min_words: Gopher (arXiv 2112.11446, A.1.1): from 50 words.
        max_words: Gopher: to 100,000 words.
        min_mean_word_length: Gopher: words of 3 characters on average.
        max_mean_word_length: Gopher: to 10 characters.
        max_symbols_per_word: Gopher: a symbol-to-word ratio of at most 0.1, for hashes and for ellipses.
        max_bullet_lines: Gopher: at most 90% of the lines start with a bullet.
        max_ellipsis_lines: Gopher: at most 30% of the lines end with an ellipsis.
        min_alphabetic_words: Gopher: 80% of the words have a letter.
        min_stop_words: Gopher: two different ones of the stop words.
        stop_words: Gopher: the, be, to, of, and, that, have, with. Give another language's here.
        max_duplicate_lines: Gopher, table A1: 0.30 of the lines.
        max_duplicate_paragraphs: Gopher, table A1: 0.30 of the paragraphs.
        max_duplicate_line_characters: Gopher, table A1: 0.20 of the characters.
        max_duplicate_paragraph_characters: Gopher, table A1: 0.20 of the characters.
        top_ngrams: Gopher, table A1: 0.20, 0.18, 0.16 of the characters, for n-grams of 2, 3 and 4 words.
        duplicate_ngrams: Gopher, table A1: 0.15, 0.14, 0.13, 0.12, 0.11, 0.10, for n-grams of 5 to 10 words.
        min_line_words: C4 (JMLR 21, 20-074, 2.2): 5 words a line (3 in the first preprint).
        min_sentences: C4: 3 sentences a page (5 in the first preprint, and in datatrove).
        max_word_characters: C4's code (TensorFlow Datasets, c4_utils.py): 1,000; the paper does not say it.
        max_lines_with_end_mark: FineWeb (arXiv 2406.17557, 3.6): removed at 0.12 of the lines or fewer.
        min_duplicated_characters: FineWeb, 3.6: removed at 0.1 of the characters or more; its table 2 and datatrove
            have 0.01.
        min_short_lines: FineWeb, 3.6: removed at 0.67 of the lines or more.
        short_line: FineWeb: lines under 30 characters.
        max_newlines_per_word: datatrove's FineWebQualityFilter: removed over 0.3; the paper does not say it.
    """
    from seatrial_plugins.cleaning.quality.quality_filter import Quality

    wanted = _named(rules)
    families = (
        gopher.Gopher(
            min_words=min_words,
            max_words=max_words,
            min_mean_word_length=min_mean_word_length,
            max_mean_word_length=max_mean_word_length,
            max_symbols_per_word=max_symbols_per_word,
            max_bullet_lines=max_bullet_lines,
            max_ellipsis_lines=max_ellipsis_lines,
            min_alphabetic_words=min_alphabetic_words,
            min_stop_words=min_stop_words,
            stop_words=tuple(stop_words),
        ),
        gopher_repetition.GopherRepetition(
            max_duplicate_lines=max_duplicate_lines,
            max_duplicate_paragraphs=max_duplicate_paragraphs,
            max_duplicate_line_characters=max_duplicate_line_characters,
            max_duplicate_paragraph_characters=max_duplicate_paragraph_characters,
            top_ngrams=tuple(top_ngrams),
            duplicate_ngrams=tuple(duplicate_ngrams),
        ),
        c4.C4(min_line_words=min_line_words, min_sentences=min_sentences, max_word_characters=max_word_characters),
        fineweb.FineWeb(
            max_lines_with_end_mark=max_lines_with_end_mark,
            min_duplicated_characters=min_duplicated_characters,
            min_short_lines=min_short_lines,
            short_line=short_line,
            max_newlines_per_word=max_newlines_per_word,
        ),
    )
    # A family that checks its options is built whether or not its rules are asked for; only those asked for are run.
    asked = [family for family in families if not wanted.isdisjoint(family.rules)]
    return Quality(asked, wanted, c4.LINE_RULES, read)


def _named(names: Sequence[str]) -> frozenset[str]:
    """The rules that presets and names mean."""
    singles = {rule.name for rules in _FAMILIES.values() for rule in rules}
    found: set[str] = set()
    for name in names:
        if name in _FAMILIES:
            found |= {rule.name for rule in _FAMILIES[name]}
        elif name in singles:
            found.add(name)
        else:
            near = did_you_mean(name[:100], [*_FAMILIES, *sorted(singles)])
            raise UsageError(
                f"quality: there is no rule {name!r}{near}; `rules` takes gopher, c4, fineweb, and single rules' names"
            )
    if not found:
        raise UsageError("quality: rules is empty, so nothing could be found; name gopher, c4, fineweb or single rules")
    return frozenset(found)
