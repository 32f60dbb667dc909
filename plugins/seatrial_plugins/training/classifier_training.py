"""One training of a classifier: the engine of every other, on rows and their labels."""

from __future__ import annotations

from typing import Any

from seatrial.rows import Rows
from seatrial_plugins.huggingface.runtime import ChatTokenizer, Example, Examples, TrainableNetwork, telling
from seatrial_plugins.training.causal_training import CausalTraining
from seatrial_plugins.training.engine import Engine
from seatrial_plugins.training.labels import LabelLoss, labels_of, render_labelled
from seatrial_plugins.training.loss import Objective

__all__ = ["ClassifierTraining"]


class ClassifierTraining(CausalTraining):
    """What `classifier` does with one job."""

    _labels: tuple[str, ...] = ()

    def _rendered(self, rows: Rows, chat: ChatTokenizer) -> Examples:
        self._labels = self._labels or labels_of(self.job.train)
        longest = min(self.options.max_length, chat.context or self.options.max_length)
        return render_labelled(rows, chat.tokenizer, self._labels, longest)

    def _loaded(self, model: TrainableNetwork, examples: Examples, validation: Examples) -> tuple[Any, Objective]:
        """The network with a fresh head for the train rows' labels."""
        del examples, validation
        network = model.load_classifier(self._labels, self.tuning.dtype)
        return network, LabelLoss(network.config.pad_token_id)

    def _told(self, engine: Engine, examples: Examples, chat: ChatTokenizer) -> dict[str, object]:
        """The labels, and rows with the one that each should get."""
        del engine
        return {
            "labels": list(self._labels),
            "masked_examples": [
                {"row": example.row, "pieces": self._shown(example, chat)} for example in telling(examples.examples)
            ],
        }

    def _shown(self, example: Example, chat: ChatTokenizer) -> list[dict[str, object]]:
        read = str(chat.tokenizer.decode(list(example.fed)))
        return [
            {"text": read + "\n", "supervised": False},
            {"text": self._labels[example.ids[-1]], "supervised": True},
        ]
