"""The rule of OLMo's decon: question, answer and passage of an item near each other, weighted by rarity (allenai/decon).

A train row's 5-grams of tokens are looked up at every tenth token. Where one is an item's, the match is followed to both
sides until eleven in a row miss, which makes a cluster; its score is the IDF-weighted share of the question's different
5-grams in it, together with how much of the answer stands behind it and of the passage before it. Small items need a
perfect match (`olmo_score`). Items of fewer than 20 tokens or 4 different words are not looked for, unless the suite says
`short: true`: then those of at least three tokens are found where all of their tokens stand in a row.

The question is an item's last user turn, the passage what stands before that, the answer its last turn, compared where
the suite says `on: all`. decon's tokens are those of cl100k; here they are those of the model under test, unless the
suite names a tiktoken file. decon goes on from the end of a cluster, by which it can miss an item inside another's
cluster; here each item is looked up at every tenth token of the row.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from seatrial import Row, Span
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.codes import Codes
from seatrial_plugins.decontamination.held_out import HeldOut, Items
from seatrial_plugins.decontamination.ngram_index import SHORTEST, NgramIndex
from seatrial_plugins.decontamination.olmo_score import Component, question_threshold, score, threshold
from seatrial_plugins.decontamination.olmo_text import cleaned, origins
from seatrial_plugins.decontamination.overlap import Found, Overlap, Overlaps
from seatrial_plugins.decontamination.pattern_index import PatternIndex, spread
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.texts import Runs, Side, compared_images, compared_text, compared_turns, merged
from seatrial_plugins.decontamination.units import Units

__all__ = ["OlmoDecon", "clusters"]

N = 5
EVERY = 10
MISSES = 11
FEWEST_TOKENS = 20
FEWEST_WORDS = 4
SHORT_ANSWER = 3
SHORT_ANSWER_WINDOW = 50
ANSWER_N = 3
ANSWER_WINDOW = 100
PASSAGE_N = 4
PASSAGE_WINDOW = 100
PASSAGE_MISSES = 2

_NEARLY = 1e-9
"""What rounding may take from a perfect score."""


Gram = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Cluster:
    """A stretch of a row that follows an item's question, in tokens."""

    start: int
    end: int
    grams: frozenset[int]
    """The question's 5-grams in it."""


class _Part:
    """An answer or a passage: its tokens, and how much each of its n-grams weighs."""

    def __init__(self, tokens: Sequence[int], n: int) -> None:
        self.tokens = tuple(tokens)
        self.n = n
        self._weights: Mapping[Gram, float] = dict.fromkeys(_grams(self.tokens, n), 1.0)

    @property
    def grams(self) -> Iterable[Gram]:
        """The different n-grams."""
        return self._weights.keys()

    def weigh(self, idf: Mapping[Gram, float]) -> None:
        """Let rare n-grams weigh more; where none is rarer than others, they all weigh the same."""
        weights = {gram: idf[gram] for gram in self._weights}
        if any(weights.values()):
            self._weights = weights

    def overlap(self, found: Iterable[Gram]) -> float:
        """The weighted share of the n-grams that were found."""
        total = math.fsum(self._weights.values())
        return math.fsum(self._weights[gram] for gram in set(found)) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class _Item:
    """One held-out item, cut up."""

    row: int
    """The first held-out row with it."""
    question: tuple[int, ...]
    answer: _Part | None
    passage: _Part | None

    @property
    def tokens(self) -> int:
        """Of all its parts."""
        return len(self.question) + sum(len(part.tokens) for part in (self.answer, self.passage) if part)


