"""Laid out: a pass of several trainings at once, each with a stretch of the same size, so that one product serves all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from seatrial_plugins.huggingface.runtime import Example, line_up, run_packed, send, states_for
from seatrial_plugins.training.cross_entropy import token_losses

__all__ = ["LaidOut", "lay_out", "losses_of", "split_together"]

_PIECE = 128
"""Tokens of padding that stand together: a tile of the attention's kernel."""
_STRETCH, _WIDTH = 64, 8
"""What sizes are rounded up to, so that memory of one pass fits the next."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One pass."""

    fed: Any
    """Lines end to end, or ids [rows, width]: right-padded, so that under causal attention no padding is seen."""
    tokens: int
    """Of all trainings, padding included."""
    places: torch.Tensor
    """[supervised tokens]: what predicts each; of a rectangle counted row by row."""
    targets: torch.Tensor
    owners: torch.Tensor
    """Which training each belongs to."""


def split_together(batches: Sequence[Sequence[Example]], tokens: int, *, lines: bool) -> list[list[list[Example]]]:
    """The passes of one step: of each, each training's rows. A pass has at most so many tokens, beyond a row of each.

    Rows end to end are dealt out so that stretches are of nearly one size; for a rectangle, those of nearly one length stand
    together.
    """
    count, most = 1, max(map(len, batches))
    while True:
        parts = [_dealt(batch, count, lines=lines) for batch in batches]
        passes = [list(one) for one in zip(*parts, strict=True) if any(one)]
        if count == most or max(_size(one, lines=lines) for one in passes) <= tokens:
            return passes
        count = min(most, count * 2)


def _dealt(batch: Sequence[Example], count: int, *, lines: bool) -> list[list[Example]]:
    ordered = sorted(batch, key=lambda example: -len(example.ids))
    if lines:
        # There and back, so that nobody gets the longest each time.
        dealt: list[list[Example]] = [[] for _ in range(count)]
        for place, example in enumerate(ordered):
            turn, at = divmod(place, count)
            dealt[at if turn % 2 == 0 else count - 1 - at].append(example)
        return dealt
    rows = len(ordered)
    return [ordered[at * rows // count : (at + 1) * rows // count] for at in range(count)]


def _size(parts: Sequence[Sequence[Example]], *, lines: bool) -> int:
    if lines:
        return len(parts) * max(sum(len(example.fed) for example in part) for part in parts)
    return len(parts) * max(map(len, parts)) * max(len(example.fed) for part in parts for example in part)


def lay_out(parts: Sequence[Sequence[Example]], *, lines: bool) -> LaidOut:
    """One pass, of each training its rows, at least one row in all."""
    owners = torch.tensor([owner for owner, part in enumerate(parts) for example in part for _ in example.targets])
    targets = torch.tensor([example.ids[at] for part in parts for example in part for at in example.targets])
    if lines:
        return _lines(parts, targets, owners)
    rows = max(map(len, parts))
    width = _up(max(len(example.fed) for part in parts for example in part), _WIDTH)
    ids = torch.zeros(len(parts) * rows, width, dtype=torch.long)
    places = []
    for owner, part in enumerate(parts):
        for row, example in enumerate(part, start=owner * rows):
            ids[row, : len(example.fed)] = torch.tensor(example.fed)
            places += [row * width + at - 1 for at in example.targets]
    return LaidOut(ids, ids.numel(), torch.tensor(places), targets, owners)


def _lines(parts: Sequence[Sequence[Example]], targets: torch.Tensor, owners: torch.Tensor) -> LaidOut:
    sizes = [sum(len(example.fed) for example in part) for part in parts]
    stretch = _up(max(sizes), _STRETCH)
    rows: list[tuple[int, ...]] = []
    at: list[tuple[int, Example]] = []
    for part, size in zip(parts, sizes, strict=True):
        at += [(len(rows) + place, example) for place, example in enumerate(part)]
        spare = stretch - size
        rows += [example.fed for example in part]
        rows += [(0,) * min(_PIECE, spare - done) for done in range(0, spare, _PIECE)]
    packed = line_up(rows, shares=False)  # what begins alike is not alike beside other adapters
    places = torch.tensor([packed.place(row, target - 1) for row, example in at for target in example.targets])
    return LaidOut(packed, stretch * len(parts), places, targets, owners)


def losses_of(network: Any, laid: LaidOut, device: torch.device, *, plain_head: bool) -> torch.Tensor:
    """-ln p of each supervised token, float32, in the order of `owners`."""
    targets, places = send(laid.targets, device), send(laid.places, device)
    head = network.get_output_embeddings()
    if not isinstance(laid.fed, torch.Tensor):
        fed = laid.fed.to(device)
        if plain_head:
            return token_losses(head, states_for(head, network, fed, places), targets)
        return functional.cross_entropy(run_packed(network, fed, places).float(), targets, reduction="none")
    ids = send(laid.fed, device)
    if plain_head:
        states = network.base_model(input_ids=ids, use_cache=False).last_hidden_state
        return token_losses(head, states.flatten(0, 1).index_select(0, places), targets)
    logits = network(input_ids=ids, use_cache=False).logits.flatten(0, 1).index_select(0, places)
    return functional.cross_entropy(logits.float(), targets, reduction="none")


def _up(size: int, step: int) -> int:
    return -(-size // step) * step
