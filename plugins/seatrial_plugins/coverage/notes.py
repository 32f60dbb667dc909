"""Notes: what is kept of each row, so that rows need not be read, embedded or counted again."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from seatrial import Row
from seatrial.model import CountsTokens, Encoder
from seatrial_plugins.coverage.languages import languages
from seatrial_plugins.coverage.texts import texts_of

__all__ = ["NoteTaker", "installed"]


@dataclass(frozen=True, slots=True)
class NoteTaker:
    """Notes of a batch of rows; batches are independent of each other.

    One record a row: `id`, `split`, `label`, `slice`, `draw` (uint64, a hash of the id), `characters`, and where they are
    asked for and can be had `tokens` (null where the tokenizer refuses), `language` and `vector`.
    """

    encoder: Encoder | None
    tokenizer: CountsTokens | None
    language: bool

    def take(self, rows: Sequence[Row], split: str | None = None) -> pa.Table:
        """The notes of some rows; `split` where they do not say theirs."""
        texts = texts_of(rows)
        columns = {
            "id": pa.array([row.id for row in rows], pa.string()),
            "split": pa.array([split or (row.split or "test") for row in rows], pa.string()),
            "label": pa.array([row.label for row in rows], pa.string()),
            "slice": pa.array([row.slice or None for row in rows], pa.string()),
            "draw": pa.array([_draw(row.id) for row in rows], pa.uint64()),
            "characters": pa.array([sum(len(turn.content) for turn in row.turns) for row in rows], pa.int64()),
        }
        if self.tokenizer is not None:
            columns["tokens"] = pa.array(_count_tokens(self.tokenizer, rows), pa.int64())
        if self.language:
            columns["language"] = pa.array(languages(texts), pa.string())
        if self.encoder is not None:
            columns["vector"] = _embedded(self.encoder, texts)
        return pa.table(columns)


def installed(packages: Collection[str]) -> bool:
    """Whether packages can be imported; none is."""
    return all(importlib.util.find_spec(name) is not None for name in packages)


def _draw(row: str) -> int:
    return int.from_bytes(hashlib.blake2b(row.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _count_tokens(tokenizer: CountsTokens, rows: Sequence[Row]) -> list[int | None]:
    said = [row for row in rows if row.turns]
    counts = dict(zip((row.id for row in said), _counted(tokenizer, said), strict=True))
    return [counts.get(row.id, 0) for row in rows]


def _counted(tokenizer: CountsTokens, rows: Sequence[Row]) -> list[int | None]:
    if not rows:
        return []
    try:
        return [*tokenizer.count_tokens([row.turns for row in rows], [row.tools for row in rows])]
    except Exception:  # noqa: BLE001 - a chat template may raise anything; one odd row must not stop the rest
        return [None] if len(rows) == 1 else [count for row in rows for count in _counted(tokenizer, [row])]


def _embedded(encoder: Encoder, texts: Sequence[str]) -> pa.FixedSizeListArray:
    # An empty batch has vectors too: that is how wide they are.
    different = list(dict.fromkeys(texts)) or [""]
    vectors = np.ascontiguousarray(encoder.encode(different))
    places = {text: place for place, text in enumerate(different)}
    of_rows = vectors[[places[text] for text in texts]]
    return pa.FixedSizeListArray.from_arrays(pa.array(of_rows.ravel()), vectors.shape[1])