class OlmoDecon(RowByRow):
    """Looks 5-grams of tokens up, and weighs what stands around them."""

    name = "olmo_decon"

    def __init__(self, held_out: HeldOut, tokens: Units, on: Side, *, short: bool = False) -> None:
        super().__init__(on)
        self._tokens = tokens
        self._too_small: Counter[str] = Counter()
        alike: defaultdict[tuple[int, str, str, str], list[int]] = defaultdict(list)
        for row, group in enumerate(held_out.groups.tolist()):
            alike[group, *_parts(held_out.rows[row], on)].append(row)
        self._alike = {rows[0]: tuple(rows) for rows in alike.values()}
        wholes = [cleaned(" ".join(parts)) for _, *parts in alike]
        coded = tokens.learn(wholes)
        sizes = coded.lengths.tolist()
        known: list[tuple[int, tuple[str, ...]]] = []
        small: list[int] = []
        for text, ((group, *parts), rows) in enumerate(alike.items()):
            asked = bool(cleaned(parts[1]).strip())
            if asked and not self._is_small(wholes[text], sizes[text]):
                known.append((rows[0], tuple(parts)))
            elif asked and short and sizes[text] >= SHORTEST:
                small.append(text)
            else:
                self._too_small[held_out.names[group]] += len(rows)
        firsts = [rows[0] for rows in alike.values()]
        self._small_rows = frozenset(firsts[text] for text in small)
        self._small = _wholes(Codes.of([coded[text] for text in small]), [firsts[text] for text in small])
        self._items = self._cut(known)
        for part in ("answer", "passage"):
            parts_of = [found for item in self._items if (found := getattr(item, part)) is not None]
            idf = _idf((found.grams for found in parts_of), len(self._items))
            for found in parts_of:
                found.weigh(idf)
        self._index_questions()

    def _is_small(self, whole: str, size: int) -> bool:
        """Whether an item's text has too little in it to be looked for; white space alone is no token here."""
        if size < FEWEST_TOKENS or len(set(whole.split())) < FEWEST_WORDS:
            return True
        if size >= 2 * FEWEST_TOKENS:  # behind each token of white space there is one of something else
            return False
        return sum(bool(whole[start:end].strip()) for start, end in self._tokens.spans(whole)) < FEWEST_TOKENS

    def _cut(self, known: Sequence[tuple[int, tuple[str, ...]]]) -> list[_Item]:
        """Items from their first rows, and the texts of passage, question and answer."""
        coded = self._tokens.learn([cleaned(text) for _, parts in known for text in parts])
        items: list[_Item] = []
        for place, (row, parts) in enumerate(known):
            passage, question, answer = (
                coded[3 * place + part].tolist() if text.strip() else [] for part, text in enumerate(parts)
            )
            items.append(
                _Item(
                    row,
                    tuple(question),
                    _Part(answer, min(ANSWER_N, len(answer))) if answer else None,
                    _Part(passage, PASSAGE_N) if passage else None,
                )
            )
        return items

    def _index_questions(self) -> None:
        codes = Codes.of([item.question for item in self._items])
        counts = np.maximum(codes.lengths - N + 1, 0)
        items = np.repeat(np.arange(len(codes)), counts)
        starts = np.repeat(codes.starts[:-1] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        self._questions = PatternIndex(codes.codes, starts, np.full(len(starts), N))
        pairs = np.unique(self._questions.gram * max(1, len(codes)) + items)
        self._gram_items = pairs % max(1, len(codes))
        """The items of each gram, gram after gram."""
        grams = pairs // max(1, len(codes))
        frequency = np.bincount(grams, minlength=self._questions.grams)
        self._bounds = np.concatenate(([0], np.cumsum(frequency)))
        idf = np.log(len(codes) / frequency) if len(frequency) else np.empty(0)
        self._weights: list[dict[int, float]] = [{} for _ in self._items]
        """Item → its question's different grams and their weights."""
        for gram, item in zip(grams.tolist(), self._gram_items.tolist(), strict=True):
            self._weights[item][gram] = float(idf[gram])
        for weights in self._weights:
            if not any(weights.values()):
                weights.update(dict.fromkeys(weights, 1.0))
        self._totals = np.array([math.fsum(weights.values()) for weights in self._weights])
        self._needed = np.array([question_threshold(len(item.question)) for item in self._items]) - _NEARLY
        self._gram_weights = np.array(
            [self._weights[item][gram] for gram, item in zip(grams.tolist(), self._gram_items.tolist(), strict=True)]
        )
        """The weight of each of `_gram_items`."""

    # ---- rows -----------------------------------------------------------------------------------------------------

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The items whose best cluster in a row scores enough, and small ones that stand in it, where that is asked for."""
        rows = self._tokens.read([cleaned(text) for text in batch.texts(self.on)])
        return heapq.merge(self._near(rows), self._whole(rows), key=lambda overlap: overlap.row)

    def _whole(self, rows: Codes) -> Iterator[Overlap]:
        """Small items, all of whose tokens stand in a row."""
        for shared in self._small.shared(rows):
            yield Overlap(shared.row, self._small.items.rows[shared.item][0], 1.0, shared.in_row)

    def _near(self, rows: Codes) -> Iterator[Overlap]:
        """The items whose best cluster in a row scores enough."""
        for row, item, hits in self._candidates(rows):
            tokens = rows[row].tolist()
            if len(tokens) < 2 * N:
                continue
            judged = [self._judged(cluster, self._items[item], item, tokens) for cluster in clusters(hits, len(tokens))]
            best = max(judged, key=lambda one: one[0], default=(0.0, ()))
            if best[0] >= threshold(self._items[item].tokens) - _NEARLY:
                yield Overlap(row, self._items[item].row, best[0], best[1])

    def _candidates(self, rows: Codes) -> Iterator[tuple[int, int, dict[int, int]]]:
        """Rows and items that share enough 5-grams, wherever they stand; and where in the row each does."""
        places, grams = self._questions.find_grams(rows.codes)
        if not len(places):
            return
        row, items = rows.text_at(places), len(self._items)
        once = np.unique(row * self._questions.grams + grams)
        of, entries = spread(self._bounds, once % self._questions.grams)
        pairs = (once // self._questions.grams)[of] * items + self._gram_items[entries]
        different, inverse = np.unique(pairs, return_inverse=True)
        held = np.bincount(inverse, weights=self._gram_weights[entries])
        enough = different[held >= self._needed[different % items] * self._totals[different % items]]
        for pair in enough.tolist():
            of_row, item = divmod(pair, items)
            own = slice(*np.searchsorted(row, [of_row, of_row + 1]).tolist())
            stands = zip((places[own] - rows.starts[of_row]).tolist(), grams[own].tolist(), strict=True)
            yield of_row, item, {place: gram for place, gram in stands if gram in self._weights[item]}

    def _judged(self, cluster: _Cluster, item: _Item, index: int, tokens: Sequence[int]) -> tuple[float, Runs]:
        """The cluster's score, and the tokens of the row that make it; 0 where the question alone is too little."""
        weights = self._weights[index]
        overlap = math.fsum(weights[gram] for gram in cluster.grams) / float(self._totals[index])
        if overlap < self._needed[index]:
            return 0.0, ()
        question = Component(len(weights), overlap)
        runs = [(cluster.start, cluster.end)]
        answer = passage = None
        if item.answer:
            excess = max(0, cluster.end - cluster.start - len(item.question))
            answered, places = _answered(item.answer, tokens, cluster.end - excess)
            answer = Component(len(set(item.answer.tokens)), answered)
            runs += places
        if item.passage:
            passed, places = _passed(item.passage, tokens, cluster.start)
            passage = Component(0, passed)
            runs += places
        return score(question, answer, passage), merged(runs)

    # ---- evidence -------------------------------------------------------------------------------------------------

    def looked_for(self) -> Iterable[int]:
        """The items that are large enough, whose question has a 5-gram, and small ones where that is asked for."""
        large = (item.row for item, weights in zip(self._items, self._weights, strict=True) if weights)
        return chain(large, self._small_rows)

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows with the same parts."""
        return self._alike[item]

    def facts(self, overlaps: Overlaps) -> Mapping[str, object]:
        """How many held-out rows are too small to be looked for, by group."""
        del overlaps
        return {"too_small": dict(self._too_small)}

    def spans(self, row: Row, runs: Runs | None) -> tuple[Span, ...]:
        """From the tokens' places in the cleaned text."""
        if runs is None:
            return super().spans(row, None)
        text = compared_text(row, self.on)
        places, comes_from = self._tokens.spans(cleaned(text)), origins(text)
        return super().spans(
            row,
            tuple((comes_from[places[start][0]], comes_from[places[end - 1][1] - 1] + 1) for start, end in runs),
        )

    def says(self, found: Found) -> str:
        """The weighted score, or that a small item is all there."""
        if found.item in self._small_rows:
            return "stands in the row as a whole"
        return f"question, answer and passage score {found.score:.2f} near each other"


def _wholes(codes: Codes, rows: Sequence[int]) -> NgramIndex:
    """An index of texts as wholes, each of the held-out row of that number."""
    texts = len(codes)
    alone = tuple((row,) for row in rows)
    items = Items(codes, alone, np.zeros(texts, dtype=np.int64), np.array([texts]), np.ones(texts))
    return NgramIndex(items, codes.lengths + 1, 1.0, short=True)


def clusters(hits: Mapping[int, int], tokens: int) -> list[_Cluster]:
    """What grows around every tenth token where a 5-gram of the question stands.

    Args:
        hits: place of the row → the question's 5-gram there.
        tokens: how many the row has.
    """
    found: list[_Cluster] = []
    for seed in sorted(place for place in hits if place % EVERY == 0):
        if found and seed < found[-1].end - N + 1:
            continue
        grams = {hits[seed]}
        start = _followed(hits, grams, range(seed - 1, -1, -1), seed)
        last = _followed(hits, grams, range(seed + 1, tokens - N + 1), seed)
        found.append(_Cluster(start, last + N, frozenset(grams)))
    return found


def _followed(hits: Mapping[int, int], grams: set[int], way: range, seed: int) -> int:
    """The last place with a gram of the question before eleven misses in a row; a gram met again neither helps nor harms."""
    last, misses = seed, 0
    for place in way:
        gram = hits.get(place)
        if gram is None:
            misses += 1
            if misses == MISSES:
                break
            continue
        last = place
        if gram not in grams:
            grams.add(gram)
            misses = 0
    return last


def _answered(answer: _Part, tokens: Sequence[int], begin: int) -> tuple[float, Runs]:
    """How much of the answer stands in the window behind the question, and where."""
    if len(answer.tokens) <= SHORT_ANSWER:
        for place in range(begin, min(begin + SHORT_ANSWER_WINDOW, len(tokens) - len(answer.tokens) + 1)):
            if tuple(tokens[place : place + len(answer.tokens)]) == answer.tokens:
                return 1.0, ((place, place + len(answer.tokens)),)
        return 0.0, ()
    end = min(len(tokens), begin + max(ANSWER_WINDOW, 2 * len(answer.tokens)))
    wanted = set(answer.grams)
    places = [place for place in range(begin, end - answer.n + 1) if tuple(tokens[place : place + answer.n]) in wanted]
    overlap = answer.overlap(tuple(tokens[place : place + answer.n]) for place in places)
    return overlap, merged((place, place + answer.n) for place in places)


def _passed(passage: _Part, tokens: Sequence[int], end: int) -> tuple[float, Runs]:
    """How much of the passage stands in the window before the question, up to three misses in a row, and where."""
    begin = max(0, end - max(PASSAGE_WINDOW, 2 * len(passage.tokens)))
    wanted = set(passage.grams)
    places: list[int] = []
    misses = 0
    for place in range(end - passage.n, begin - 1, -1):
        if tuple(tokens[place : place + passage.n]) in wanted:
            places.append(place)
            misses = 0
        elif places:
            misses += 1
            if misses > PASSAGE_MISSES:
                break
    overlap = passage.overlap(tuple(tokens[place : place + passage.n]) for place in places)
    return overlap, merged((place, place + passage.n) for place in places)


def _parts(row: Row, on: Side) -> tuple[str, str, str]:
    """Passage, question and answer of a row; "" for what it doesn't have."""
    turns = [row.turns[index] for index in compared_turns(row, "input")]
    asked = max((place for place, turn in enumerate(turns) if turn.role == "user"), default=None)
    if asked is None or compared_images(row, "input"):
        return "", "", ""
    answer = row.target or "" if on == "all" else ""
    return "\n".join(turn.content for turn in turns[:asked]), turns[asked].content, answer


def _grams(tokens: Sequence[int], n: int) -> list[Gram]:
    return [tuple(tokens[place : place + n]) for place in range(len(tokens) - n + 1)]


def _idf(parts: Iterable[Iterable[Gram]], items: int) -> dict[Gram, float]:
    """ln(items / how many of the parts have it), for each n-gram."""
    frequency = Counter(gram for grams in parts for gram in grams)
    return {gram: math.log(items / count) for gram, count in frequency.items()}
