"""Gopher's repetition rules: Rae et al. 2021 (arXiv 2112.11446), appendix A.1.1, "Repetition Removal", table A1.

A copy is a line or paragraph that an earlier one says word for word; the first is none. The characters of n-grams are
those from the first word's first to the last word's last, blanks between them included, each counted once; of a
duplicate n-gram those of all occurrences but the first. All shares of characters are of the whole text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seatrial import Rule
from seatrial.errors import UsageError
from seatrial_plugins.cleaning.quality.document import Document, Fault, Line, copies, covered, share
from seatrial_plugins.cleaning.quality.ngrams import copies as ngram_copies
from seatrial_plugins.cleaning.quality.ngrams import most_frequent, repeated_ngrams

__all__ = ["RULES", "GopherRepetition"]

TOP = (2, 3, 4)
"""Lengths n of `top_ngrams`, in words."""

DUPLICATE = (5, 6, 7, 8, 9, 10)
"""Lengths n of `duplicate_ngrams`, in words."""

RULES = (
    Rule("gopher-duplicate-lines", "More than `max_duplicate_lines` of the lines are copies (Gopher: 0.30)."),
    Rule(
        "gopher-duplicate-paragraphs",
        "More than `max_duplicate_paragraphs` of the paragraphs are copies (Gopher: 0.30).",
    ),
    Rule(
        "gopher-duplicate-line-characters",
        "More than `max_duplicate_line_characters` of the characters stand in lines that are copies (Gopher: 0.20).",
    ),
    Rule(
        "gopher-duplicate-paragraph-characters",
        "More than `max_duplicate_paragraph_characters` of the characters stand in paragraphs that are copies "
        "(Gopher: 0.20).",
    ),
    *(
        Rule(
            f"gopher-top-{n}-gram",
            f"More than its entry of `top_ngrams` of the characters stand in the most frequent {n}-gram (Gopher: {most}).",
        )
        for n, most in zip(TOP, ("0.20", "0.18", "0.16"), strict=True)
    ),
    *(
        Rule(
            f"gopher-duplicate-{n}-grams",
            f"More than its entry of `duplicate_ngrams` of the characters stand in {n}-grams that occurred before "
            f"(Gopher: {most}).",
        )
        for n, most in zip(DUPLICATE, ("0.15", "0.14", "0.13", "0.12", "0.11", "0.10"), strict=True)
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GopherRepetition:
    """The thresholds; each is described, with its source, where the suite's options are (`build_quality`)."""

    max_duplicate_lines: float
    max_duplicate_paragraphs: float
    max_duplicate_line_characters: float
    max_duplicate_paragraph_characters: float
    top_ngrams: Sequence[float]
    duplicate_ngrams: Sequence[float]

    rules = frozenset(rule.name for rule in RULES)
    needs_spaces = frozenset(rule.name for rule in RULES if "gram" in rule.name)
    """The rules that make sense only where words are written apart."""

    def __post_init__(self) -> None:
        for name, given, lengths in (
            ("top_ngrams", self.top_ngrams, TOP),
            ("duplicate_ngrams", self.duplicate_ngrams, DUPLICATE),
        ):
            if len(given) != len(lengths):
                raise UsageError(
                    f"quality: {name} has {len(given)} shares, and it takes {len(lengths)}, for n-grams of {lengths[0]} to "
                    f"{lengths[-1]} words"
                )

    def faults(self, document: Document) -> Iterator[Fault]:
        """The rules that the document breaks."""
        for kind, parts, most, most_characters in (
            ("line", document.lines, self.max_duplicate_lines, self.max_duplicate_line_characters),
            ("paragraph", document.paragraphs, self.max_duplicate_paragraphs, self.max_duplicate_paragraph_characters),
        ):
            yield from _copied(document, kind, parts, most, most_characters)
        yield from self._ngrams(document)

    def _ngrams(self, document: Document) -> Iterator[Fault]:
        limits = dict(zip((*TOP, *DUPLICATE), (*self.top_ngrams, *self.duplicate_ngrams), strict=True))
        characters = len(document.text)
        for n, groups in repeated_ngrams(document.words, DUPLICATE[-1]):
            if n not in limits:
                continue
            count = max(map(len, groups)) if n in TOP else sum(len(group) - 1 for group in groups)
            # Most texts are far from the limit: no n-gram is longer than n of the longest words.
            if count * n * (document.longest_word + 1) <= limits[n] * characters:
                continue
            starts, ends = document.places
            if n in TOP:
                lengths = [ends[group[0] + n - 1] - starts[group[0]] for group in groups]
                places, what = most_frequent(groups, lengths), f"the most frequent {n}-gram"
            else:
                places, what = ngram_copies(groups), f"{n}-grams that occurred before"
            stretches = list(covered((starts[place], ends[place + n - 1]) for place in places))
            part = sum(end - start for start, end in stretches) / characters
            if part > limits[n]:
                name = f"gopher-top-{n}-gram" if n in TOP else f"gopher-duplicate-{n}-grams"
                detail = f"{part:.3f} of the characters stand in {what}, at most {limits[n]:g} wanted"
                yield Fault(name, part, detail, stretches)


def _copied(
    document: Document, kind: str, parts: Sequence[Line], most: float, most_characters: float
) -> Iterator[Fault]:
    found = copies(parts)
    stretches = [(part.start, part.start + len(part.text)) for part in found]
    if share(len(found), len(parts)) > most:
        detail = f"{len(found)} of {len(parts)} {kind}s are copies, at most {most:g} of them wanted"
        yield Fault(f"gopher-duplicate-{kind}s", len(found) / len(parts), detail, stretches)
    characters = share(sum(len(part.text) for part in found), len(document.text))
    if characters > most_characters:
        detail = (
            f"{characters:.3f} of the characters stand in {kind}s that are copies, at most {most_characters:g} wanted"
        )
        yield Fault(f"gopher-duplicate-{kind}-characters", characters, detail, stretches)
