"""Identity terms: words that name groups of people, found as whole words in any case and number."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from seatrial.errors import UsageError

__all__ = ["IDENTITY_TERMS", "OURS", "VERSION", "Term", "TermFinder", "extended"]

VERSION = "1"
"""Of the list and of how its terms are found; raised whenever the same text could name another term."""

OURS = f"seatrial, version {VERSION}"
"""Whose list it is, for reports."""

IDENTITY_TERMS: Mapping[str, tuple[str, ...]] = {
    "religion": (
        *("muslim|moslem", "christian", "catholic", "protestant", "evangelical", "mormon", "jewish|jew", "hindu"),
        *("buddhist", "sikh", "taoist|daoist", "atheist"),
    ),
    "gender": (
        *("woman", "girl", "female", "man", "boy", "male", "transgender|trans|transsexual"),
        *("nonbinary|non binary|genderqueer|genderfluid", "intersex"),
    ),
    "sexual orientation": (
        *("gay", "lesbian", "bisexual", "homosexual", "queer", "lgbt|lgbtq|lgbtqi|lgbtqia", "asexual"),
        "heterosexual|straight person|straight people|straight man|straight woman|straight guy",
    ),
    "race or ethnicity": (
        *(
            "black",
            "white",
            "caucasian",
            "asian",
            "african american",
            "latino|latina|latinx|latine",
            "hispanic",
            "arab",
        ),
        *("native american|american indian", "indigenous", "aboriginal", "romani", "biracial|multiracial|mixed race"),
        "person of color|people of color|person of colour|people of colour",
    ),
    "nationality or region": (
        *("african", "american", "european", "middle eastern", "mexican", "canadian", "cuban", "puerto rican"),
        *("brazilian", "chinese", "japanese", "korean", "vietnamese", "filipino|filipina", "indian", "pakistani"),
        *("afghan", "iranian", "iraqi", "syrian", "israeli", "palestinian", "egyptian", "nigerian", "somali"),
        *("turkish|turk", "russian", "ukrainian", "german", "french", "irish", "italian"),
        *("immigrant|migrant", "refugee", "foreigner"),
    ),
    "disability": (
        *("deaf", "blind", "paralyzed|paralysed|paraplegic|quadriplegic", "autistic", "dyslexic", "epileptic"),
        *("schizophrenic", "mentally ill", "down syndrome|down s syndrome", "wheelchair user"),
        "disabled person|disabled people|disabled man|disabled woman|disabled child|handicapped",
        "person with a disability|people with disabilities|people with a disability",
    ),
    "age": (
        *("elderly", "senior citizen|pensioner|retiree", "middle aged", "millennial|millenial", "baby boomer|boomer"),
        *("teenager|teenage|teen|adolescent", "young person|young people|young man|young woman|youngster"),
        "old person|old people|older people|old man|old woman|old lady",
    ),
}
"""Axis → terms. A term is a word or a few, or several spellings of it between `|`, of which the first is its name.

Our own list. It names groups as they are named without contempt: slurs are left out, since a text that holds one may
well be toxic for it. Some of its words mean other things as well (white, blind, man), which blurs a rate and hides
nothing; those that mostly do (old, young, straight) stand in longer terms only. English; a suite brings other words.
"""

_WORD = re.compile(r"[^\W_]+")
_IRREGULAR = {"man": "men", "woman": "women", "person": "people", "child": "children", "lady": "ladies"}


class Term(NamedTuple):
    """One thing that a text may name."""

    axis: str
    name: str


def extended(terms: Mapping[str, Sequence[str]], more: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The terms of both, axis by axis."""
    return {axis: [*terms.get(axis, ()), *more.get(axis, ())] for axis in dict.fromkeys([*terms, *more])}


class TermFinder:
    """Finds the terms that texts name.

    Raises:
        UsageError: an axis has no name, or a term no word.
    """

    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        self.terms: list[Term] = []
        """In the order in which they are given, each once."""
        self._by_first: defaultdict[str, list[tuple[tuple[str, ...], set[Term]]]] = defaultdict(list)
        for axis, spelled in terms.items():
            if not axis.strip():
                raise UsageError("toxicity: identity_terms has an axis without a name")
            for one in spelled:
                self._add(axis, one)
        for found in self._by_first.values():
            found.sort(
                key=lambda form: -len(form[0])
            )  # the longest stands for itself: African American is not American

    def _add(self, axis: str, spelled: str) -> None:
        spellings = [_words(part) for part in spelled.split("|")]
        if not all(spellings):
            raise UsageError(f"toxicity: identity_terms has a term without a word under {axis!r}: {spelled!r}")
        term = Term(axis, spelled.split("|", 1)[0].strip())
        if term not in self.terms:
            self.terms.append(term)
        for words in spellings:
            for form in _forms(words):
                known = next((terms for found, terms in self._by_first[form[0]] if found == form), None)
                if known is None:
                    self._by_first[form[0]].append((form, {term}))
                else:
                    known.add(term)

    def named(self, texts: Iterable[str]) -> set[Term]:
        """The terms that at least one of the texts names."""
        return {term for text in texts for term in self._named(text)}

    def _named(self, text: str) -> Iterable[Term]:
        words = _words(text)
        place = 0
        while place < len(words):
            step = 1
            for form, terms in self._by_first.get(words[place], ()):
                if tuple(words[place : place + len(form)]) == form:
                    yield from terms
                    step = len(form)
                    break
            place += step


def _words(text: str) -> list[str]:
    """Words in one case and one Unicode form; `-`, `_` and apostrophes part them."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _forms(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Singular and plural. What a rule gives that is no word (`chineses`) is never found, and does no harm."""
    *before, last = words
    return [tuple(words), (*before, _plural(last))]


def _plural(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if re.search(r"(s|x|z|ch|sh)$", word):
        return f"{word}es"
    return f"{word[:-1]}ies" if re.search(r"[^aeiou]y$", word) else f"{word}s"
