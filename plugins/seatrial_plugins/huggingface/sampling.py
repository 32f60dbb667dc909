"""Sampling: the next token drawn from the model's distribution, by random numbers that belong to one answer alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

__all__ = ["Draw", "Drawn"]


@dataclass(frozen=True, slots=True)
class Draw:
    """How one answer is drawn."""

    temperature: float
    top_p: float
    """The smallest set of likeliest tokens with at least this probability is drawn from (nucleus sampling, Holtzman et al.,
    2020)."""
    key: tuple[int, ...]
    """What its random numbers hang on."""

    def uniforms(self, count: int) -> np.ndarray:
        """One number in [0, 1) for each token; the same wherever and beside whatever the answer is drawn."""
        said = hashlib.blake2b(repr(self.key).encode(), digest_size=16).digest()
        return np.random.default_rng(int.from_bytes(said, "big")).random(count)


class Drawn:
    """Leaves the drawn token alone to a greedy decoder (a logits processor).

    A decoder's own sampling takes its numbers from one generator for the whole batch: what a prompt is answered would hang on
    its neighbours.
    """

    def __init__(self, draws: Sequence[Draw], steps: int) -> None:
        self._draws = draws
        self._uniforms = torch.from_numpy(np.stack([draw.uniforms(steps) for draw in draws], 1))
        self._step = 0

    def __call__(self, _ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """Logits that are -inf but for one token a row."""
        steps = [self._step] * len(logits)
        self._step += 1
        tokens = self.pick(logits, range(len(logits)), steps)
        return torch.full_like(logits, -torch.inf).scatter_(-1, tokens[:, None], 0.0)

    def pick(self, logits: torch.Tensor, places: Sequence[int], steps: Sequence[int]) -> torch.Tensor:
        """The next token of each of these answers, of which so many tokens are written: [rows]."""
        device = logits.device
        temperature = torch.tensor([self._draws[place].temperature for place in places], device=device)
        top_p = torch.tensor([self._draws[place].top_p for place in places], device=device, dtype=torch.float64)
        ranked, tokens = (logits.float() / temperature[:, None]).sort(dim=-1, descending=True, stable=True)
        mass = ranked.softmax(-1).double().cumsum(-1)
        # As many tokens as it takes to reach `top_p`; the last of them closes the mass that is drawn from.
        last = (mass < top_p[:, None]).sum(-1, keepdim=True).clamp(max=mass.shape[-1] - 1)
        at = self._uniforms[list(steps), list(places)].to(device)[:, None] * mass.gather(-1, last)
        place = torch.minimum((mass <= at).sum(-1, keepdim=True), last)
        return tokens.gather(-1, place)[:, 0]
