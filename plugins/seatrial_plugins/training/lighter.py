"""Lighter trainings: the same rows and steps with less in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from seatrial.errors import UsageError
from seatrial.training import Lighter, TrainingJob
from seatrial_plugins.training.causal_training import trainable_network
from seatrial_plugins.training.planning import Planning

__all__ = ["lighter_than"]

_HALVINGS = 3


def lighter_than(method: Any, job: TrainingJob) -> Iterator[Lighter]:
    """Changes of a method's options and of its loader's that need less memory, those that cost least time first.

    Smaller passes cost launches alone, gradient checkpointing another forward pass, both together both. None of them
    changes a gradient by more than rounding; bfloat16 weights, which come last, do.
    """
    training = method.training(job)
    model = trainable_network(job, training.tuning.name)
    rendered = training.rendered(model.chat)
    lengths = [len(example.ids) for example in rendered[0].examples]
    usual = min(model.options.batch_tokens, sum(sorted(lengths)[-method.batch_size :]))
    smaller: list[dict[str, Any]] = [
        {"batch_tokens": size} for at in range(1, _HALVINGS + 1) if (size := usual >> at) >= max(lengths)
    ]
    recomputes = {} if method.gradient_checkpointing else {"gradient_checkpointing": True}
    ways: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, change) for change in smaller[:2]]
    if recomputes:
        ways += [(recomputes, change) for change in ({}, *smaller[:1], *smaller[-1:])]
    if model.options.dtype == "float32" and training.tuning.dtype is None:
        ways += [({}, {"dtype": "bfloat16"}), (recomputes, {"dtype": "bfloat16", **(smaller[-1] if smaller else {})})]
    for options, loader in ways:
        try:
            changed = replace(method, **options)
        except UsageError:
            continue
        lighter = replace(job, model=replace(model, options=replace(model.options, **loader)))
        named = {f"train.{name}": value for name, value in options.items()}
        named |= {f"model.{name}": value for name, value in loader.items()}
        yield Lighter(named, Planning(changed.outlined.training(lighter), rendered).cost())
