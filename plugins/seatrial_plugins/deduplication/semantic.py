"""Semantic duplicates: rows that mean the same in other words, by the cosine of an encoder's vectors.

Encoders hardly see numbers: of 300 GSM8K questions with one of their numbers changed, all-MiniLM-L6-v2 puts 93% at 0.95 or
above (measured; median 0.987). So texts that hold other numbers in digits are not compared.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from seatrial import Finding, Grouping, Row
from seatrial.data.cosines import DIGITS, SLACK, pairwise_cosines
from seatrial.data.fingerprint import Part
from seatrial.data.normalise import normalise
from seatrial.errors import UsageError
from seatrial.model import Encoder
from seatrial_plugins.deduplication.clusters import Clusters
from seatrial_plugins.deduplication.columns import lists_of, matrix_of
from seatrial_plugins.deduplication.compared import Keep, answers_of, contexts_of, text_of, texts_in
from seatrial_plugins.deduplication.mixing import digest64, fold
from seatrial_plugins.deduplication.survivors import Survivors

__all__ = ["SemanticDuplicates"]

_BLOCK = 1_024
"""Texts that are placed at a time, against all that stay so far, …"""

_STANDING = 8_192
"""… so many of them at a time: 32 MB of similarities."""

_NEAREST = 64
"""Texts like a given one that are looked at; where there are more, they are of one kind anyway."""

_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")


@dataclass(frozen=True, slots=True)
class SemanticDuplicates:
    """Groups rows by the cosine of their vectors.

    `signatures` gives one record a row: `id`; `key` (uint64, equal for equal normalised texts); `answer` (uint64, the
    label or right choice, 0 for none); `context` (uint64, the system prompt and the numbers); `words`; `vector` (float32).

    Each text is compared with those that stay, in blocks, so time grows with texts × survivors and memory with the texts
    (1.5 KB each for 384 dimensions).
    """

    on: Part
    threshold: float
    keep: Keep
    largest: int
    encoder: Encoder

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise UsageError(f"semantic_duplicates: threshold must lie above 0 and at most at 1, not {self.threshold}")
        if self.largest < 1:
            raise UsageError(f"semantic_duplicates: largest must be at least 1, not {self.largest}")

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """What a batch of rows is compared by; batches are independent of each other."""
        texts = [text_of(row, self.on) for row in rows]
        compared = [normalise(text) for text in texts]
        contexts = fold(contexts_of(rows), np.fromiter(map(_numbers, compared), np.uint64, len(rows)))
        keys = np.fromiter(map(digest64, compared), np.uint64, len(rows))
        vectors = np.ascontiguousarray(self.encoder.encode(texts), dtype=np.float32)
        return pa.table(
            {
                "id": pa.array([row.id for row in rows], pa.string()),
                "key": pa.array(fold(keys, contexts), pa.uint64()),
                "answer": pa.array(answers_of(rows), pa.uint64()),
                "context": pa.array(contexts, pa.uint64()),
                "words": pa.array([len(text.split()) for text in compared], pa.uint32()),
                "vector": lists_of(vectors),
            }
        )

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """A finding for every row that a row which stays is like; clusters for the split."""
        texts = texts_in(signatures, self.keep)
        survivors = Survivors(signatures["answer"].to_numpy()[texts.first].tolist(), self.largest)
        vectors = matrix_of(signatures["vector"], texts.first)
        contexts = signatures["context"].to_numpy()[texts.first]
        links = [np.empty((0, 2), dtype=np.int64)]
        standing = np.empty(0, dtype=np.int64)
        for start in range(0, len(texts), _BLOCK):
            block = np.arange(start, min(start + _BLOCK, len(texts)))
            alike: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
            for others in [*np.array_split(standing, len(standing) // _STANDING + 1), block]:
                later, earlier, similarity = self._alike(block, others, vectors, contexts)
                links.append(np.stack((later, earlier), axis=1))
                for text, other, value in zip(later.tolist(), earlier.tolist(), similarity.tolist(), strict=True):
                    alike[text].append((other, value))
            for text in sorted(alike):
                survivors.place(text, alike[text])
            stay = [text not in survivors.gone for text in block.tolist()]
            standing = np.concatenate((standing, block[stay]))
        pairs = np.concatenate(links)
        grouping = Clusters(
            ids=signatures["id"],
            texts=texts,
            survivors=survivors,
            links=(pairs[:, 0], pairs[:, 1]),
            largest=self.largest,
            measure="cosine of the encoder's vectors",
            on=self.on,
        ).grouping(lookup)
        unread = texts.first[~vectors.any(axis=1)]
        return replace(grouping, findings=chain(grouping.findings, self._unread(signatures["id"], unread)))

    def _unread(self, ids: pa.ChunkedArray, rows: np.ndarray) -> Iterator[Finding]:
        scripts = ", ".join(getattr(self.encoder, "scripts", ()))
        reads = f" (the scripts that it reads are {scripts})" if scripts else ""
        for row in ids.take(pa.array(np.sort(rows), pa.int64())).to_pylist():
            yield Finding(row, "unread", f"the encoder cannot read it{reads}, so it is compared with no other text")

    def _alike(
        self, block: np.ndarray, others: np.ndarray, vectors: np.ndarray, contexts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Triples of a text of the block, an earlier one of the others that it is like, and their similarity."""
        similarity = np.minimum(vectors[block] @ vectors[others].T, 1.0)
        similarity[(contexts[block, None] != contexts[others]) | (block[:, None] <= others)] = -1.0
        found = similarity >= self.threshold - SLACK
        if found.sum(axis=1).max(initial=0) > _NEAREST:
            found &= similarity >= np.partition(similarity, -_NEAREST, axis=1)[:, [-_NEAREST]]
        at, by = np.nonzero(found)
        later, earlier = block[at], others[by]
        exact = np.minimum(np.round(pairwise_cosines(vectors[later], vectors[earlier]), DIGITS), 1.0)
        alike = exact >= self.threshold
        return later[alike], earlier[alike], exact[alike]


def _numbers(text: str) -> int:
    """The numbers of a text, in any order, as one."""
    return digest64(" ".join(sorted(_NUMBER.findall(text))))
