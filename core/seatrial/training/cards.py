"""Cards: what the datasheets of some GPUs say, and how long work takes on one, by the roofline.

Williams, Waterman & Patterson (2009), "Roofline", CACM 52(4): work takes as long as its arithmetic at the rate of the
device's units, or as its bytes at the bandwidth of its memory. Neither rate is reached in full. The shares are those by which
five trainings of the Llama-3-8B shape come out within 3% that were measured on an H100 (plain transformers and PEFT, LoRA on
query and value or on all linear layers, rows of 512 tokens, with and without recomputation: 13,050 to 6,102 tokens a second).
They stand for every card here, so the seconds are an estimate; a probe of some steps makes a measurement of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seatrial.training.cost import TrainingCost, Work

__all__ = ["CARDS", "DISK", "Card", "Fit", "card_named"]

_PRODUCTS = 0.80
_TRAFFIC = 0.68

_LAUNCH = 12e-6
"""Seconds that the host takes for one operation, forward from Python and backward from autograd, in the mean."""
_KERNEL = 7e-6
"""Seconds that a kernel takes at least, with what lies between two of a recorded graph: on an H200 a step of SmolLM2-135M with
adapters on all linear layers, some 6,000 to 8,000 kernels, took 61 ms from graphs."""

DISK = 1.0e9
"""Bytes a second that checkpoints are written at."""

_CONTEXT = 700 << 20
"""Bytes that driver and libraries take beside the training's tensors (CUDA context, loaded kernels)."""
_FRAGMENTS = 1.08
"""The allocator reserves more than it hands out: blocks that are free, and in which nothing fits."""

_MIB = 1 << 20

_OTHER = frozenset({"PCIE", "NVL", "GH200", "40GB", "LAPTOP", "MIG", "D", "ADA"})
"""Words of builds with other rates than the listed ones."""

Fit = Literal["fits", "tight", "no"]
"""fits: with room for what lies between tensors; tight: without it; no."""


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU, by its datasheet: dense rates, without sparsity."""

    name: str
    memory: int
    """Bytes that its driver tells of (`nvidia-smi`), error correction taken off."""
    products: float
    """Floating-point operations a second of matrix units, 16-bit in, 32-bit sums."""
    products32: float
    """Of 32-bit ones, as torch multiplies by default (no TF32)."""
    bandwidth: float
    """Bytes a second of its memory."""
    watts: int
    """What it may draw at most (TDP)."""
    source: str

    def seconds(self, work: Work) -> float:
        """How long work takes, arithmetic and traffic one after the other; at least as long as its launches."""
        arithmetic = work.products / (self.products * _PRODUCTS) + work.products32 / (self.products32 * _PRODUCTS)
        busy = max(arithmetic + work.traffic / (self.bandwidth * _TRAFFIC), (work.launches + work.kernels) * _KERNEL)
        return max(busy, work.launches * _LAUNCH)

    def training_seconds(self, cost: TrainingCost) -> float:
        """How long a training takes, its evaluations and checkpoints included."""
        return sum(map(self.seconds, cost.steps)) + self.seconds(cost.validation) + cost.written / DISK

    def fit(self, peak: int) -> Fit:
        """Whether tensors of so many bytes have room."""
        if peak * _FRAGMENTS + _CONTEXT <= self.memory:
            return "fits"
        return "tight" if peak + _CONTEXT <= self.memory else "no"


CARDS = (
    Card("L4 24 GB", 23034 * _MIB, 121e12, 30.3e12, 300e9, 72, "NVIDIA L4 datasheet (2023)"),
    Card("RTX 4090 24 GB", 24564 * _MIB, 165.2e12, 82.6e12, 1008e9, 450, "NVIDIA Ada architecture whitepaper, table 2"),
    Card("RTX A6000 48 GB", 49140 * _MIB, 154.8e12, 38.7e12, 768e9, 300, "NVIDIA RTX A6000 datasheet (2021)"),
    Card("L40S 48 GB", 46068 * _MIB, 362e12, 91.6e12, 864e9, 350, "NVIDIA L40S datasheet (2023)"),
    Card("A100 80 GB", 81920 * _MIB, 312e12, 19.5e12, 2039e9, 400, "NVIDIA A100 datasheet, SXM (2021)"),
    Card("H100 80 GB", 81559 * _MIB, 989e12, 67e12, 3350e9, 700, "NVIDIA H100 datasheet, SXM (2023)"),
    Card("H200 141 GB", 143771 * _MIB, 989e12, 67e12, 4800e9, 700, "NVIDIA H200 datasheet, SXM (2024)"),
)
"""By memory and rate: two of 24 GB, two of 48, two of 80, one of 141."""


def card_named(device: str) -> Card | None:
    """The card of a device's name, as drivers say it (`NVIDIA H100 80GB HBM3`); None for one that is not listed.

    A card of another build (PCIe, a laptop) than the listed one has other rates, and is not taken for it.
    """
    said = device.upper().replace("-", " ").split()
    if _OTHER & set(said):
        return None
    return next((card for card in CARDS if set(_model(card)) <= set(said)), None)


def _model(card: Card) -> list[str]:
    return card.name.upper().split()[:-2]
