"""What the metrics of this package share: an `evaluate.Metric` that judges one answer at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import datasets

from seatrial_plugins.accuracy.evaluate_import import evaluate

__all__ = ["Judge", "TextMetric", "says_something"]

Judge = Callable[[str, Sequence[str]], Mapping[str, float]]
"""Takes an answer and its references, and gives each value by its name."""


def says_something(text: str) -> bool:
    """Whether there is anything to see: white space and invisible format characters say nothing."""
    return any(character.isprintable() and not character.isspace() for character in text)


class TextMetric(evaluate.Metric, ABC):
    """Judges each answer by itself, against one reference or several; its value is the mean over answers.

    `compute(predictions=…, references=…)` gives that mean; with `use_aggregator=False` (a name that `evaluate`'s `rouge`
    has) it gives the list of the answers' own values. An answer that says nothing is worth 0, whatever is expected.
    """

    description: str
    source: str
    """The paper or the package that defines it."""
    judges_nothing = False
    """Whether `judge` is asked of an answer that says nothing too."""

    def __init__(self, **options: Any) -> None:
        # In memory, whatever `evaluate.load` says: it would write a cache file and lock it for every batch.
        super().__init__(**{**options, "keep_in_memory": True})

    @abstractmethod
    def judge(self, *args: Any, **options: Any) -> Judge:
        """How an answer is judged under options, all of them keywords: those of `compute`."""

    def _build_data_dir(self) -> str:
        # evaluate would make a folder in the home directory, in which nothing is ever kept.
        return ""

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=self.description,
            citation=self.source,
            inputs_description="predictions: list of str; references: list of str, or list of lists of str",
            features=[
                datasets.Features({"predictions": text, "references": datasets.Sequence(text)}),
                datasets.Features({"predictions": text, "references": text}),
            ],
        )

    def _compute(
        self, predictions: Sequence[str], references: Sequence[Any], *, use_aggregator: bool = True, **options: Any
    ) -> dict[str, Any]:
        judge = self.judge(**options)
        names = judge("", [""]).keys()
        found = [
            judge(said, [expected] if isinstance(expected, str) else expected)
            if self.judges_nothing or says_something(said)
            else dict.fromkeys(names, 0.0)
            for said, expected in zip(predictions, references, strict=True)
        ]
        values = {name: [one[name] for one in found] for name in names}
        if not use_aggregator:
            return values
        return {name: sum(column) / len(column) if column else None for name, column in values.items()}
