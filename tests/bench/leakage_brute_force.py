"""The published leakage rules once more, as plainly as they can be written: what the quick ones are held against.

Every train text is compared with every held-out text, by lists and sets of words, each rule in a function of its own that
shares nothing with the filter but the spelling of a word and the drawing of GPT-4's stretches. Templates are not left
out (`template: 1.0`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import regex

Tokenize = Callable[[str], list[int]]
Found = dict[tuple[int, int], float]
"""(train text, held-out text) → score."""


@dataclass(frozen=True)
class Texts:
    """Both sides, and how rules cut texts into units."""

    train: Sequence[str]
    items: Sequence[str]
    groups: Sequence[int]
    """The benchmark that each item is of."""
    words: Callable[[str], list[str]]
    unpunctuated: Callable[[str], list[str]]
    tokens: Tokenize
    decon_tokens: Tokenize
    """Of decon's cleaned text."""
    spoken: Callable[[str], int]
    """How many of those are more than white space."""
    stretches: Callable[[int], list[str]]
    """An item's stretches for GPT-4's rule, letters and digits alone."""


def grams(units: Sequence, n: int) -> list[tuple]:
    """All n-grams, in order."""
    return [tuple(units[place : place + n]) for place in range(len(units) - n + 1)]


def covered(units: Sequence, n: int, shared: set[tuple]) -> int:
    """How many units lie in n-grams that are shared."""
    inside = {place + step for place, gram in enumerate(grams(units, n)) if gram in shared for step in range(n)}
    return len(inside)


def pairs(texts: Texts) -> Iterable[tuple[int, int]]:
    """Every train text with every held-out one."""
    return ((row, item) for row in range(len(texts.train)) for item in range(len(texts.items)))


def any_gram(
    texts: Texts, cut: Callable[[str], list[str]], lengths: Sequence[int], shortest: int | None = None
) -> Found:
    """Any shared n-gram, n being each item's; the score is the share of the item's words in shared ones."""
    train, items = [cut(text) for text in texts.train], [cut(text) for text in texts.items]
    sizes = {
        item: len(items[item]) if shortest is not None and shortest <= len(items[item]) < n else n
        for item, n in enumerate(lengths)
    }
    of_row = {n: [set(grams(row, n)) for row in train] for n in set(sizes.values()) if n}
    of_item = [set(grams(items[item], n)) for item, n in sizes.items()]
    found: Found = {}
    for row, item in pairs(texts):
        shared = of_row[sizes[item]][row] & of_item[item]
        if shared:
            found[row, item] = covered(items[item], sizes[item], shared) / len(items[item])
    return found


def deepseek_math(texts: Texts) -> Found:
    """Any 10-gram, or 3 to 9 words as a whole."""
    return any_gram(texts, texts.words, [10] * len(texts.items), shortest=3)


def s1_open_r1(texts: Texts) -> Found:
    """Any 8-gram, punctuation kept."""
    return any_gram(texts, lambda text: text.lower().split(), [8] * len(texts.items))


def gpt3_measure(texts: Texts) -> Found:
    """Any N-gram, N by the 5th percentile of a benchmark's lengths."""
    lengths = [len(texts.unpunctuated(text)) for text in texts.items]
    of_group = {
        group: int(
            min(13, max(8, np.percentile([n for n, of in zip(lengths, texts.groups, strict=True) if of == group], 5)))
        )
        for group in set(texts.groups)
    }
    return any_gram(texts, texts.unpunctuated, [of_group[group] for group in texts.groups])


def tulu3(texts: Texts) -> Found:
    """More than half of the words in shared 8-grams."""
    return {pair: score for pair, score in any_gram(texts, texts.words, [8] * len(texts.items)).items() if score > 0.5}


def palm(texts: Texts) -> Found:
    """70% of an item's 8-grams in all of the train texts."""
    train = [set(grams(texts.words(text), 8)) for text in texts.train]
    whole = set().union(*train)
    found: Found = {}
    for item, text in enumerate(texts.items):
        own = grams(texts.words(text), 8)
        share = sum(gram in whole for gram in own) / len(own) if own else 0
        if share >= 0.7:
            found |= {(row, item): share for row in range(len(train)) if train[row] & set(own)}
    return found


def gpt3_filter(texts: Texts) -> Found:
    """13-grams that stand in at most ten train texts; the score is how often they stand in this one."""
    train = [grams(texts.unpunctuated(text), 13) for text in texts.train]
    documents = Counter(gram for row in train for gram in set(row))
    found: Found = {}
    items = [set(grams(texts.unpunctuated(text), 13)) for text in texts.items]
    for row, item in pairs(texts):
        count = sum(gram in items[item] and documents[gram] <= 10 for gram in train[row])
        if count:
            found[row, item] = count
    return found


def qwen2_math(texts: Texts) -> Found:
    """Equal, or a shared 13-gram and a longest common subsequence of over 60% of the shorter text."""
    train, items = [texts.words(text) for text in texts.train], [texts.words(text) for text in texts.items]
    of_row, of_item = [set(grams(row, 13)) for row in train], [set(grams(item, 13)) for item in items]
    found: Found = {}
    for row, item in pairs(texts):
        if train[row] and train[row] == items[item]:
            found[row, item] = 1.0
        elif of_row[row] & of_item[item]:
            ratio = subsequence(train[row], items[item]) / min(len(train[row]), len(items[item]))
            if ratio > 0.6:
                found[row, item] = ratio
    return found


