"""Float8: products with frozen weights in 8 bits, at twice the rate of bfloat16 on a Hopper GPU, and with a coarser rounding.

Rows of activations, of gradients and of weights are each scaled to the range of e4m3 by their largest number, and the
scales multiplied back in by the product itself. What is trained, norms, attention, embeddings and head stay as they are.
The weight is kept twice, since the backward pass reads it transposed: as much memory as bfloat16 takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch

from seatrial.errors import UsageError
from seatrial_plugins.training.compiled_layers import decoder_layers

__all__ = ["Fp8Linear", "gradient_error", "put_in_fp8"]

_E4M3 = torch.float8_e4m3fn
_LARGEST = torch.finfo(_E4M3).max
_OLDEST = (8, 9)
"""The compute capability from which on GPUs multiply float8 (Ada)."""
_STEP = 16
"""Sides of a matrix that the product takes are multiples of this."""


def put_in_fp8(network: Any) -> int:
    """Replace the frozen matrices of a network's decoder layers, below adapters too; how many there are.

    Raises:
        UsageError: the GPU doesn't multiply float8.
    """
    device = next(network.parameters()).device
    _spell_out()
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < _OLDEST:
        raise UsageError(f"train.fp8: {torch.cuda.get_device_name(device)} multiplies no float8; leave it out")
    found = [
        (module, name, child)
        for layer in decoder_layers(network)
        for module in layer.modules()
        for name, child in module.named_children()
        if type(child) is torch.nn.Linear and _fits(child)
    ]
    for module, name, linear in found:
        setattr(module, name, Fp8Linear(linear))
    return len(found)


def _fits(linear: torch.nn.Linear) -> bool:
    small = min(linear.weight.shape) < 2 * _STEP  # such as what is trained beside it
    even = not any(size % _STEP for size in linear.weight.shape)
    return even and not small and not linear.weight.requires_grad and linear.weight.dtype == torch.bfloat16


class Fp8Linear(torch.nn.Module):
    """A frozen linear layer of bfloat16 whose products are of float8."""

    rows: torch.Tensor
    row_scales: torch.Tensor
    columns: torch.Tensor
    column_scales: torch.Tensor

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.bias = linear.bias
        for name, scales, matrix in (
            ("rows", "row_scales", linear.weight.detach()),
            ("columns", "column_scales", linear.weight.detach().t().contiguous()),
        ):
            small, by = _scaled(matrix)
            self.register_buffer(name, small, persistent=False)
            self.register_buffer(scales, by, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As a linear layer, [..., width in] to [..., width out]."""
        matrices = (self.rows, self.row_scales, self.columns, self.column_scales)
        product: torch.Tensor = torch.ops.seatrial.fp8_product(x, *matrices)
        return product if self.bias is None else product + self.bias


def _multiplied(
    x: torch.Tensor, rows: torch.Tensor, row_scales: torch.Tensor, *_for_the_gradient: torch.Tensor
) -> torch.Tensor:
    """X Wᵀ, where W is given row by row."""
    small, own = _scaled(x.reshape(-1, x.shape[-1]))
    if x.device.type == "cpu":  # whose kernels scale by rows from torch 2.12 on
        product = (small.float() @ rows.t().float() * own * row_scales.t()).to(x.dtype)
    else:
        product = torch._scaled_mm(small, rows.t(), own, row_scales.t(), out_dtype=x.dtype, use_fast_accum=True)  # noqa: SLF001
    return product.view(*x.shape[:-1], rows.shape[0])


def _scaled(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows in float8, and what each is to be multiplied by."""
    by = rows.abs().amax(1, keepdim=True).float().clamp(min=1e-12) / _LARGEST
    return (rows.float() / by).to(_E4M3), by


def _register() -> None:
    """An operator of torch: functions of autograd whose sizes vary are not compiled by torch 2.11."""
    operator = torch.library.custom_op(
        "seatrial::fp8_product",
        _multiplied,
        mutates_args=(),
        schema="(Tensor x, Tensor rows, Tensor row_scales, Tensor columns, Tensor column_scales) -> Tensor",
    )

    @operator.register_fake
    def _(x: Any, rows: Any, *_rest: Any) -> torch.Tensor:
        return x.new_empty(*x.shape[:-1], rows.shape[0])

    def keep(ctx: Any, inputs: Any, output: Any) -> None:
        del output
        ctx.save_for_backward(*inputs[1:])

    def backwards(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, row_scales, columns, column_scales = ctx.saved_tensors
        entered = torch.ops.seatrial.fp8_product(gradient, columns, column_scales, rows, row_scales)
        return entered, None, None, None, None

    operator.register_autograd(backwards, setup_context=keep)


_register()


@cache
def _spell_out() -> None:
    """Have the compiler see what the operator does, so that it scales where it has just computed."""
    from torch._inductor import decomposition

    decomposition.register_decomposition([torch.ops.seatrial.fp8_product.default])(_multiplied)
    # Some versions (2.11) copy the table when they first compile anything, and read the copy from then on.
    if copied := getattr(decomposition, "fast_random_decomps", None):
        copied.cache_clear()


def gradient_error(network: Any, gradients: Callable[[], Mapping[str, torch.Tensor]]) -> dict[str, object]:
    """Put a network in float8, and say what that does to the gradients of one pass."""
    exact = {name: gradient.detach().clone() for name, gradient in gradients().items()}
    layers = put_in_fp8(network)
    rounded = gradients()
    cosines = {
        name: float(torch.cosine_similarity(gradient.flatten().double(), rounded[name].flatten().double(), dim=0))
        for name, gradient in exact.items()
        if gradient.any()  # one matrix of an adapter begins at zero, so the other has no gradient yet
    }
    worst = min(cosines, key=cosines.__getitem__)
    return {"matrices": layers, "least_gradient_cosine": cosines[worst], "of": worst}
