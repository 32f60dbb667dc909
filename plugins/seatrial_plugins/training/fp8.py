"""Float8: products with frozen weights in 8 bits, at twice the rate of bfloat16 on a Hopper GPU, and with a coarser rounding.

Rows of activations, of gradients and of weights are each scaled to the range of e4m3 by their largest number, and the
scales multiplied back in by the product itself. What is trained, norms, attention, embeddings and head stay as they are.
The weight is kept twice, since the backward pass reads it transposed: as much memory as bfloat16 takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        product: torch.Tensor = _Product.apply(x, self.rows, self.row_scales, self.columns, self.column_scales)
        return product if self.bias is None else product + self.bias


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        rows: torch.Tensor,
        row_scales: torch.Tensor,
        columns: torch.Tensor,
        column_scales: torch.Tensor,
    ) -> torch.Tensor:
        ctx.save_for_backward(columns, column_scales)
        return _multiplied(x, rows, row_scales)

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor, None, None, None, None]:
        columns, column_scales = ctx.saved_tensors
        return _multiplied(given[0], columns, column_scales), None, None, None, None


def _multiplied(x: torch.Tensor, matrix: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    small, own = _scaled(x.reshape(-1, x.shape[-1]))
    product = torch._scaled_mm(small, matrix.t(), own, scales.t(), out_dtype=x.dtype, use_fast_accum=True)  # noqa: SLF001
    return product.view(*x.shape[:-1], matrix.shape[0])


def _scaled(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows in float8, and what each is to be multiplied by."""
    by = rows.abs().amax(1, keepdim=True).float().clamp(min=1e-12) / _LARGEST
    return (rows.float() / by).to(_E4M3), by


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
