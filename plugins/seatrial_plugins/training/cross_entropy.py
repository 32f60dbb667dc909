"""Cross-entropy in stretches: the head's logits are never held whole, and nothing is computed for a head that is frozen."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

__all__ = ["token_losses"]

_LOGITS = {"cuda": 1 << 28}
"""So many float32 logits at a time: 1 GiB on a GPU (2,048 tokens of a vocabulary of 128,256), 64 MiB elsewhere."""


def token_losses(head: torch.nn.Linear, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """-ln p(target) of each of `states`, [tokens, width], by a frozen linear head: float32 [tokens].

    A token's loss depends on its own state alone, so its gradient is computed with the loss, while the logits are there,
    and only scaled in the backward pass: two products with the head instead of the three that computing again takes.
    """
    losses: torch.Tensor = _TokenLosses.apply(states, head.weight, head.bias, targets)
    return losses


class _TokenLosses(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, targets: torch.Tensor
    ) -> torch.Tensor:
        step = max(1, _LOGITS.get(states.device.type, 1 << 24) // len(weight))
        losses = torch.empty(len(states), dtype=torch.float32, device=states.device)
        wanted = ctx.needs_input_grad[0]
        gradients = torch.empty_like(states) if wanted else None
        for start in range(0, len(states), step):
            part = slice(start, start + step)
            logits = functional.linear(states[part], weight, bias).float()
            chosen = targets[part, None]
            total = logits.logsumexp(-1, keepdim=True)
            losses[part] = (total - logits.gather(1, chosen))[:, 0]
            if gradients is not None:
                wrong = logits.sub_(total).exp_().scatter_add_(1, chosen, torch.full_like(total, -1.0))
                torch.mm(wrong.to(weight.dtype), weight, out=gradients[part])
        if gradients is not None:
            ctx.save_for_backward(gradients)
        return losses

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        (gradients,) = ctx.saved_tensors
        return gradients * given[0][:, None].to(gradients.dtype), None, None, None
