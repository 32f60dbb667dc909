"""Clusters: the findings about the rows that go, and which rows the split keeps together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from seatrial import Finding, Grouping, Row
from seatrial.data.fingerprint import Part
from seatrial_plugins.deduplication.compared import Texts, text_of
from seatrial_plugins.deduplication.survivors import Alike, Survivors

__all__ = ["Clusters"]

QUOTED = 200
"""Characters of the matched row that a finding quotes."""

_PART = 10_000
"""Rows whose ids are held at a time."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """What came of comparing the texts of a table."""

    ids: pa.ChunkedArray
    """The rows' ids, in the table's order."""
    texts: Texts
    survivors: Survivors
    links: tuple[np.ndarray, np.ndarray]
    """Pairs of texts that are alike, whether or not one of them goes."""
    largest: int
    """Texts that a cluster may hold."""
    measure: str
    """What similarity means, to stand before a number."""
    on: Part

    def grouping(self, lookup: Callable[[str], Row]) -> Grouping:
        """A finding for every row that goes, and for every one that stays for a reason to be told."""
        stands = self._stands()
        joined, parted = self._joined(stands)
        return Grouping(self._findings(stands, parted, lookup), self._named(joined))

    def _stands(self) -> np.ndarray:
        """Text → the text that stands for it: its survivor, or itself."""
        stands = np.arange(len(self.texts))
        for text, survivor in self.survivors.gone.items():
            stands[text] = survivor.text
        return stands

    def _joined(self, stands: np.ndarray) -> tuple[np.ndarray, dict[int, int]]:
        """Text → the first text of its cluster for the split; and which survivors were parted, from how many texts.

        All texts that hang together by links are one cluster, so that no two that are alike are divided, though one of
        them links two that stay. Where too many hang together, each survivor's texts are a cluster of their own.
        """
        texts = len(self.texts)
        links = coo_matrix((np.ones(len(self.links[0]), dtype=np.int8), self.links), shape=(texts, texts))
        count, component = connected_components(links, directed=False)
        first = np.full(count, texts)
        np.minimum.at(first, component, np.arange(texts))
        sizes = np.bincount(component, minlength=count)[component]
        whole = sizes <= self.largest
        parted = np.flatnonzero(~whole & (stands == np.arange(texts)))
        return np.where(whole, first[component], stands), dict(
            zip(parted.tolist(), sizes[parted].tolist(), strict=True)
        )

    def _named(self, joined: np.ndarray) -> dict[str, str]:
        cluster = joined[self.texts.numbers]
        shared = np.bincount(cluster, minlength=1)[cluster] > 1
        rows = self._ids(self.texts.rows[shared])
        return dict(zip(rows, self._ids(self.texts.first[cluster[shared]]), strict=True))

    def _findings(
        self, stands: np.ndarray, parted: Mapping[int, int], lookup: Callable[[str], Row]
    ) -> Iterator[Finding]:
        quoted = _Quotes(lookup, self.on)
        survivor = stands[self.texts.numbers]
        counts = np.bincount(survivor, minlength=len(stands))
        gone = np.flatnonzero(self.texts.rows != self.texts.first[survivor])
        gone = gone[np.argsort(survivor[gone], kind="stable")]  # a survivor is looked up once for all its rows
        for part in np.array_split(gone, len(gone) // _PART + 1):
            names = zip(self._ids(self.texts.rows[part]), self._ids(self.texts.first[survivor[part]]), strict=True)
            numbers = zip(self.texts.numbers[part].tolist(), counts[survivor[part]].tolist(), strict=True)
            for (row, kept), (text, count) in zip(names, numbers, strict=True):
                alike = self.survivors.gone.get(text)
                similarity = 1.0 if alike is None else alike.similarity
                detail = f"like row {kept}, which stays for {count} rows: {self.measure} {similarity:.3f}"
                yield Finding(row, "copy", detail, similarity, matched_row=kept, matched_text=quoted(kept))
        yield from self._conflicts(quoted)
        yield from self._capped(parted, quoted)

    def _conflicts(self, quoted: _Quotes) -> Iterator[Finding]:
        for row, other, similarity in self._pairs(self.survivors.conflicts):
            detail = f"like row {other}, which names another answer: {self.measure} {similarity:.3f}"
            yield Finding(row, "conflict", detail, similarity, matched_row=other, matched_text=quoted(other))

    def _capped(self, parted: Mapping[int, int], quoted: _Quotes) -> Iterator[Finding]:
        for row, other, similarity in self._pairs(self.survivors.spared):
            detail = (
                f"like row {other}, which stays for {self.largest} texts already, so this one stays too: "
                f"{self.measure} {similarity:.3f}"
            )
            yield Finding(row, "capped", detail, similarity, matched_row=other, matched_text=quoted(other))
        alone = [text for text in parted if text not in self.survivors.spared]
        for row, text in zip(self._ids(self.texts.first[alone]), alone, strict=True):
            detail = (
                f"{parted[text]} texts hang together, each like the next, more than {self.largest}: "
                "the split keeps this one with those that it stays for only"
            )
            yield Finding(row, "capped", detail, score=parted[text])

    def _pairs(self, alike: Mapping[int, Alike]) -> Iterator[tuple[str, str, float]]:
        """The row of each text, the row of the text that it is like, and how much."""
        rows = self._ids(self.texts.first[list(alike)])
        others = self._ids(self.texts.first[[one.text for one in alike.values()]])
        return zip(rows, others, (one.similarity for one in alike.values()), strict=True)

    def _ids(self, places: np.ndarray) -> list[str]:
        return self.ids.take(pa.array(places, pa.int64())).to_pylist()


class _Quotes:
    """The first characters of what is compared of a row; the row asked for last is remembered."""

    def __init__(self, lookup: Callable[[str], Row], on: Part) -> None:
        self._lookup = lookup
        self._on: Part = on
        self._last = ("", "")

    def __call__(self, row: str) -> str:
        if row != self._last[0]:
            self._last = (row, text_of(self._lookup(row), self._on)[:QUOTED])
        return self._last[1]
