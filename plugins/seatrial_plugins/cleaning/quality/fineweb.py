"""FineWeb's own rules: Penedo et al. 2024 (arXiv 2406.17557), section 3.6; the newlines rule is datatrove's.

Unlike Gopher's, these thresholds count as broken: a text is found *at* them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seatrial import Rule
from seatrial_plugins.cleaning.quality.document import Document, Fault, copies, has_end_mark

__all__ = ["RULES", "FineWeb"]

RULES = (
    Rule("fineweb-end-marks", "At most `max_lines_with_end_mark` of the lines end with an end mark (FineWeb: 0.12)."),
    Rule(
        "fineweb-duplicate-lines",
        "At least `min_duplicated_characters` of the characters stand in lines that are copies (FineWeb: 0.1).",
    ),
    Rule(
        "fineweb-short-lines",
        "At least `min_short_lines` of the lines are shorter than `short_line` characters (FineWeb: 0.67, 30).",
    ),
    Rule("fineweb-newlines", "There are more than `max_newlines_per_word` line feeds a word (datatrove: 0.3)."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FineWeb:
    """The thresholds; each is described, with its source, where the suite's options are (`build_quality`)."""

    max_lines_with_end_mark: float
    min_duplicated_characters: float
    min_short_lines: float
    short_line: int
    max_newlines_per_word: float

    rules = frozenset(rule.name for rule in RULES)
    needs_spaces = frozenset({"fineweb-newlines"})
    """The rules that make sense only where words are written apart."""

    def faults(self, document: Document) -> Iterator[Fault]:
        """The rules that the document breaks; none where it has no line."""
        lines, count = document.lines, len(document.lines)
        if not count:
            return
        ended = sum(has_end_mark(line.text) for line in lines)
        if ended / count <= self.max_lines_with_end_mark:
            wanted = f"more than {self.max_lines_with_end_mark:g} of them wanted"
            yield Fault("fineweb-end-marks", ended / count, f"{ended} of {count} lines end with an end mark, {wanted}")
        found = copies(lines)
        copied = sum(len(line.text) for line in found) / sum(len(line.text) for line in lines)
        if copied >= self.min_duplicated_characters:
            wanted = f"less than {self.min_duplicated_characters:g} wanted"
            stretches = [(line.start, line.start + len(line.text)) for line in found]
            detail = f"{copied:.3f} of the characters stand in lines that are copies, {wanted}"
            yield Fault("fineweb-duplicate-lines", copied, detail, stretches)
        short = sum(len(line.text.strip()) < self.short_line for line in lines)
        if short / count >= self.min_short_lines:
            wanted = f"less than {self.min_short_lines:g} of them wanted"
            detail = f"{short} of {count} lines are shorter than {self.short_line} characters, {wanted}"
            yield Fault("fineweb-short-lines", short / count, detail)
        newlines = document.text.count("\n")
        if newlines / len(document.words) > self.max_newlines_per_word:
            wanted = f"at most {self.max_newlines_per_word:g} a word wanted"
            detail = f"{newlines} line feeds in {len(document.words)} words, {wanted}"
            yield Fault("fineweb-newlines", newlines / len(document.words), detail)
