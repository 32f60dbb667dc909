"""Four bits: a network whose linear layers hold their weights in 4-bit NormalFloat (Dettmers et al., arXiv 2305.14314)."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["in_four_bits", "stay_differentiable"]


def in_four_bits(dtype: torch.dtype, device: torch.device) -> dict[str, Any]:
    """How transformers is asked for it: weights are quantised as they are read, products computed in `dtype`."""
    from transformers import BitsAndBytesConfig

    return {
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        ),
        "device_map": {"": device},
    }


def stay_differentiable(network: Any) -> None:
    """Have layers keep the layout that gradients pass through.

    On a CPU with bfloat16 instructions bitsandbytes (0.50) packs a layer's weights anew in its first pass outside training, and
    from then on gives no gradient, with a warning alone: a validation would end the training in all but name.
    """
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            setattr(module, "support_avx512bf16_for_cpu", False)  # noqa: B010  # not in torch's own types
