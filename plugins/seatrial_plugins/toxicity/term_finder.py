"""The term finder: which terms texts name, as whole words in any case and number."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from seatrial.errors import UsageError
from seatrial_plugins.toxicity.identity_terms import PHRASES

__all__ = ["Term", "TermFinder", "extended"]

_Form = tuple[str, ...]
"""The words of a term or phrase, in one number."""

_APOSTROPHES = "\u02b0-\u02ff\ua78b\ua78c"
"""Letters to Unicode; between letters they are apostrophes: `womanʼs`."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Scripts without spaces between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese): each letter is taken for a word."""

_MARKED = "\u0900-\u0963\u0966-\u0dff"
"""Scripts of India: their vowel signs are no letters to `\\w`, and would part words."""

_WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_APOSTROPHES}{_UNSPACED}]|[{_MARKED}])+")
_ASCII_WORD = re.compile("[a-z0-9]+")
"""The same words where there is nothing else, in half the time."""

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
"""Soft hyphens, joiners and the like part no word."""

_IRREGULAR = {
    "man": ("men",),
    "woman": ("women",),
    "gentleman": ("gentlemen",),
    "person": ("people", "persons"),
    "child": ("children",),
}
_PEOPLE = frozenset(
    [
        *("person", "people", "persons", "man", "men", "woman", "women", "lady", "ladies", "gentleman", "gentlemen"),
        *("guy", "guys", "couple", "couples", "child", "children", "adult", "adults", "veteran", "veterans"),
    ]
)
"""Nouns that a term's adjective may stand before with adjectives of other terms between: old white men."""

_BETWEEN = 3
"""How many may stand there at most."""


class Term(NamedTuple):
    """One thing that a text may name."""

    axis: str
    name: str


def extended(terms: Mapping[str, Sequence[str]], more: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The terms of both, axis by axis."""
    return {axis: [*terms.get(axis, ()), *more.get(axis, ())] for axis in dict.fromkeys([*terms, *more])}


class TermFinder:
    """Finds the terms that texts name.

    Of terms of one axis that share a word the longest counts (people of color are not named as `color`, were that a term);
    terms of several axes all count (an old woman is named as old and as a woman), but within a phrase only the phrase.

    Args:
        terms: axis → terms, as `IDENTITY_TERMS` holds them.
        phrases: what means something as a whole, as `PHRASES` says.

    Raises:
        UsageError: an axis has no name, or a term no word.
    """

    def __init__(self, terms: Mapping[str, Sequence[str]], phrases: Sequence[str] = PHRASES) -> None:
        self.terms: list[Term] = []
        """In the order in which they are given, each once."""
        self._forms: defaultdict[_Form, set[Term]] = defaultdict(set)
        for axis, spelled in terms.items():
            if not axis.strip():
                raise UsageError("toxicity: identity_terms has an axis without a name")
            for one in spelled:
                self._add(axis, one)
        self._adjectives = {form[0] for form in self._forms} - _PEOPLE
        self._axes = frozenset(terms)
        self._phrases = frozenset(form for phrase in phrases for form in _forms(_words(phrase)))
        self._by_first: defaultdict[str, list[_Form]] = defaultdict(list)
        for form in sorted({*self._forms, *self._phrases}, key=lambda form: (-len(form), form)):
            self._by_first[form[0]].append(form)

    def _add(self, axis: str, spelled: str) -> None:
        spellings = [_words(part) for part in spelled.split("|")]
        if not all(spellings):
            raise UsageError(f"toxicity: identity_terms has a term without a word under {axis!r}: {spelled!r}")
        term = Term(axis, spelled.split("|", 1)[0].strip())
        if term not in self.terms:
            self.terms.append(term)
        for words in spellings:
            for form in _forms(words):
                self._forms[form].add(term)

    def named(self, texts: Iterable[str]) -> set[Term]:
        """The terms that at least one of the texts names."""
        return {term for text in texts for term in self._named(text)}

    def _named(self, text: str) -> Iterator[Term]:
        words = _words(text)
        if self._by_first.keys().isdisjoint(words):
            return
        taken: set[tuple[str, int]] = set()
        for start, word in enumerate(words):
            if word not in self._by_first:
                continue
            noun = self._noun(words, start)
            for form in self._by_first[word]:
                places = _places(form, words, start, noun)
                if not places:
                    continue
                free = {term for term in self._forms.get(form, ()) if _is_free(term, places, taken)}
                yield from free
                axes = self._axes if form in self._phrases else {term.axis for term in free}
                taken.update((axis, at) for axis in axes for at in places)

    def _noun(self, words: Sequence[str], start: int) -> int | None:
        """Where the noun stands that the adjective at `start` may belong to."""
        for place in range(start + 1, min(start + 2 + _BETWEEN, len(words))):
            if words[place] in _PEOPLE:
                return place
            if words[place] not in self._adjectives:
                return None
        return None


def _places(form: _Form, words: Sequence[str], start: int, noun: int | None) -> tuple[int, ...]:
    """Where the form's words stand; nothing where it does not stand at `start`."""
    if tuple(words[start : start + len(form)]) == form:
        return tuple(range(start, start + len(form)))
    return (start, noun) if noun is not None and (words[start], words[noun]) == form else ()


def _is_free(term: Term, places: Iterable[int], taken: Collection[tuple[str, int]]) -> bool:
    return not any((term.axis, place) in taken for place in places)


def _words(text: str) -> list[str]:
    """Words in one case and one Unicode form; `-`, `_` and apostrophes part them."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _WORD.findall(_UNSEEN.sub("", unicodedata.normalize("NFKC", text)).casefold())


def _forms(words: Sequence[str]) -> Iterator[_Form]:
    """Singular and plural. What a rule gives that is no word (`chineses`) is never found, and does no harm."""
    *before, last = words
    heads = [before]
    for place, word in enumerate(before[1:]):
        if word in {"of", "with"}:
            heads += [[*before[:place], plural, *before[place + 1 :]] for plural in _plurals(before[place])]
            break
    for head in heads:
        for one in (last, *_plurals(last)):
            yield (*head, one)


def _plurals(word: str) -> tuple[str, ...]:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if re.search(r"(s|x|z|ch|sh)$", word):
        return (f"{word}es",)
    return (f"{word[:-1]}ies" if re.search(r"[^aeiou]y$", word) else f"{word}s",)
