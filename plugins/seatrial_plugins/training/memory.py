"""Memory: how torch keeps the GPU's."""

from __future__ import annotations

import os

import torch

__all__ = ["expand_segments"]


def expand_segments() -> None:
    """Let torch's allocator grow segments, unless the environment says how it is to work.

    Passes differ in size, so blocks that one has freed rarely fit the next: at 12,288 tokens of an 8B shape, three of
    fifteen steps ran at half speed, since the allocator gave everything back to the driver and asked again.
    """
    if not ({"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"} & set(os.environ)):
        # There is no public way, and the way changed with torch 2.9.
        now = getattr(torch._C, "_accelerator_setAllocatorSettings", None)  # noqa: SLF001
        (now or torch.cuda.memory._set_allocator_settings)("expandable_segments:True")  # noqa: SLF001
