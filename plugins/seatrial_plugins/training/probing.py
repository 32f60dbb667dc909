"""Probing: some steps of a training, run to see what they take."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback

from seatrial.training import Probed, TrainingCost
from seatrial.training.cards import CARDS
from seatrial_plugins.huggingface.runtime import no_progress_bars
from seatrial_plugins.training.causal_training import CausalTraining, trainable_network
from seatrial_plugins.training.plan import Plan

__all__ = ["probe"]

_OTHERS = 3
"""Steps beside the heaviest: of a quarter, a half and three quarters of the steps' order by work."""

_TIMED = 3
"""Repetitions of a step that are timed as one, as in a training no step waits for the end of the one before."""


def probe(training: CausalTraining, cost: TrainingCost) -> Probed:
    """Train some steps of the plan, each some times in a row: after the first all is warm, and its graph is recorded.

    The model is loaded for it, and let go of; nothing is written.
    """
    model = trainable_network(training.job, training.tuning.name)
    engine = training.set_up(model, *training.rendered(model.chat))
    steps = _chosen(cost)
    plan = engine.work.plan
    repeated = tuple(plan.steps[step] for step in steps for _ in range(1 + _TIMED))
    engine.work = replace(engine.work, plan=Plan(repeated, plan.steps_per_epoch), evaluate_every=0, patience=0)
    engine.args.max_steps, engine.args.logging_steps = len(repeated), len(repeated) + 1
    engine.args.save_strategy = type(engine.args.save_strategy)("no")
    clock = _Clock(engine.args.device)
    engine.add_callback(clock)
    on_card = engine.args.device.type == "cuda"
    if on_card:
        torch.cuda.reset_peak_memory_stats(engine.args.device)
    with no_progress_bars():
        engine.train()
    first, again = clock.seconds[::2], [seconds / _TIMED for seconds in clock.seconds[1::2]]
    peak = torch.cuda.max_memory_allocated(engine.args.device) if on_card else 0
    name = torch.cuda.get_device_name(engine.args.device) if on_card else str(engine.args.device)
    del engine
    gc.collect()
    if on_card:
        torch.cuda.empty_cache()
    late = sum(max(0.0, one - other) for one, other in zip(first, again, strict=True))
    return Probed(name, steps, sum(again), late, peak)


def _chosen(cost: TrainingCost) -> list[int]:
    """The heaviest step for the memory, and some from the lightest to the longest for the time."""
    work = [CARDS[-1].seconds(step) for step in cost.steps]
    order = sorted(range(len(work)), key=work.__getitem__)
    places = np.linspace(0, len(order) - 1, _OTHERS + 2).round().astype(int)[1:-1]
    heaviest = cost.facts["heaviest_step"]
    assert isinstance(heaviest, int)
    return [heaviest, *(order[place] for place in places)]


class _Clock(TrainerCallback):
    """Seconds of the first time that a step is run, and of the other times together, in turn."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._since = 0.0
        self.seconds: list[float] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin."""
        del args, state, control, kwargs
        self._since = self._now()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note how long it took, after the first and after the last time."""
        del args, control, kwargs
        if state.global_step % (1 + _TIMED) > 1:
            return
        now = self._now()
        self.seconds.append(now - self._since)
        self._since = now

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()
