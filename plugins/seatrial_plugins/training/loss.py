"""The loss: summed cross-entropy of the supervised tokens, with logits computed at their places only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from seatrial_plugins.huggingface.runtime import Example, TokenTree, pack, run_packed

__all__ = ["summed_loss"]


def summed_loss(network: Any, batch: Sequence[Example], *, packs: bool, device: torch.device) -> torch.Tensor:
    """The sum over the batch's supervised tokens of -ln p(token | what stands before it), a float32 scalar.

    It is a sum, so that the caller can divide by the tokens of a whole optimizer step: the mean of means over passes of
    different sizes is another loss (transformers issue 34191).
    """
    targets = torch.tensor([example.ids[place] for example in batch for place in example.targets], device=device)
    logits = (_packed_logits if packs else _padded_logits)(network, batch, device)
    return functional.cross_entropy(logits.float(), targets, reduction="sum")


def _packed_logits(network: Any, batch: Sequence[Example], device: torch.device) -> torch.Tensor:
    packed = pack([TokenTree.line(example.fed) for example in batch])
    places = [packed.place(row, at - 1) for row, example in enumerate(batch) for at in example.targets]
    return run_packed(network, packed.to(device), torch.tensor(places, device=device))


def _padded_logits(network: Any, batch: Sequence[Example], device: torch.device) -> torch.Tensor:
    width = max(len(example.fed) for example in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask = torch.zeros(len(batch), width, dtype=torch.long)
    for row, example in enumerate(batch):
        ids[row, : len(example.fed)] = torch.tensor(example.fed)
        mask[row, : len(example.fed)] = 1
    output = network(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False)
    rows = torch.tensor([row for row, example in enumerate(batch) for _ in example.targets], device=device)
    places = torch.tensor([at - 1 for example in batch for at in example.targets], device=device)
    return output.logits[rows, places]
