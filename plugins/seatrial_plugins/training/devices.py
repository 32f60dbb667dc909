"""Devices for a training that several processes share: whether they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from seatrial.errors import UsageError
from seatrial.training import Parallel
from seatrial_plugins.huggingface.runtime import choose_device

__all__ = ["draws_of", "look_at_devices"]

_DRAWN = ("drop", "jitter")
"""In the names by which configs call what they draw by: attention_dropout, resid_pdrop, layerdrop, router_jitter_noise."""


def draws_of(config: Mapping[str, Any]) -> bool:
    """Whether a model draws numbers while it is trained, by its config."""
    return any(
        draws_of(value)
        if isinstance(value, Mapping)
        else isinstance(value, int | float) and value > 0 and any(part in name for part in _DRAWN)
        for name, value in config.items()
    )


def look_at_devices(device: str, devices: int, parallel: Parallel) -> Iterator[str]:
    """What should be known of sharing a training among so many devices of this machine, a sentence each.

    Args:
        device: as the loader is told: `auto`, `cpu`, `cuda`.
        devices: how many processes there are on this machine.
        parallel: how they share it.

    Raises:
        UsageError: there are fewer GPUs, or the loader names one of them.
    """
    if device not in {"auto", "cpu", "cuda"}:
        raise UsageError(
            f"model.device: {device} names one device, and {devices} processes share the training, each with a device of its own; "
            "say auto, cuda or cpu"
        )
    if not torch.distributed.is_available():
        raise UsageError(
            f"train.devices: {devices} processes cannot share a training by this build of torch; train in one"
        )
    if choose_device(device).type == "cpu":
        yield (
            f"train.devices: no GPU is used: {devices} processes train on this machine's processor, each with its share of the "
            f"cores ({parallel}, over gloo)"
        )
        return
    if (there := torch.cuda.device_count()) < devices:
        raise UsageError(
            f"train.devices: {devices} processes need a GPU each, and this machine has {there}; say `devices: {there}`, or "
            "`model: {device: cpu}` to share its processor"
        )
