"""Process state: what an attack draws from and TextAttack looks at, one example's own while its attack runs."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator
from typing import Any, Self

__all__ = ["ProcessState", "example_seed"]


def example_seed(seed: int, row: str) -> int:
    """A seed of 32 bits for one row, the same whichever rows come before it."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{row}".encode(), digest_size=4).digest(), "big")


class ProcessState:
    """While the block runs, `random`, NumPy's and torch's CPU generator are seeded, and `<SPLIT>` is ordinary text.

    Afterwards, and while the block is paused, the process is as it was, so several examples can take turns. TextAttack
    joins columns with `<SPLIT>` and cuts perturbed texts there; it gets a separator that the text doesn't hold. CUDA's
    generators are left alone: no attack draws from them, and seeding them before their first use would leave that seed
    behind.
    """

    def __init__(self, seed: int, text: str) -> None:
        separator = "\ue000"
        while separator in text:
            separator += "\ue000"
        self._other: _State | None = None
        self._seed = seed
        self._separator = separator

    def __enter__(self) -> Self:
        import numpy as np
        import torch

        self._other = _State.now()
        random.seed(self._seed)
        np.random.seed(self._seed)  # noqa: NPY002  # TextAttack draws from it
        torch.default_generator.manual_seed(self._seed)
        _State.separate_with(self._separator)
        return self

    def __exit__(self, *_: object) -> None:
        self._exchange()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """While the inner block runs, the process is as it was outside."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def _exchange(self) -> None:
        assert self._other is not None
        now = _State.now()
        self._other.restore()
        self._other = now


class _State:
    """The state of the process at one moment."""

    def __init__(self, python: Any, numpy: Any, torch: Any, separator: str) -> None:
        self._python, self._numpy, self._torch, self._separator = python, numpy, torch, separator

    @classmethod
    def now(cls) -> Self:
        import numpy as np
        import torch
        from textattack.shared import AttackedText

        return cls(random.getstate(), np.random.get_state(), torch.get_rng_state(), AttackedText.SPLIT_TOKEN)  # noqa: NPY002  # TextAttack draws from it

    def restore(self) -> None:
        import numpy as np
        import torch

        random.setstate(self._python)
        np.random.set_state(self._numpy)  # noqa: NPY002  # see above
        torch.set_rng_state(self._torch)
        self.separate_with(self._separator)

    @staticmethod
    def separate_with(separator: str) -> None:
        from textattack.shared import AttackedText

        AttackedText.SPLIT_TOKEN = separator
