"""Randomness of one example: seeded inside, and the process's generators as they were outside."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator

__all__ = ["example_seed", "seeded"]


def example_seed(seed: int, row: str) -> int:
    """A seed of 32 bits for one row, the same whichever rows come before it."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{row}".encode(), digest_size=4).digest(), "big")


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """While the block runs, `random`, NumPy's and torch's CPU generator are seeded; then they go on as before.

    CUDA's generators are left alone: no attack draws from them, and seeding them before their first use would leave
    that seed behind.
    """
    import numpy as np
    import torch

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002  # TextAttack draws from it
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # see above
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002  # see above
        torch.set_rng_state(states[2])
