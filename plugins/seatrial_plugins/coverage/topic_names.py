"""Topic names: the words that set the rows of one topic apart from those of all others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from seatrial.data.normalise import spell

__all__ = ["name_topics", "terms"]

WORDS = 3
"""At most, of a name."""

READ = 2_000
"""Characters of a text whose words are counted."""

_LOOKED_AT = 6
"""Of the words that rank first, from which pairs of characters are joined."""

_PRIOR = 500.0
"""Rows that the prior weighs as much as; Monroe et al. take a size of this order. It decides how many rows a word must
stand in before it can name a topic."""

_LONGEST = 24
"""Characters of a word in a name."""

# Han and Hiragana (single characters after `spell`), Katakana, and the scripts of South-East Asia that put no space between
# words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
_PLACEHOLDER = re.compile(r"<\w+>")
_NUMBER = re.compile(r"[\d.,:/%^_-]+")


def terms(text: str) -> set[str]:
    """The words of a text that could name a topic; two neighbouring characters where a script puts no space between words.

    Pairs of characters are what search engines index such scripts by. Numbers and placeholders such as `<EMAIL_1>` name none.
    """
    found: set[str] = set()
    run = ""
    for word in (*spell(_PLACEHOLDER.sub(" ", text[:READ])), ""):
        unspaced = _UNSPACED.fullmatch(word)
        if unspaced:
            run += word
            continue
        if run:
            found.update(run[at : at + 2] for at in range(max(len(run) - 1, 1)))
            run = ""
        if len(word) > 1 and not _NUMBER.fullmatch(word) and not word.startswith("<"):
            found.add(word)
    return found


def name_topics(counts: Sequence[Counter[str]]) -> list[str]:
    """A name for each topic, from how many of its rows have each word; no two are equal.

    Words are ranked by the z-score of their log-odds against the other topics' rows, with all rows as an informative
    Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words", equations 16 and 22), which ranks down words of a row
    or two; times log(1 + topics / topics that have the word), as in class-based tf-idf (Grootendorst 2022, arXiv
    2203.05794), which ranks down words that stand everywhere without a list of them. One topic alone goes by how many rows
    have a word.
    """
    everywhere: Counter[str] = Counter()
    for count in counts:
        everywhere.update(count)
    said = sum(everywhere.values())
    names: list[str] = []
    spread = Counter(word for count in counts for word in count)
    for count in counts:
        ranked = _joined(islice(_ranked(count, everywhere, said, spread, len(counts)), _LOOKED_AT))
        names.append(", ".join(word[:_LONGEST] for word in ranked[:WORDS]) or "(no words)")
    return list(_numbered(names))


def _ranked(
    count: Mapping[str, int], everywhere: Mapping[str, int], said: int, spread: Mapping[str, int], topics: int
) -> Iterator[str]:
    words = sorted(count)  # equal scores go by the alphabet, not by the order of rows
    if not words:
        return
    here = np.array([count[word] for word in words], dtype=np.float64)
    total = np.array([everywhere[word] for word in words], dtype=np.float64)
    elsewhere = total - here
    score = here
    if elsewhere.any():  # beside no other topic every score would be of the prior alone
        prior = total / said * _PRIOR
        others_here = np.maximum(_PRIOR + here.sum() - here - prior, 1)  # all rows may have but one word
        others_elsewhere = np.maximum(_PRIOR + said - here.sum() - elsewhere - prior, 1)
        inside = np.log((here + prior) / others_here)
        outside = np.log((elsewhere + prior) / others_elsewhere)
        score = (inside - outside) / np.sqrt(1 / (here + prior) + 1 / (elsewhere + prior))
        score *= np.log1p(topics / np.array([spread[word] for word in words]))
    for at in np.argsort(-score, kind="stable"):
        yield words[at]


def _joined(words: Iterable[str]) -> list[str]:
    """The words, with pairs of characters that overlap joined: of 行卡 and 银行 becomes 银行卡."""
    found: list[str] = []
    for word in words:
        if not _UNSPACED.fullmatch(word):
            found.append(word)
            continue
        for place, known in enumerate(found):
            if _UNSPACED.fullmatch(known) and known[-1] == word[0]:
                found[place] = known + word[1:]
                break
            if _UNSPACED.fullmatch(known) and known[0] == word[-1]:
                found[place] = word[:-1] + known
                break
        else:
            found.append(word)
    return found


def _numbered(names: Sequence[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
