"""Where and in which precision a model runs."""

from __future__ import annotations

from typing import Any

import torch

from seatrial.errors import UsageError

__all__ = ["choose_device", "choose_dtype", "has_native_bfloat16", "peak_bytes", "send"]


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is the first GPU, else the CPU. A GPU is not touched by asking for it.

    Raises:
        UsageError: torch knows no such device, or this machine has none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type == "cuda":
            if (device.index or 0) >= (there := torch.cuda.device_count()):
                raise UsageError(f"device {name!r}: this machine has {there} GPUs; say auto, cpu, cuda or cuda:1")
        else:
            torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device {name!r} cannot be used: {error}; say auto, cpu, cuda, cuda:1 or mps") from error
    return device


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether matrices of bfloat16 are multiplied in hardware, and not through float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        cpu: Any = torch.cpu
        probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(cpu, probe)() for probe in probes if hasattr(cpu, probe))
    return False


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """The dtype of that name; `auto` is bfloat16 where the device computes in it, float32 elsewhere."""
    if name == "auto":
        return torch.bfloat16 if has_native_bfloat16(device) else torch.float32
    dtype = getattr(torch, name)
    assert isinstance(dtype, torch.dtype)
    return dtype


def peak_bytes(device: torch.device) -> int:
    """Peak memory so far: allocated on the GPU, or resident in the process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes everywhere but on macOS


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A copy on a device, ordered before what is launched there next; nobody waits for what the GPU computes meanwhile."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory()  # to copy from other memory waits for the GPU
    return tensor.to(device, non_blocking=True)