def subsequence(first: Sequence, second: Sequence) -> int:
    """The longest common one's length, by the table."""
    before = [0] * (len(second) + 1)
    for one in first:
        now = [0]
        for place, other in enumerate(second):
            now.append(before[place] + 1 if one == other else max(now[place], before[place + 1]))
        before = now
    return before[-1]


def gpt4_substring(texts: Texts) -> Found:
    """How many of an item's stretches stand in the train text, letters and digits alone."""
    train = [regex.sub(r"[^\p{L}\p{M}\p{N}]", "", text) for text in texts.train]
    stretches = [texts.stretches(item) for item in range(len(texts.items))]
    counts = {(row, item): sum(stretch in train[row] for stretch in stretches[item]) for row, item in pairs(texts)}
    return {pair: count for pair, count in counts.items() if count}


def dolma(texts: Texts) -> Found:
    """Shared lines of 13 words by Unicode's boundaries."""
    found: Found = {}
    cut = regex.compile(r"\b", regex.V1 | regex.WORD)
    items = [
        {
            line
            for line in text.split("\n")
            if sum(bool(part.strip()) for part in cut.split(line)) >= 13 and any(map(str.isalnum, line))
        }
        for text in texts.items
    ]
    for row, item in pairs(texts):
        shared = items[item] & set(texts.train[row].split("\n"))
        if shared:
            found[row, item] = len(shared)
    return found


def llama2(texts: Texts) -> Found:
    """The share of tokens in spans of more than ten, of which four may differ, by trying every pair of places."""
    train, items = [texts.tokens(text) for text in texts.train], [texts.tokens(text) for text in texts.items]
    inside: dict[tuple[int, int], set[int]] = {}
    starts = [{gram: [] for gram in grams(item, 10)} for item in items]
    for item, tokens in enumerate(items):
        for place, gram in enumerate(grams(tokens, 10)):
            starts[item][gram].append(place)
    for row, item in pairs(texts):
        for place, gram in enumerate(grams(train[row], 10)):
            for other in starts[item].get(gram, ()):
                last, differing = 9, 0
                for step in range(10, min(len(train[row]) - place, len(items[item]) - other)):
                    if train[row][place + step] == items[item][other + step]:
                        last = step
                    elif (differing := differing + 1) > 4:
                        break
                if last >= 10:
                    inside.setdefault((row, item), set()).update(range(other, other + last + 1))
    shares = {
        item: len(set().union(*(places for (_, of), places in inside.items() if of == item))) / len(items[item])
        for _, item in inside
    }
    return {pair: shares[pair[1]] for pair in inside if shares[pair[1]] >= 0.2}


def olmo_decon(texts: Texts) -> Found:
    """Questions alone: the IDF-weighted share of 5-grams in the best cluster around a tenth token."""
    items = [texts.decon_tokens(text) for text in texts.items]
    known = [
        item
        for item in range(len(items))
        if texts.spoken(texts.items[item]) >= 20 and len(set(decon_words(texts.items[item]))) >= 4
    ]
    own = {item: set(grams(items[item], 5)) for item in known}
    frequency = Counter(gram for gram_set in own.values() for gram in gram_set)
    idf = {gram: math.log(len(known) / count) for gram, count in frequency.items()}
    found: Found = {}
    for row, text in enumerate(texts.train):
        tokens = texts.decon_tokens(text)
        places = grams(tokens, 5)
        sampled = set(places[::10])
        for item in known if len(tokens) >= 10 else ():
            if not sampled & own[item]:
                continue
            total = math.fsum(idf[gram] for gram in own[item])
            best = max(
                (
                    math.fsum(idf[gram] for gram in cluster(places, own[item], seed)) / total
                    for seed in range(0, len(places), 10)
                    if places[seed] in own[item]
                ),
                default=0.0,
            )
            size = len(items[item])
            needed = 1.0 if size <= 20 else 0.8 if size >= 50 else 1.0 - 0.2 * (size - 20) / 30
            if best >= needed - 1e-9:
                found[row, item] = best
    return found


def cluster(places: Sequence[tuple], own: set[tuple], seed: int) -> set[tuple]:
    """The item's 5-grams around one of the row's, up to eleven misses in a row on either side."""
    met = {places[seed]}
    for way in (range(seed - 1, -1, -1), range(seed + 1, len(places))):
        misses = 0
        for place in way:
            if places[place] not in own:
                misses += 1
                if misses >= 11:
                    break
            elif places[place] not in met:
                met.add(places[place])
                misses = 0
    return met


@cache
def decon_words(text: str) -> tuple[str, ...]:
    """decon's text: lower case, its punctuation as spaces."""
    return tuple(re.sub(r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~“”‘’—]""", " ", text.lower()).split())


RULES: dict[str, Callable[[Texts], Found]] = {
    "gpt3_filter": gpt3_filter,
    "gpt3_measure": gpt3_measure,
    "palm": palm,
    "gpt4_substring": gpt4_substring,
    "llama2": llama2,
    "tulu3": tulu3,
    "s1_open_r1": s1_open_r1,
    "deepseek_math": deepseek_math,
    "qwen2_math": qwen2_math,
    "dolma": dolma,
    "olmo_decon": olmo_decon,
}
