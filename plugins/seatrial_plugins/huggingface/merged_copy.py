"""A merged copy: a base and an adapter as one model, written, read again, and held against the two."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import torch

from seatrial.model import MergeDifference
from seatrial_plugins.huggingface.exporting import scored_dtype, write_merged
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions

__all__ = ["differences", "merged_copy"]


@contextlib.contextmanager
def merged_copy(base: Path, adapter: Path, options: LoadOptions, merge_in: Literal["float32", "own"]) -> Iterator[Any]:
    """The merged model as it is read from its files, on the device and in the dtype in which the other is asked.

    Raises:
        UsageError: the adapter cannot be merged.
    """
    dtype = scored_dtype(options)
    with TemporaryDirectory(prefix="seatrial-") as scratch:
        folder = Path(scratch) / "merged"
        folder.mkdir()
        write_merged(base, adapter, folder, dtype=dtype, merge_in=torch.float32 if merge_in == "float32" else dtype)
        network, _ = load_network(folder, options)
        yield network


@torch.inference_mode()
def differences(
    network: Any, copy: Any, answers: Sequence[tuple[Sequence[int], int]], device: torch.device
) -> list[MergeDifference]:
    """Of each answer: the ids of its conversation, and the place of its first token."""
    return [_difference(network, copy, torch.tensor([ids], device=device), start) for ids, start in answers]


def _difference(network: Any, copy: Any, ids: torch.Tensor, start: int) -> MergeDifference:
    apart, together = (_log_probabilities(one, ids, start) for one in (network, copy))
    targets = ids[0, start:, None]
    moved = (apart.gather(1, targets) - together.gather(1, targets)).abs().max()
    kl = (apart.exp() * (apart - together)).sum(-1).mean().clamp(min=0)  # rounding alone takes it below
    same = (apart.argmax(-1) == together.argmax(-1)).float().mean()
    return MergeDifference(len(targets), float(moved), float(kl), float(same))


def _log_probabilities(network: Any, ids: torch.Tensor, start: int) -> torch.Tensor:
    """Of every token at each place of the answer, float32, [tokens, vocabulary]."""
    logits = network(input_ids=ids, use_cache=False).logits[0, start - 1 : -1]
    return torch.log_softmax(logits.float(), -1)
