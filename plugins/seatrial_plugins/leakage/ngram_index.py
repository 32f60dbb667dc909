"""An inverted index: n-gram → the texts it stands in, and where. Looking a row up takes time linear in its length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["NgramIndex", "Shared", "template_limit"]

_Place = tuple[int, int]
"""A text, and the first word of an n-gram in it."""

TEMPLATE_TEXTS = 10
"""An n-gram in no more texts than this is never taken for a template (as in GPT-3's appendix C)."""


def template_limit(template: float, texts: int) -> int:
    """How many different texts an n-gram may stand in before it is the task's template."""
    return max(TEMPLATE_TEXTS, int(template * texts))


@dataclass(slots=True)
class Shared:
    """Words that lie in n-grams which a row and a text share."""

    in_row: set[int] = field(default_factory=set)
    in_text: set[int] = field(default_factory=set)


class NgramIndex:
    """All n-grams of some texts, but those that are the texts' common wording.

    An n-gram of more texts than `template_limit` allows is a template. It is left out, and so is every n-gram most of
    whose words lie in templates: nine words of the pattern and one more give nothing away either.
    """

    def __init__(self, texts: Sequence[Sequence[str]], n: int, template: float) -> None:
        self.n = n
        self._ids: dict[str, int] = {}
        places: defaultdict[tuple[int, ...], list[_Place]] = defaultdict(list)
        for index, text in enumerate(texts):
            coded = [self._ids.setdefault(word, len(self._ids)) for word in text]
            for place in range(len(coded) - n + 1):
                places[tuple(coded[place : place + n])].append((index, place))
        pattern = self._pattern(places.values(), template_limit(template, len(texts)))
        self._places: dict[tuple[int, ...], list[_Place]] = dict(places)
        if pattern:
            kept = {gram: [at for at in found if self._tells(at, pattern)] for gram, found in places.items()}
            self._places = {gram: found for gram, found in kept.items() if found}

    def _pattern(self, places: Iterable[list[_Place]], limit: int) -> dict[int, set[int]]:
        """Text → the words of it that lie in templates."""
        pattern: defaultdict[int, set[int]] = defaultdict(set)
        for found in places:
            if len(found) > limit and len({text for text, _ in found}) > limit:
                for text, start in found:
                    pattern[text].update(range(start, start + self.n))
        return pattern

    def _tells(self, at: _Place, pattern: Mapping[int, set[int]]) -> bool:
        text, start = at
        common = pattern.get(text)
        return not common or 2 * sum(place in common for place in range(start, start + self.n)) <= self.n

    def shared(self, words: Sequence[str]) -> dict[int, Shared]:
        """Text → the words that it and a row share; only texts that share an n-gram."""
        found: defaultdict[int, Shared] = defaultdict(Shared)
        for place, gram in self._grams(words):
            for text, start in self._places.get(gram, ()):
                shared = found[text]
                shared.in_row.update(range(place, place + self.n))
                shared.in_text.update(range(start, start + self.n))
        return found

    def _grams(self, words: Sequence[str]) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The n-grams whose words all stand in some text."""
        coded = [self._ids.get(word, -1) for word in words]
        known = 0
        for end, code in enumerate(coded, start=1):
            known = known + 1 if code >= 0 else 0
            if known >= self.n:
                yield end - self.n, tuple(coded[end - self.n : end])
