"""Shape limits: what a model's config may ask for, held against bounds before anything is made of it.

A config of 300 bytes can ask for 10⁹ layers, or for a vocabulary of 10¹², and transformers begins to make them.
"""

from __future__ import annotations

import copy
import functools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seatrial.errors import SourceError

__all__ = ["check_memory", "check_numbers", "check_whole", "count_numbers"]

_PIECES = re.compile(r"layers?$|blocks?$|block_count$|depth$|labels$|experts?|heads?$|head_count")
"""How keys are called that count what is made one by one."""

_MOST_PIECES = 20_000
"""The deepest published models have some 130 layers, the widest some 400 experts."""

_SIZES = re.compile(
    r"size|dim|width|hidden|d_model|d_ff|embd|inner|vocab|rank|kernel|channels|embedding_length|feed_forward"
)
"""How keys are called that say how large one of these is."""

_LARGEST = 1 << 24
"""Vocabularies have up to a million entries."""

_MOST_TOGETHER = 200_000
"""Layers × experts of each: 61 × 384 in the largest published model."""

_PER_STORED = 32
"""Numbers of a network for each that its files hold: quantised weights are packed eight or sixteen in one."""

_SPARE = 100_000_000
"""Numbers that a network may have beyond that: 400 MB of buffers."""


def check_numbers(config: Mapping[str, Any], place: str) -> None:
    """Refuse numbers of a config (or of GGUF metadata) that no model can have.

    Raises:
        SourceError: which key, in which file.
    """
    layers = experts = 1
    for key, number in _numbers(config):
        name = key.rpartition(".")[2]
        pieces = _PIECES.search(name)
        most = _MOST_PIECES if pieces else _LARGEST if _SIZES.search(name) else None
        if most is not None and number > most:
            raise SourceError(
                f"{place}: `{key}` is {number:,}, and no model has more than {most:,}; get the file again"
            )
        if pieces and "expert" in name:
            experts = max(experts, number)
        elif pieces and ("layer" in name or "block" in name):
            layers = max(layers, number)
    if layers * experts > _MOST_TOGETHER:
        raise SourceError(
            f"{place}: {layers:,} layers of {experts:,} experts are beyond the {_MOST_TOGETHER:,} that a model may have; get "
            "the file again"
        )


def _numbers(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    """Every whole number under a key, whatever mapping it stands in."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
            yield f"{prefix}{key}", int(value)


def check_whole(architecture: Any, config: Any, stored: int, place: str) -> None:
    """Refuse a config whose network is far larger than what its files hold: the rest would be made up, in memory.

    Raises:
        SourceError: how much it asks for, and how much is there.
    """
    try:
        wanted = count_numbers(architecture, config)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # an architecture's code raises anything: the load itself will, and say what
        return
    if wanted > stored * _PER_STORED + _SPARE:
        raise SourceError(
            f"{place}: its config asks for {wanted:,} numbers, and its files hold {stored:,}; the two belong to different models"
        )


def check_memory(numbers: int, place: str) -> None:
    """Refuse to make more numbers in float32 than this machine's memory holds.

    Raises:
        SourceError: how much they would take.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if 4 * numbers > memory:
        raise SourceError(
            f"{place}: asks for {numbers:,} random numbers, {4 * numbers / 1e9:,.0f} GB, and this machine has "
            f"{memory / 1e9:,.0f} GB of memory; name a smaller shape"
        )


def count_numbers(architecture: Any, config: Any) -> int:
    """How many numbers a network of that config holds, buffers included, told without making them."""
    return _counted(architecture, _Shape(config.to_json_string(use_diff=False), config))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A config, known by what it says."""

    said: str
    config: Any = field(compare=False)


@functools.lru_cache(maxsize=8)
def _counted(architecture: Any, shape: _Shape) -> int:
    # 0.1 s for 30 layers, 0.3 s for 80.
    import torch

    with torch.device("meta"):
        network = architecture.from_config(copy.deepcopy(shape.config))
    return sum(tensor.numel() for held in (network.parameters(), network.buffers()) for tensor in held)
