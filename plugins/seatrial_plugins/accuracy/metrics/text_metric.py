"""A metric that compares one string with one string, item by item; its value is the items' mean."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import datasets
import evaluate

__all__ = ["TextMetric"]


class TextMetric(evaluate.Metric):
    """What the metrics of this package share: their inputs, and the mean over items."""

    key: str
    """The name of the value that `compute` returns."""
    description: str

    def __init__(self, **options: Any) -> None:
        # In memory, since evaluate would write a cache file and lock it for every batch.
        super().__init__(**{"keep_in_memory": True, **options})

    @staticmethod
    @abstractmethod
    def item(prediction: str, reference: str) -> float:
        """The value of one answer, in [0, 1]."""

    @classmethod
    def items(cls, predictions: Sequence[str], references: Sequence[str]) -> list[float]:
        """The value of each answer."""
        return [cls.item(said, expected) for said, expected in zip(predictions, references, strict=True)]

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=self.description,
            citation="Rajpurkar et al., SQuAD: 100,000+ Questions for Machine Comprehension of Text, 2016",
            inputs_description="predictions: list of str; references: list of str, one for each prediction",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions: Sequence[str], references: Sequence[str]) -> dict[str, float | None]:
        values = self.items(predictions, references)
        return {self.key: sum(values) / len(values) if values else None}
