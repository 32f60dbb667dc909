"""Cross-entropy in stretches: the head's logits are never held whole, and nothing is computed for a head that is frozen."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch.nn import functional

__all__ = ["token_losses"]

_LOGITS = {"cuda": 1 << 27}
"""So many float32 logits at a time: 512 MiB on a GPU (1,046 tokens of a vocabulary of 128,256), 64 MiB elsewhere."""


def token_losses(
    head: torch.nn.Linear, states: torch.Tensor, targets: torch.Tensor, *, compiled: bool = False
) -> torch.Tensor:
    """-ln p(target) of each of `states`, [tokens, width], by a frozen linear head: float32 [tokens].

    A token's loss depends on its own state alone, so its gradient is computed with the loss, while the logits are there,
    and only scaled in the backward pass: two products with the head instead of the three that computing again takes.
    What is done to logits between the products is bound by memory, and reads them half as often where it is `compiled`.
    """
    losses: torch.Tensor = _TokenLosses.apply(states, head.weight, head.bias, targets, compiled)
    return losses


class _TokenLosses(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        states: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        targets: torch.Tensor,
        compiled: bool,  # a function of autograd takes no keywords
    ) -> torch.Tensor:
        step = max(1, _LOGITS.get(states.device.type, 1 << 24) // len(weight))
        losses = torch.empty(len(states), dtype=torch.float32, device=states.device)
        gradients = torch.empty_like(states) if ctx.needs_input_grad[0] else None
        judge = _compiled() if compiled and gradients is not None else _judge
        for start in range(0, len(states), step):
            part = slice(start, start + step)
            logits = functional.linear(states[part], weight, bias)
            losses[part], wrong = judge(logits, targets[part], gradients is not None)
            if gradients is not None:
                torch.mm(wrong, weight, out=gradients[part])
        if gradients is not None:
            ctx.save_for_backward(gradients)
        return losses

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor, None, None, None, None]:
        (gradients,) = ctx.saved_tensors
        return gradients * given[0][:, None].to(gradients.dtype), None, None, None, None


def _judge(
    logits: torch.Tensor,
    targets: torch.Tensor,
    wanted: bool,  # the same of what is compiled
) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses in float32 and, where wanted, their gradient by the logits, in the logits' dtype.

    One is taken off the right token's likelihood before that is rounded: of .999 bfloat16 makes 1, and nothing would be left.
    """
    wide, right = logits.float(), targets[:, None]
    total = wide.logsumexp(-1, keepdim=True)
    losses = (total - wide.gather(1, right))[:, 0]
    if not wanted:
        return losses, logits
    likely = (wide - total).exp()
    return losses, likely.scatter_add(1, right, torch.full_like(right, -1, dtype=likely.dtype)).to(logits.dtype)


@cache
def _compiled() -> Any:
    return torch.compile(_judge)  # and not `dynamic`: the vocabulary's size is compiled in
