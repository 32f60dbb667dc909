"""Validation: the loss on held-out rows as training goes on, and when to stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from seatrial.runs.store import atomic_file, write_json
from seatrial_plugins.huggingface.runtime import Example
from seatrial_plugins.training.loss import Objective

__all__ = ["Evaluation", "History", "Remedied", "validation_losses"]


@torch.no_grad()
def validation_losses(
    network: Any,
    examples: Sequence[Example],
    objective: Objective,
    *,
    device: torch.device,
    passes: Callable[[Sequence[Example]], Sequence[Sequence[Example]]],
) -> list[float]:
    """Of each example its summed loss, so that it doesn't depend on how rows fall into batches.

    Sums are kept on the device; logits are dropped with each pass.
    """
    if not examples:
        return []
    training = network.training
    network.eval()
    batches = passes(examples)
    found = torch.cat([objective.of_rows(network, batch, device) for batch in batches]).tolist()
    network.train(training)
    order = [id(example) for batch in batches for example in batch]
    of = dict(zip(order, found, strict=True))
    return [of[id(example)] for example in examples]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the validation rows said after a step."""

    step: int
    loss: float
    """Mean over all supervised tokens of -ln p, or over what else the objective counts."""
    training: float
    """Mean training loss of the steps since the evaluation before."""


@dataclass(frozen=True, slots=True)
class Remedied:
    """That training overfit, and what was done."""

    step: int
    """After which it went back."""
    back_to: int
    """The step whose weights were taken."""
    rise: float
    """Of the validation loss, in nats: the lower bound by which it was found."""
    rate: float
    """By which the learning rate is multiplied from then on."""
    weight_decay: float
    """From then on."""


@dataclass
class History:
    """Every evaluation so far, and the trained weights of the best one; kept in each checkpoint."""

    evaluations: list[Evaluation] = field(default_factory=list)
    best: Mapping[str, torch.Tensor] | None = None
    best_rows: Sequence[float] = ()
    """Loss of each validation row at the best evaluation, summed over its tokens."""
    last_rows: Sequence[float] = ()
    """The same at the last one."""
    pending: Sequence[float] = ()
    """Training losses of the steps since then."""
    remedies: list[Remedied] = field(default_factory=list)

    @property
    def best_evaluation(self) -> Evaluation | None:
        """The one of the lowest loss; the first of equal ones."""
        return min(self.evaluations, key=lambda one: one.loss) if self.evaluations else None

    def add(self, evaluation: Evaluation, rows: Sequence[float], trained: Mapping[str, torch.Tensor] | None) -> None:
        """Note an evaluation; new best weights are copied, where any are given."""
        self.evaluations.append(evaluation)
        self.last_rows = rows
        if self.best_evaluation is evaluation:
            self.best_rows = rows
            if trained is not None:
                self.best = {name: tensor.detach().to("cpu", copy=True) for name, tensor in trained.items()}

    def exhausted(self, patience: int) -> bool:
        """Whether the last `patience` evaluations, since training went back if it did, brought nothing better."""
        best = self.best_evaluation
        since = max([best.step if best else 0, *(one.step for one in self.remedies)])
        return best is not None and sum(one.step > since for one in self.evaluations) >= patience

    def save(self, folder: Path) -> None:
        """Write it beside the checkpoint's other files."""
        from safetensors.torch import save_file

        said = [[one.step, one.loss, one.training] for one in self.evaluations]
        kept = {
            "evaluations": said,
            "best_rows": list(self.best_rows),
            "last_rows": list(self.last_rows),
            "pending": list(self.pending),
            "remedies": [asdict(one) for one in self.remedies],
        }
        write_json(folder / "validation.json", kept)
        if self.best is not None:
            with atomic_file(folder / "best.safetensors") as part:
                save_file(dict(self.best), str(part))

    @classmethod
    def load(cls, folder: Path) -> History:
        """What `save` wrote."""
        from safetensors.torch import load_file

        kept = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
        best = folder / "best.safetensors"
        return cls(
            [Evaluation(*one) for one in kept["evaluations"]],
            load_file(str(best)) if best.is_file() else None,
            kept["best_rows"],
            kept["last_rows"],
            kept["pending"],
            [Remedied(**one) for one in kept.get("remedies", ())],
        )
