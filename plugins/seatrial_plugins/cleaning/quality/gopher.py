"""Gopher's quality rules: Rae et al. 2021 (arXiv 2112.11446), appendix A.1.1, "Quality Filtering"."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from seatrial import Rule
from seatrial.errors import UsageError
from seatrial_plugins.cleaning.quality.document import Document, Fault, share

__all__ = ["RULES", "STOP_WORDS", "Gopher"]

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""The paper's."""

RULES = (
    Rule("gopher-few-words", "The text has fewer words than `min_words` (Gopher: 50)."),
    Rule("gopher-many-words", "The text has more words than `max_words` (Gopher: 100,000)."),
    Rule(
        "gopher-word-length",
        "The words are on average shorter than `min_mean_word_length` or longer than `max_mean_word_length` characters "
        "(Gopher: 3, 10).",
    ),
    Rule("gopher-symbols", "There are more than `max_symbols_per_word` hashes, or ellipses, a word (Gopher: 0.1)."),
    Rule("gopher-bullets", "More than `max_bullet_lines` of the lines start with a bullet (Gopher: 0.9)."),
    Rule("gopher-ellipses", "More than `max_ellipsis_lines` of the lines end with an ellipsis (Gopher: 0.3)."),
    Rule("gopher-alphabetic", "Fewer than `min_alphabetic_words` of the words have a letter (Gopher: 0.8)."),
    Rule("gopher-stop-words", "Fewer than `min_stop_words` of the `stop_words` occur (Gopher: 2 of 8)."),
)

_BULLETS = ("•", "‣", "▪", "▫", "◦", "●", "○", "■", "□", "⁃", "·", "- ", "* ")
"""The paper names no characters; these are the bullets of Unicode and Markdown."""
_ELLIPSES = ("...", "…")
_AROUND_WORDS = ".,;:!?\"'()[]{}<>«»“”‘’…-–—*_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gopher:
    """The thresholds; each is described, with its source, where the suite's options are (`build_quality`)."""

    min_words: int
    max_words: int
    min_mean_word_length: float
    max_mean_word_length: float
    max_symbols_per_word: float
    max_bullet_lines: float
    max_ellipsis_lines: float
    min_alphabetic_words: float
    min_stop_words: int
    stop_words: Collection[str]

    rules = frozenset(rule.name for rule in RULES)
    needs_spaces = frozenset(
        {
            "gopher-few-words",
            "gopher-many-words",
            "gopher-word-length",
            "gopher-symbols",
            "gopher-alphabetic",
            "gopher-stop-words",
        }
    )
    """The rules that make sense only where words are written apart."""

    def __post_init__(self) -> None:
        if self.max_words < self.min_words:
            raise UsageError(f"quality: max_words ({self.max_words}) is below min_words ({self.min_words})")
        if self.max_mean_word_length < self.min_mean_word_length:
            raise UsageError(
                f"quality: max_mean_word_length ({self.max_mean_word_length}) is below min_mean_word_length "
                f"({self.min_mean_word_length})"
            )

    def faults(self, document: Document) -> Iterator[Fault]:
        """The rules that the document breaks. One without words only breaks the rule that it has too few."""
        yield from self._words(document)
        yield from self._lines(document)

    def _words(self, document: Document) -> Iterator[Fault]:
        words, count = document.words, len(document.words)
        if count < self.min_words:
            yield Fault("gopher-few-words", count, f"{count} words, at least {self.min_words} wanted")
        if count > self.max_words:
            yield Fault("gopher-many-words", count, f"{count} words, at most {self.max_words} wanted")
        if not count:
            return
        mean = sum(map(len, words)) / count
        if not self.min_mean_word_length <= mean <= self.max_mean_word_length:
            wanted = f"{self.min_mean_word_length:g} to {self.max_mean_word_length:g} wanted"
            yield Fault("gopher-word-length", mean, f"words of {mean:.2f} characters on average, {wanted}")
        symbols = {"hashes": document.text.count("#"), "ellipses": sum(map(document.text.count, _ELLIPSES))}
        name, most = max(symbols.items(), key=lambda item: item[1])
        if most / count > self.max_symbols_per_word:
            wanted = f"at most {self.max_symbols_per_word:g} a word wanted"
            yield Fault("gopher-symbols", most / count, f"{most} {name} in {count} words, {wanted}")
        alphabetic = sum(word.isalpha() or any(map(str.isalpha, word)) for word in words)
        if alphabetic / count < self.min_alphabetic_words:
            wanted = f"at least {self.min_alphabetic_words:g} of them wanted"
            yield Fault(
                "gopher-alphabetic", alphabetic / count, f"{alphabetic} of {count} words have a letter, {wanted}"
            )
        wanted_words = frozenset(map(str.lower, self.stop_words))
        found = wanted_words.intersection(word.strip(_AROUND_WORDS) for word in set(document.text.lower().split()))
        if len(found) < self.min_stop_words:
            wanted = f"at least {self.min_stop_words} different ones of {len(wanted_words)} wanted"
            yield Fault("gopher-stop-words", len(found), f"{len(found)} of the stop words, {wanted}")

    def _lines(self, document: Document) -> Iterator[Fault]:
        lines = [line.text.strip() for line in document.lines]
        # A bullet with nothing behind it has lost its blank.
        bullets = sum(f"{line} ".startswith(_BULLETS) for line in lines)
        if share(bullets, len(lines)) > self.max_bullet_lines:
            wanted = f"at most {self.max_bullet_lines:g} of them wanted"
            yield Fault(
                "gopher-bullets", bullets / len(lines), f"{bullets} of {len(lines)} lines start with a bullet, {wanted}"
            )
        ellipses = sum(line.endswith(_ELLIPSES) for line in lines)
        if share(ellipses, len(lines)) > self.max_ellipsis_lines:
            wanted = f"at most {self.max_ellipsis_lines:g} of them wanted"
            yield Fault(
                "gopher-ellipses",
                ellipses / len(lines),
                f"{ellipses} of {len(lines)} lines end with an ellipsis, {wanted}",
            )
