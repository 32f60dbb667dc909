"""The first edition's loaders: they go when every loader follows `seatrial.model.loading`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from seatrial.model.capabilities import CountsTokens

__all__ = ["ChecksAdapters", "LanguageModel", "ModelFiles", "ModelLoader"]


class LanguageModel(CountsTokens, Protocol):
    """A loaded model, with or without an adapter. Which capabilities it has, `isinstance` tells."""

    @property
    def facts(self) -> Mapping[str, object]:
        """What a reviewer should know: device, dtype, parameters, attention, versions. JSON values."""
        ...

    def without_adapter(self) -> Self:
        """The un-tuned base as a view on the same weights; the model itself if it has no adapter."""
        ...


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's weights on disk, ready to be loaded, and what they are."""

    folder: Path
    """Holds config.json, tokenizer files and safetensors."""
    address: str
    """What the suite said."""
    digest: str
    """SHA-256 over the weights as they came; the cache and the manifest key on it."""
    facts: Mapping[str, object]
    """Format, conversion, parameter count. JSON values."""


class ModelLoader(Protocol):
    """Turns a resolved source into a model in memory."""

    def prepare(self, source: Path, address: str, cache: Path) -> ModelFiles:
        """Convert the weights at `source` once into `cache`, if they need it, and name their digest."""
        ...

    def load(self, files: ModelFiles, adapter: Path | None = None) -> LanguageModel:
        """Load the weights, and the adapter on top of them."""
        ...

    def tokenizer(self, files: ModelFiles) -> CountsTokens:
        """The tokenizer alone, without the weights."""
        ...


@runtime_checkable
class ChecksAdapters(Protocol):
    """A loader that knows from an adapter's files alone what is wrong with them: told before anything is read or computed."""

    def check_adapter(self, folder: Path) -> None:
        """Refuse, with a `SourceError`, what is no whole adapter; the model is not needed for it."""
        ...
