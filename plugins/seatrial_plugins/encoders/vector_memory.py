"""Vector memory: the vectors of texts that were encoded before in this process.

In one run the same texts are asked for again and again: by filters, by the coverage of train and test, by a baseline.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["VectorMemory"]

BYTES = 32_000_000
"""Of vectors: 20,000 texts of 384 dimensions."""


class VectorMemory:
    """Remembers the vectors that were asked for last; of texts it keeps a digest alone."""

    def __init__(self, dimensions: int, most_bytes: int = BYTES) -> None:
        self._dimensions = dimensions
        self._most = most_bytes // (4 * dimensions)
        self._known: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def recall(self, texts: Sequence[str], encode: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
        """Vectors of shape [texts, dimensions]; `encode` gives those of the texts that are not known, each asked for once."""
        keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        vectors = np.empty((len(texts), self._dimensions), dtype=np.float32)
        fresh = dict(zip(new, encode(list(new.values())), strict=True)) if new else {}
        for place, key in enumerate(keys):
            found = fresh.get(key)
            if found is None:
                found = self._known[key]
                self._known.move_to_end(key)
            vectors[place] = found
        for key in list(fresh)[-self._most :]:
            self._known[key] = fresh[key].copy()  # a row of a batch's array would keep the whole array
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return vectors
