"""The remedy for overfitting: back to the best weights, and on from there at a lower rate, with more weight decay, or both.

What AdamW has gathered of the way that led astray is forgotten; rows and schedule go on as planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from seatrial_plugins.training.options import OverfitRemedy
from seatrial_plugins.training.overfitting import Overfitting
from seatrial_plugins.training.validation import Remedied

__all__ = ["go_back", "said"]

_RATE = 0.3
_DECAY = 0.1
"""Beside what there was: AdamW's usual weight decay, where fine-tuning mostly has none."""


def go_back(
    remedy: OverfitRemedy,
    found: Overfitting,
    trained: Mapping[str, torch.Tensor],
    best: Mapping[str, torch.Tensor],
    optimizer: Any,
    schedule: Any,
) -> Remedied:
    """Put the best weights in place, and change the optimizer; both are part of every checkpoint from then on.

    Args:
        remedy: what is changed.
        found: the overfitting.
        trained: the weights as they are.
        best: the weights of the best evaluation.
        optimizer: torch's own.
        schedule: torch's own, of the optimizer's rate.
    """
    with torch.no_grad():
        for name, tensor in best.items():
            trained[name].copy_(tensor)
    optimizer.state.clear()
    rate = 1.0 if remedy.remedy == "more_decay" else _RATE
    schedule.base_lrs = [base * rate for base in schedule.base_lrs]
    for group in optimizer.param_groups:
        group["lr"] *= rate
        group["initial_lr"] = group.get("initial_lr", group["lr"]) * rate
    schedule._last_lr = [group["lr"] for group in optimizer.param_groups]  # noqa: SLF001  # what it tells of the next step
    decayed = optimizer.param_groups[0]  # biases and norms, which are never drawn to zero, come behind it
    if remedy.remedy != "lower_rate":
        decayed["weight_decay"] += _DECAY
    return Remedied(found.last.step, found.best.step, found.rise, rate, decayed["weight_decay"])


def said(remedied: Remedied) -> str:
    """What was done, in a sentence."""
    changes = [f"{remedied.rate:g} × the rate"] if remedied.rate != 1 else []
    changes += [f"a weight decay of {remedied.weight_decay:g}"] if remedied.weight_decay else []
    return (
        f"training overfit up to step {remedied.step} (the validation loss rose by more than {remedied.rise:.2g} nats), so it went "
        f"back to the weights of step {remedied.back_to} and on with {' and '.join(changes)}"
    )
