"""Low-rank adapters in the network's own dtype: products of bfloat16, weights of float32.

PEFT computes an adapter in the dtype of its weights. Those are float32, so that the optimizer's small steps aren't lost; on
a bfloat16 network each adapter then casts what it reads and multiplies without tensor cores, which cost 23% of the rate of
LoRA on all linear layers of an 8B shape. Here the two matrices are cast instead, and what they add is accumulated onto the
frozen layer's output, and onto the gradient of its input, where these lie.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora import Linear
from torch.nn import functional

__all__ = ["LowRankLinear", "in_network_dtype"]


def in_network_dtype(network: Any) -> int:
    """Have the plain LoRA layers on frozen weights of less than float32 compute in the dtype of these; how many there are."""
    found = [module for module in network.modules() if type(module) is Linear and _is_plain(module)]
    for module in found:
        module.__class__ = LowRankLinear
    return len(found)


def _is_plain(module: Any) -> bool:
    """LoRA itself, on a layer that is nothing but a matrix, and none of PEFT's variants of it."""
    base = module.get_base_layer()
    varies = getattr(module, "lora_variant", None) or any(getattr(module, "use_dora", {}).values())
    biased = any(layer.bias is not None for layer in module.lora_B.values())
    alone = len(module.lora_A) == 1
    half = type(base) is torch.nn.Linear and base.weight.dtype in {torch.bfloat16, torch.float16}
    return half and alone and not (varies or biased or module.fan_in_fan_out or base.weight.requires_grad)


class LowRankLinear(Linear):
    """PEFT's layer, with a forward pass of its own."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """The frozen layer's output and what the adapter adds."""
        if args or kwargs or self.disable_adapters or self.merged or len(self.active_adapters) != 1:
            output: torch.Tensor = super().forward(x, *args, **kwargs)
            return output
        (name,) = self.active_adapters
        base = self.get_base_layer()
        down = self.lora_A[name].weight.to(x.dtype)
        up = (self.lora_B[name].weight * self.scaling[name]).to(x.dtype)
        dropout = self.lora_dropout[name]
        if isinstance(dropout, torch.nn.Identity) and type(base) is torch.nn.Linear:
            added: torch.Tensor = torch.ops.seatrial.low_rank(x, base.weight, base.bias, down, up)[0]
            return added
        product: torch.Tensor = base(x)
        return product + functional.linear(functional.linear(dropout(x), down), up)


def _low_rank(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, down: torch.Tensor, up: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """X Wᵀ + (x Aᵀ) Bᵀ, and x Aᵀ for the backward pass. What is compiled around it leaves it as it is."""
    flat = x.reshape(-1, x.shape[-1])
    output = functional.linear(flat, weight, bias)
    inner = flat @ down.t()
    return output.addmm_(inner, up.t()).view(*x.shape[:-1], len(weight)), inner


def _low_rank_gradients(
    gradient: torch.Tensor,
    x: torch.Tensor,
    inner: torch.Tensor,
    weight: torch.Tensor,
    down: torch.Tensor,
    up: torch.Tensor,
    of_input: bool,  # operators of torch take no keywords
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of x (empty where it is not wanted), A and B."""
    flat, given = x.reshape(-1, x.shape[-1]), gradient.reshape(-1, gradient.shape[-1])
    through = given @ up
    entered = (given @ weight).addmm_(through, down).view(x.shape) if of_input else x.new_empty(0)
    return entered, through.t() @ flat, given.t() @ inner


def _register() -> None:
    forward = torch.library.custom_op(
        "seatrial::low_rank",
        _low_rank,
        mutates_args=(),
        schema="(Tensor x, Tensor weight, Tensor? bias, Tensor down, Tensor up) -> (Tensor, Tensor)",
    )
    backward = torch.library.custom_op(
        "seatrial::low_rank_gradients",
        _low_rank_gradients,
        mutates_args=(),
        schema="(Tensor gradient, Tensor x, Tensor inner, Tensor weight, Tensor down, Tensor up, bool of_input)"
        " -> (Tensor, Tensor, Tensor)",
    )

    @forward.register_fake
    def _(x: Any, weight: Any, bias: Any, down: Any, up: Any) -> tuple[torch.Tensor, torch.Tensor]:
        del bias, up
        rows = x.reshape(-1, x.shape[-1]).shape[0]
        return x.new_empty(*x.shape[:-1], weight.shape[0]), x.new_empty(rows, down.shape[0])

    @backward.register_fake
    def _(
        gradient: Any, x: Any, inner: Any, weight: Any, down: Any, up: Any, of_input: Any
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        del gradient, inner, weight
        return x.new_empty(x.shape if of_input else 0), torch.empty_like(down), torch.empty_like(up)

    def keep(ctx: Any, inputs: Any, output: Any) -> None:
        x, weight, _, down, up = inputs
        ctx.save_for_backward(x, weight, down, up, output[1])

    def backwards(ctx: Any, gradient: torch.Tensor, _inner: object) -> tuple[torch.Tensor | None, ...]:
        x, weight, down, up, inner = ctx.saved_tensors
        of_input = ctx.needs_input_grad[0]
        entered, of_down, of_up = torch.ops.seatrial.low_rank_gradients(gradient, x, inner, weight, down, up, of_input)
        return entered if of_input else None, None, None, of_down, of_up

    forward.register_autograd(backwards, setup_context=keep)


_register()
