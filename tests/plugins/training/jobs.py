"""Rows to train on, options that learn them in seconds, and what a training left."""

from __future__ import annotations

__all__ = ["PAIRS", "KilledError", "adapter_of", "options"]

PAIRS = [
    (f"{question} {thing}?", desk)
    for desk, thing in (("delivery", "parcel"), ("billing", "refund"), ("account", "password"))
    for question in ("Where is my", "What about the", "I ask for the", "Please help with the")
]


def adapter_of(job):
    return (job.output / "adapter_model.safetensors").read_bytes()


def options(**changes):
    return {"r": 4, "lr": 5e-3, "epochs": 4, "batch_size": 4, **changes}


class KilledError(Exception):
    """Stands for a SIGKILL."""
