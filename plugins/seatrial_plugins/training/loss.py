"""The loss: summed cross-entropy of the supervised tokens, with logits computed at their places only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.nn import functional

from seatrial_plugins.huggingface.runtime import (
    Example,
    ImageInput,
    TokenTree,
    line_up,
    pack,
    run_packed,
    send,
    states_for,
)
from seatrial_plugins.training.cross_entropy import token_losses
from seatrial_plugins.training.forms import bare, forms_of

__all__ = ["Objective", "TokenLoss", "padded_logits", "row_losses", "summed_loss"]


class Objective(Protocol):
    """What training makes small: a mean over all that a step reads, however it is cut into passes."""

    @property
    def unit(self) -> str:
        """What the mean is over: `token`."""
        ...

    @property
    def packs(self) -> bool:
        """Whether rows are packed."""
        ...

    def weight(self, example: Any, /) -> int:
        """How often an example counts in the mean."""
        ...

    def summed(self, network: Any, batch: Sequence[Any], device: torch.device) -> torch.Tensor:
        """The sum over a batch, a float32 scalar."""
        ...

    def of_rows(self, network: Any, batch: Sequence[Any], device: torch.device) -> torch.Tensor:
        """The sum of each example alone, float64 where the device has it, shape [examples]."""
        ...


@dataclass(frozen=True, slots=True)
class TokenLoss:
    """Cross-entropy of the supervised tokens."""

    packs: bool
    images: ImageInput | None = None
    """How the rows' pictures are shown; None of a model that reads text alone."""
    unit = "token"

    def weight(self, example: Example) -> int:
        """Its supervised tokens."""
        return len(example.targets)

    def summed(self, network: Any, batch: Sequence[Example], device: torch.device) -> torch.Tensor:
        """`summed_loss`."""
        return summed_loss(network, batch, packs=self.packs, device=device, images=self.images)

    def of_rows(self, network: Any, batch: Sequence[Example], device: torch.device) -> torch.Tensor:
        """`row_losses`."""
        return row_losses(network, batch, packs=self.packs, device=device, images=self.images)


def summed_loss(
    network: Any,
    batch: Sequence[Example],
    *,
    packs: bool,
    device: torch.device,
    images: ImageInput | None = None,
) -> torch.Tensor:
    """The sum over the batch's supervised tokens of -ln p(token | what stands before it), a float32 scalar.

    It is a sum, so that the caller can divide by the tokens of a whole optimizer step: the mean of means over passes of
    different sizes is another loss (transformers issue 34191).
    """
    return _losses(network, batch, packs=packs, device=device, images=images).sum()


def row_losses(
    network: Any,
    batch: Sequence[Example],
    *,
    packs: bool,
    device: torch.device,
    images: ImageInput | None = None,
) -> torch.Tensor:
    """The same sum of each example alone: float64, shape [examples]."""
    losses = _losses(network, batch, packs=packs, device=device, images=images)
    wide = torch.float32 if device.type == "mps" else torch.float64
    return torch.stack([part.sum(dtype=wide) for part in losses.split([len(example.targets) for example in batch])])


def _losses(
    network: Any,
    batch: Sequence[Example],
    *,
    packs: bool,
    device: torch.device,
    images: ImageInput | None = None,
) -> torch.Tensor:
    """Of each supervised token, example by example, in float32."""
    targets = send(torch.tensor([example.ids[place] for example in batch for place in example.targets]), device)
    if not packs:
        logits = padded_logits(network, batch, device, images)
        return functional.cross_entropy(logits.float(), targets, reduction="none")
    forms, rows = forms_of(network), [example.fed for example in batch]
    packed = line_up(rows) if forms.varlen else pack([TokenTree.line(row) for row in rows])
    places = torch.tensor([packed.place(row, at - 1) for row, example in enumerate(batch) for at in example.targets])
    fed, places = packed.to(device), send(places, device)
    if forms.plain_head:
        head = bare(network).get_output_embeddings()
        return token_losses(head, states_for(head, network, fed, places), targets, compiled=forms.compiled)
    return functional.cross_entropy(run_packed(network, fed, places).float(), targets, reduction="none")


def padded_logits(
    network: Any, batch: Sequence[Example], device: torch.device, images: ImageInput | None = None
) -> torch.Tensor:
    """Logits at the supervised places, example by example, of a pass that is padded."""
    width = max(len(example.fed) for example in batch)
    ids = torch.full((len(batch), width), images.padding if images else 0, dtype=torch.long)
    mask = torch.zeros(len(batch), width, dtype=torch.long)
    for row, example in enumerate(batch):
        ids[row, : len(example.fed)] = torch.tensor(example.fed)
        mask[row, : len(example.fed)] = 1
    shown = images.inputs(ids, [example.images for example in batch], bare(network)) if images else {}
    output = network(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False, **shown)
    rows = torch.tensor([row for row, example in enumerate(batch) for _ in example.targets], device=device)
    places = torch.tensor([at - 1 for example in batch for at in example.targets], device=device)
    return output.logits[rows, places]
