"""Dolma's rule: a paragraph of 13 words or more that also stands in a held-out text (arXiv 2402.00159; configs/dolma-v1_6).

Paragraphs are what line breaks separate, compared as they are written. Words are those of Unicode's default word
boundaries (UAX #29, as Dolma's `uniseg` cuts them), white space aside, so punctuation marks count; a paragraph without
a letter or digit is left out. Dolma keeps the held-out paragraphs in a Bloom filter, which sometimes finds what isn't
there; here they are kept whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator

from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.ngram_index import SHORTEST, template_limit
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.texts import Runs, Side, compared_text

__all__ = ["Dolma", "count_words"]

WORDS = 13


def count_words(text: str) -> int:
    """The stretches between Unicode's default word boundaries, less those of white space."""
    import regex

    return sum(not part.isspace() for part in regex.split(r"\b", text, flags=regex.V1 | regex.WORD) if part)


class Dolma(RowByRow):
    """Looks each paragraph of a train row up among the held-out ones."""

    name = "dolma"

    def __init__(self, held_out: HeldOut, on: Side, template: float, *, short: bool = False) -> None:
        super().__init__(on)
        self._texts = [compared_text(row, on) for row in held_out.rows]
        alike: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        for row, (group, text) in enumerate(zip(held_out.groups.tolist(), self._texts, strict=True)):
            alike[group, text].append(row)
        self._alike = {rows[0]: tuple(rows) for rows in alike.values()}
        items: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        for (group, text), rows in alike.items():
            for paragraph in dict.fromkeys(text.split("\n")):
                if _counts(paragraph, SHORTEST if short and paragraph == text else WORDS):
                    items[group, paragraph].append(rows[0])
        texts = Counter(group for group, text in alike if text)
        self._items: defaultdict[str, list[int]] = defaultdict(list)
        for (group, paragraph), of_paragraph in items.items():
            if len(of_paragraph) <= template_limit(template, texts[group]):
                self._items[paragraph] += of_paragraph

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The held-out texts of which a row has a paragraph; the score is how many of the text's it has."""
        for row, text in enumerate(batch.texts(self.on)):
            found: defaultdict[int, set[str]] = defaultdict(set)
            for paragraph in text.split("\n"):
                for item in self._items.get(paragraph, ()):
                    found[item].add(paragraph)
            for item, paragraphs in sorted(found.items()):
                theirs = _places(self._texts[item], paragraphs)
                yield Overlap(row, item, len(paragraphs), _places(text, paragraphs), theirs)

    def looked_for(self) -> Iterable[int]:
        """The texts with a paragraph that is long enough."""
        return set().union(*self._items.values())

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with the same text."""
        return self._alike[item]

    def says(self, found: Found) -> str:
        """How many paragraphs."""
        return f"{found.score:.0f} of its paragraphs stand{'s' * (found.score == 1)} in the row"


def _counts(paragraph: str, words: int) -> bool:
    return any(map(str.isalnum, paragraph)) and count_words(paragraph) >= words


def _places(text: str, paragraphs: Container[str]) -> Runs:
    """Where those paragraphs stand in a text, in characters."""
    runs: list[tuple[int, int]] = []
    begin = 0
    for paragraph in text.split("\n"):
        if paragraph in paragraphs:
            runs.append((begin, begin + len(paragraph)))
        begin += len(paragraph) + 1
    return tuple(runs)
