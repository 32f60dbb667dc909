"""A logistic regression over sentence vectors, kept as a few KB of safetensors with its own model card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from seatrial.errors import SourceError, UsageError
from seatrial.model import Encoder

__all__ = ["EMBEDDED", "PROBE", "LinearHead"]

EMBEDDED = Path(__file__).parent / "minilm_head.safetensors"
"""The head that comes with seatrial; written by `train_head`."""

PROBE = "The quick brown fox jumps over the lazy dog."
"""Its vector is kept in the head, to recognise the encoder that the head was trained on."""

_SAME_ENCODER = 0.99
# Cosine of the probe's two vectors: 1.0 between devices and dtypes of one encoder, far lower between encoders.


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """Weights of a binary logistic regression, and where they came from."""

    weight: np.ndarray
    """float32, shape [dimensions]."""
    bias: float
    probe: np.ndarray
    """The encoder's vector of `PROBE`: float32, shape [dimensions]."""
    card: Mapping[str, str]
    """What it was trained and measured on."""

    def probability(self, vectors: np.ndarray) -> np.ndarray:
        """The probability of the positive class; shape [texts]."""
        # A matrix product would add up in another order for other numbers of texts.
        logits = (vectors.astype(np.float64) * self.weight).sum(axis=1) + self.bias
        # tanh doesn't overflow where exp would.
        return 0.5 * (1 + np.tanh(logits / 2))

    def check_encoder(self, encoder: Encoder) -> None:
        """Refuse an encoder that the head was not trained on: its probabilities would mean nothing.

        Raises:
            UsageError: the probe's vector has other dimensions, or points elsewhere.
        """
        seen = encoder.encode([PROBE])[0]
        if seen.shape != self.probe.shape:
            raise UsageError(
                f"minilm-toxicity: the head was trained on vectors of {self.probe.size} dimensions, and this encoder "
                f"gives {seen.size}; use the encoder minilm, or train a head on yours (see train_head)"
            )
        if not float(seen @ self.probe) >= _SAME_ENCODER:
            raise UsageError(
                "minilm-toxicity: the head was trained on another encoder, so its probabilities would mean nothing; "
                "use the encoder minilm, or train a head on yours (see train_head)"
            )

    def digest(self) -> str:
        """SHA-256 of weight and bias: all that probabilities depend on."""
        numbers = np.append(self.weight, self.bias).astype("<f4")
        return hashlib.sha256(numbers.tobytes()).hexdigest()

    def save(self, file: Path) -> None:
        """Write the head to one safetensors file, its card in the metadata."""
        tensors = {
            "weight": self.weight.astype(np.float32),
            "bias": np.array([self.bias], dtype=np.float32),
            "probe": self.probe.astype(np.float32),
        }
        save_file(tensors, file, metadata=dict(self.card))

    @classmethod
    def load(cls, file: Path) -> Self:
        """The head in `file`.

        Raises:
            SourceError: no file is there, or it holds no head.
        """
        try:
            with safe_open(file, framework="numpy") as stored:
                weight, bias, probe = (stored.get_tensor(name) for name in ("weight", "bias", "probe"))
                return cls(weight, float(bias[0]), probe, stored.metadata() or {})
        except (OSError, SafetensorError) as error:
            raise SourceError(
                f"minilm-toxicity: no head can be read from {file}: {error}; write one with "
                "`python -m seatrial_plugins.toxicity.train_head`"
            ) from error
