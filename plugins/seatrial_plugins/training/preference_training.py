"""One training on preferences: the engine of every other, with another loss and the model before training as its reference."""

from __future__ import annotations

import math
from typing import Any

from seatrial.rows import Rows
from seatrial.training import TrainingJob
from seatrial_plugins.huggingface.runtime import ChatTokenizer, Examples, TrainableNetwork, choose_device
from seatrial_plugins.training.causal_training import CausalTraining
from seatrial_plugins.training.engine import Engine
from seatrial_plugins.training.lora_tuning import LoraTuning
from seatrial_plugins.training.loss import Objective
from seatrial_plugins.training.preferences import PreferenceLoss, log_ratios, refuse_none, render_pairs

__all__ = ["PreferenceTraining", "PreferenceTuning"]


class PreferenceTuning(LoraTuning):
    """Low-rank adapters that learn from pairs."""

    name = "dpo"
    replays = False
    """Graphs are recorded of the loss on tokens."""


class PreferenceTraining(CausalTraining):
    """What `dpo` does with one job."""

    def __init__(self, tuning: PreferenceTuning, job: TrainingJob, *, beta: float) -> None:
        super().__init__(tuning, job)
        self._beta = beta

    def _rendered(self, rows: Rows, chat: ChatTokenizer) -> Examples:
        pairs = render_pairs(rows, chat, self.options.max_length, self.options.taught)
        if rows is self.job.train:
            refuse_none(pairs)
        return pairs

    def _loaded(self, model: TrainableNetwork, examples: Examples, validation: Examples) -> tuple[Any, Objective]:
        """The network, and the loss against what it says now: the reference is asked once, before anything is trained."""
        network, packs = model.load(self.tuning.dtype)
        pairs: Any = [*examples.examples, *validation.examples]
        reference = log_ratios(
            network,
            pairs,
            packs=packs,
            device=choose_device(model.options.device),
            rows=self.options.batch_size,
            tokens=model.options.batch_tokens,
            images=model.chat.images,
        )
        return network, PreferenceLoss(self._beta, reference, packs, model.chat.images)

    def _told(self, engine: Engine, examples: Examples, chat: ChatTokenizer) -> dict[str, object]:
        """The share of validation pairs whose chosen answer gained on the rejected one: where the loss is below ln 2."""
        rows = engine.history.best_rows if engine.work.keeps_best else engine.history.last_rows
        share = sum(loss < math.log(2) for loss in rows) / len(rows) if rows else None
        return super()._told(engine, examples, chat) | {"preference_accuracy": share}
