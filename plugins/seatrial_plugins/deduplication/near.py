"""Near duplicates: rows that share most of their wording. MinHash finds the pairs, exact Jaccard similarity decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa

from seatrial import Grouping, Row
from seatrial.data.fingerprint import Part
from seatrial.errors import UsageError
from seatrial_plugins.deduplication.buckets import candidate_pairs
from seatrial_plugins.deduplication.clusters import Clusters
from seatrial_plugins.deduplication.columns import lists_of, matrix_of
from seatrial_plugins.deduplication.compared import Keep, Texts, answers_of, contexts_of, text_of, texts_in
from seatrial_plugins.deduplication.jaccard import ShingleSets
from seatrial_plugins.deduplication.minhash import band_keys, banding
from seatrial_plugins.deduplication.mixing import mix
from seatrial_plugins.deduplication.shingles import shingle
from seatrial_plugins.deduplication.survivors import Survivors
from seatrial_plugins.deduplication.word_hashes import hash_words

__all__ = ["NearDuplicates"]


@dataclass(frozen=True, slots=True)
class _Edges:
    """Pairs of texts that are alike, ordered by the later one."""

    later: np.ndarray
    earlier: np.ndarray
    similarity: np.ndarray


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Groups rows by the Jaccard similarity of their shingles.

    `signatures` gives one record a row, some 4 bytes a word and 4 a band: `id`; `key` (uint64, equal for the same words);
    `answer` (uint64, the label or right choice, 0 for none); `words`; `bands` (uint32 keys); `shingles` (uint32 each).
    """

    on: Part
    threshold: float
    shingle: int
    permutations: int
    keep: Keep
    largest: int
    seed: int

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise UsageError(f"near_duplicates: threshold must lie above 0 and at most at 1, not {self.threshold}")
        for name, value in (("shingle", self.shingle), ("largest", self.largest)):
            if value < 1:
                raise UsageError(f"near_duplicates: {name} must be at least 1, not {value}")
        banding(self.threshold, self.permutations)

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """What a batch of rows is compared by; batches are independent of each other."""
        words = hash_words([text_of(row, self.on) for row in rows])
        shingles = shingle(words, self.shingle, contexts_of(rows))
        keys = band_keys(shingles, banding(self.threshold, self.permutations), self.seed)
        ends = np.concatenate(([0], np.cumsum(shingles.counts)))
        sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(mix(shingles.hashes))))[ends]
        return pa.table(
            {
                "id": pa.array([row.id for row in rows], pa.string()),
                "key": pa.array(np.diff(sums), pa.uint64()),
                "answer": pa.array(answers_of(rows), pa.uint64()),
                "words": pa.array(words.counts, pa.uint32()),
                "bands": lists_of(keys),
                "shingles": pa.LargeListArray.from_arrays(
                    ends, pa.array((shingles.hashes >> np.uint64(32)).astype(np.uint32))
                ),
            }
        )

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """A finding for every row that a row which stays is like; clusters for the split."""
        texts = texts_in(signatures, self.keep)
        edges = self._edges(signatures, texts)
        survivors = Survivors(signatures["answer"].to_numpy()[texts.first].tolist(), self.largest)
        pairs = zip(edges.later.tolist(), edges.earlier.tolist(), edges.similarity.tolist(), strict=True)
        for text, alike in groupby(pairs, itemgetter(0)):
            survivors.place(text, ((earlier, similarity) for _, earlier, similarity in alike))
        return Clusters(
            ids=signatures["id"],
            texts=texts,
            survivors=survivors,
            links=(edges.later, edges.earlier),
            largest=self.largest,
            measure=f"Jaccard similarity of {self.shingle}-word shingles",
            on=self.on,
        ).grouping(lookup)

    def _edges(self, signatures: pa.Table, texts: Texts) -> _Edges:
        """The candidate pairs that are as alike as the threshold asks."""
        keys = matrix_of(signatures["bands"], texts.first)
        sets = ShingleSets(signatures["shingles"])
        found = [_Edges(*(np.empty(0, dtype) for dtype in (np.int64, np.int64, np.float64)))]
        for later, earlier in candidate_pairs(keys):
            similarity = sets.similarities(texts.first[later], texts.first[earlier])
            alike = similarity >= self.threshold
            found.append(_Edges(later[alike], earlier[alike], similarity[alike]))
        later, earlier, similarity = (
            np.concatenate([getattr(edges, name) for edges in found]) for name in ("later", "earlier", "similarity")
        )
        # A pair may have come twice.
        _, once = np.unique(later << 32 | earlier, return_index=True)
        return _Edges(later[once], earlier[once], similarity[once])
