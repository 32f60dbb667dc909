"""Stacked adapters: the low-rank adapters of several trainings beside one frozen network, each on rows of its own.

A frozen product is the same for all rows, so the rows of all trainings go through it together; what an adapter adds is a
product of its training's rows alone, and these are one batched product (PLoRA, arXiv 2508.02932, calls this packing). Ranks are filled
up with zeros, and so is a layer that a training has no adapter on: where both matrices are zero, so is the gradient of
each, and they stay zero. Numbers of all layers lie in one matrix, a row a training, so that AdamW is a dozen operations
whatever the model; it is torch's own formula with a rate for each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

__all__ = ["Adapter", "Rates", "StackedAdapters", "UnevenError"]

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8
"""Of the Trainer's AdamW, as it comes."""


class UnevenError(Exception):
    """A layer reads other tokens than those that were laid out: adapters cannot be told apart there."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """Where one training begins."""

    matrices: Mapping[str, tuple[torch.Tensor, torch.Tensor]]
    """Layer → A [rank, in] and B [out, rank], float32."""
    scaling: float
    """What the product is multiplied by."""
    dropout: float


@dataclass(frozen=True, slots=True)
class Rates:
    """One optimizer step of one training."""

    rate: float
    decay: float
    step: int
    """From 1."""
    norm: float
    """That gradients are scaled down to; 0 leaves them."""


class _Beside(torch.nn.Module):
    """A frozen linear layer, and what the adapters of the stack add to it."""

    def __init__(self, base: torch.nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.down: torch.Tensor | None = None
        """[trainings, rank, in]"""
        self.up: torch.Tensor | None = None
        """[trainings, out, rank]"""
        self.keep: torch.Tensor | None = None
        """[trainings, 1, 1]: the share that dropout leaves; None where none drops."""
        self.tokens = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.base(x)
        if self.down is None or self.up is None:
            return output
        if x.numel() != self.tokens * x.shape[-1]:
            raise UnevenError
        trainings = len(self.down)
        given = x.reshape(trainings, -1, x.shape[-1])
        keep = self.keep if self.training else None
        if keep is not None:
            given = given * torch.empty_like(given).bernoulli_(keep)
        inner = torch.bmm(given, self.down.transpose(1, 2))
        if keep is not None:
            inner = inner / keep.to(inner.dtype)
        # In place: nothing reads a linear layer's output backwards.
        output.view(trainings, -1, output.shape[-1]).baddbmm_(inner, self.up.transpose(1, 2))
        return output


class StackedAdapters:
    """The adapters of some trainings, their AdamW, and the layers of a network that they stand beside.

    Args:
        network: frozen; its layers are replaced within `beside`.
        adapters: one for each training.
    """

    def __init__(self, network: Any, adapters: Sequence[Adapter]) -> None:
        self._network = network
        weight = next(network.parameters())
        self._dtype = weight.dtype
        names = {name for one in adapters for name in one.matrices}
        bases = {name: module for name, module in network.named_modules() if name in names}
        self._layers = {name: _Beside(base) for name, base in bases.items()}
        rank = max(len(down) for one in adapters for down, _ in one.matrices.values())
        self._shapes = [(rank, base.in_features) for base in bases.values()]
        self._downs = sum(rank * base.in_features for base in bases.values())
        self._shapes += [(base.out_features, rank) for base in bases.values()]
        self._sizes = [first * second for first, second in self._shapes]
        self._weights = torch.zeros(len(adapters), sum(self._sizes), device=weight.device)
        for row, one in enumerate(adapters):
            for matrix, place in zip(self._views(self._weights[row : row + 1]), self._places(bases), strict=True):
                name, which = place
                if name in one.matrices:
                    given = one.matrices[name][which]
                    matrix[0, : given.shape[0], : given.shape[1]].copy_(given)
        self._mean, self._square = torch.zeros_like(self._weights), torch.zeros_like(self._weights)
        self._scaling = torch.tensor([one.scaling for one in adapters], device=weight.device)[:, None]
        self._keep = torch.tensor([1 - one.dropout for one in adapters], device=weight.device)
        self._kept = [1 - one.dropout for one in adapters]
        self._leaves: list[torch.Tensor] = []

    @staticmethod
    def _places(bases: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
        for which in (0, 1):
            for name in bases:
                yield name, which

    def _views(self, numbers: torch.Tensor) -> list[torch.Tensor]:
        """Of a matrix [trainings, numbers] each layer's matrices: all As, then all Bs."""
        parts = numbers.split(self._sizes, dim=1)
        return [part.view(-1, *shape) for part, shape in zip(parts, self._shapes, strict=True)]

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Within the block, the network's layers add what the adapters say."""
        for name, layer in self._layers.items():
            _put(self._network, name, layer.train(self._network.training))
        try:
            yield
        finally:
            for name, layer in self._layers.items():
                _put(self._network, name, layer.base)

    # ---- passes ---------------------------------------------------------------------------------------------------

    def set(self, tokens: int, rows: Sequence[int] | None = None, *, trains: bool = True) -> None:
        """Have the layers work with the adapters as they are now.

        Args:
            tokens: of the next pass, all trainings' together.
            rows: the trainings whose tokens these are; None for all.
            trains: whether gradients are wanted.
        """
        with torch.no_grad():
            weights, scaling, keep = self._weights, self._scaling, self._keep
            if rows is not None:
                chosen = torch.tensor(rows, device=weights.device)
                weights, scaling, keep = weights[chosen], scaling[chosen], keep[chosen]
            downs, ups = weights[:, : self._downs], weights[:, self._downs :] * scaling
            self._leaves = [
                matrix.detach().requires_grad_(trains)
                for matrix in self._views(torch.cat([downs, ups], dim=1).to(self._dtype))
            ]
        drops = trains and min(self._kept if rows is None else [self._kept[row] for row in rows]) < 1
        half = len(self._layers)
        for place, layer in enumerate(self._layers.values()):
            layer.down, layer.up = self._leaves[place], self._leaves[half + place]
            layer.keep = keep[:, None, None] if drops else None
            layer.tokens = tokens

    def gradients(self) -> torch.Tensor:
        """Of the pass that was just run backward: float32 [trainings, numbers]."""
        found = [(torch.zeros_like(leaf) if leaf.grad is None else leaf.grad).flatten(1) for leaf in self._leaves]
        whole = torch.cat(found, dim=1).float()
        whole[:, self._downs :] *= self._scaling
        return whole

    # ---- the optimizer --------------------------------------------------------------------------------------------

    @torch.no_grad()
    def step(self, gradients: torch.Tensor, rates: Sequence[Rates]) -> torch.Tensor:
        """AdamW (Loshchilov & Hutter, arXiv 1711.05101) with a rate for each training; the gradients' norms."""
        told = [
            [
                one.rate,
                one.rate * one.decay,
                1 - _BETAS[0] ** one.step,
                1 - _BETAS[1] ** one.step,
                one.norm or torch.inf,
            ]
            for one in rates
        ]
        rate, decay, first, second, most = torch.tensor(told, device=gradients.device).t()[:, :, None]
        norms = gradients.norm(dim=1, keepdim=True)
        gradients = gradients * (most / (norms + 1e-6)).clamp(max=1.0)
        self._weights.mul_(1 - decay)
        self._mean.lerp_(gradients, 1 - _BETAS[0])
        self._square.mul_(_BETAS[1]).addcmul_(gradients, gradients, value=1 - _BETAS[1])
        spread = self._square.sqrt().div_(second.sqrt()).add_(_EPSILON)
        self._weights.sub_(self._mean.div(spread).mul_(rate / first))
        return norms[:, 0]

    def keep(self, rows: Sequence[int]) -> None:
        """Let go of all trainings but these."""
        chosen = torch.tensor(rows, dtype=torch.long, device=self._weights.device)
        for name in ("_weights", "_mean", "_square", "_scaling", "_keep"):
            setattr(self, name, getattr(self, name)[chosen])
        self._kept = [self._kept[row] for row in rows]

    def matrices(self, row: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """One training's adapter as it is now: layer → A and B, filled up to the largest rank."""
        found = self._views(self._weights[row : row + 1])
        half = len(self._layers)
        return {name: (found[place][0], found[half + place][0]) for place, name in enumerate(self._layers)}


def _put(network: Any, name: str, module: torch.nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, module)
