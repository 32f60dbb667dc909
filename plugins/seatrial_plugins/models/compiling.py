"""Compiling: decoder layers fused by `torch.compile`, one by one, so that the first step comes soon.

A small model on a fast GPU waits for its kernels to be launched, not for their arithmetic, and adapters multiply the
launches. Layers are alike, so the first one's code serves all; a whole model would compile for minutes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch

from seatrial.errors import UsageError

__all__ = ["can_compile", "compile_layers", "compiling", "eagerly", "is_compiled"]

_VARIANTS = 64
"""Compiled variants of a layer that are kept: training, evaluation, with the adapter and without, and shapes of one."""


def can_compile(device: torch.device) -> bool:
    """Whether compiling pays on this device and what it needs is there: a CUDA GPU, Triton and a C compiler."""
    from torch.utils._triton import has_triton

    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    return device.type == "cuda" and bool(compiler) and has_triton()


def compile_layers(network: Any, *, backend: str = "inductor") -> int:
    """Have each decoder layer compiled when it is first run; returns how many there are.

    Raises:
        UsageError: the architecture doesn't say which of its modules are its layers.
    """
    names = set(getattr(network, "_no_split_modules", None) or ())
    layers = [module for module in network.modules() if type(module).__name__ in names]
    if not layers:
        raise UsageError(
            f"model.compile: {type(network).__name__} doesn't name its layers, so they cannot be compiled; say `compile: off`"
        )
    for layer in layers:
        layer.compile(dynamic=True, backend=backend)
    return len(layers)


def is_compiled(network: torch.nn.Module) -> bool:
    """Whether some of its modules are compiled."""
    return any(module._compiled_call_impl is not None for module in network.modules())  # noqa: SLF001  # no public name


@contextlib.contextmanager
def compiling() -> Iterator[None]:
    """Room for as many variants of a layer as a run needs; torch gives up, and runs them uncompiled, after eight."""
    from torch._dynamo import config

    with config.patch(recompile_limit=_VARIANTS, accumulated_recompile_limit=8 * _VARIANTS):
        yield


def eagerly() -> AbstractContextManager[object]:
    """Run layers as they are while the block runs: decoding with a growing cache would compile anew again and again."""
    return torch.compiler.set_stance("force_eager")
