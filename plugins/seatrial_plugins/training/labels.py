"""Labels: what a sequence classifier reads of each row, and the loss on the label that it should name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from seatrial.errors import TrainingError
from seatrial.rows import Row
from seatrial_plugins.huggingface.runtime import Example, Examples, beyond_words, classifier_ids, padded

__all__ = ["LabelLoss", "labels_of", "render_labelled"]


def labels_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """The names of the labels, sorted.

    Raises:
        TrainingError: there are fewer than two.
    """
    names = tuple(sorted({row.label for row in rows if row.label is not None}))
    if len(names) < 2:
        raise TrainingError(
            f"the train rows have {len(names)} different labels, and a classifier needs two at least; name the column that holds "
            "them: `columns: {label: …}`"
        )
    if all(name == f"LABEL_{number}" for number, name in enumerate(names)):
        raise TrainingError(
            "the train rows' labels are called LABEL_0, LABEL_1, …, as a classifier's are that has no names for them, so that nobody "
            "could tell what it names; rename them: `labels: {LABEL_0: …}`"
        )
    return names


def render_labelled(rows: Iterable[Row], tokenizer: Any, labels: Sequence[str], max_length: int) -> Examples:
    """What a classifier reads of each row; the number of its label stands behind that, as what is predicted there.

    Rows that have no words, more than words, no label or none of `labels` are told as unsupervised.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    examples: list[Example] = []
    unsupervised: list[str] = []
    tokens = truncated = lost = 0
    for row in rows:
        ids = classifier_ids(tokenizer, row)
        if row.label not in numbers or beyond_words(row) or not ids:
            unsupervised.append(row.id)
            continue
        kept = ids[:max_length]
        tokens += len(kept)
        lost += len(ids) - len(kept)
        truncated += len(ids) > len(kept)
        examples.append(Example(row.id, (*kept, numbers[row.label]), (len(kept),)))
    return Examples(tuple(examples), tokens, len(examples), truncated, lost, 0, tuple(unsupervised))


@dataclass(frozen=True, slots=True)
class LabelLoss:
    """Cross-entropy of the rows' labels."""

    padding: int
    unit = "row"
    packs = False

    def weight(self, example: Example) -> int:
        """Every row counts once."""
        del example
        return 1

    def summed(self, network: Any, batch: Sequence[Example], device: torch.device) -> torch.Tensor:
        """The sum over the rows."""
        return functional.cross_entropy(*self._predicted(network, batch, device), reduction="sum")

    def of_rows(self, network: Any, batch: Sequence[Example], device: torch.device) -> torch.Tensor:
        """The loss of each row."""
        losses = functional.cross_entropy(*self._predicted(network, batch, device), reduction="none")
        return losses if device.type == "mps" else losses.double()

    def _predicted(
        self, network: Any, batch: Sequence[Example], device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        ids, mask = padded([example.fed for example in batch], self.padding)
        logits = network(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False).logits
        return logits.float(), torch.tensor([example.ids[-1] for example in batch], device=device)
