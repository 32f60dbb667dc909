"""Validation: the token-weighted loss on held-out rows, and when to stop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from seatrial.runs.store import atomic_file, write_json
from seatrial_plugins.huggingface.runtime import Example
from seatrial_plugins.training.loss import summed_loss
from seatrial_plugins.training.plan import split_batch

__all__ = ["History", "validation_loss"]


@torch.no_grad()
def validation_loss(
    network: Any, examples: Sequence[Example], *, packs: bool, device: torch.device, rows: int, tokens: int
) -> float:
    """The mean over all supervised tokens of -ln p, so that it doesn't depend on how rows fall into batches.

    Sums are kept on the device in float64; logits are dropped with each pass.
    """
    training = network.training
    network.eval()
    total = torch.zeros((), dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)
    for batch in split_batch(examples, rows=rows, tokens=tokens):
        total += summed_loss(network, batch, packs=packs, device=device)
    network.train(training)
    return float(total) / sum(len(example.targets) for example in examples)


@dataclass
class History:
    """Every evaluation so far, and the adapter of the best one; kept in each checkpoint."""

    losses: list[tuple[int, float]] = field(default_factory=list)
    """(step, validation loss), in order."""
    best: Mapping[str, torch.Tensor] | None = None

    @property
    def best_step(self) -> int | None:
        """The step of the lowest loss; the first of equal ones."""
        return min(self.losses, key=lambda entry: entry[1])[0] if self.losses else None

    def add(self, step: int, loss: float, adapter: Mapping[str, torch.Tensor]) -> None:
        """Note an evaluation; a new best adapter is copied."""
        self.losses.append((step, loss))
        if self.best_step == step:
            self.best = {name: tensor.detach().to("cpu", copy=True) for name, tensor in adapter.items()}

    def exhausted(self, patience: int) -> bool:
        """Whether the last `patience` evaluations brought nothing better."""
        if not self.losses:
            return False
        steps = [step for step, _ in self.losses]
        assert self.best_step is not None
        return len(steps) - 1 - steps.index(self.best_step) >= patience

    def save(self, folder: Path) -> None:
        """Write it beside the checkpoint's other files."""
        from safetensors.torch import save_file

        write_json(folder / "validation.json", self.losses)
        if self.best is not None:
            with atomic_file(folder / "best.safetensors") as part:
                save_file(dict(self.best), str(part))

    @classmethod
    def load(cls, folder: Path) -> History:
        """What `save` wrote."""
        from safetensors.torch import load_file

        losses = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
        best = folder / "best.safetensors"
        return cls([(step, loss) for step, loss in losses], load_file(str(best)) if best.is_file() else None)
