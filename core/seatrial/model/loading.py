"""Loaders: from an address to a model in memory, and what training may add to its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from seatrial.model.capabilities import Capability, CountsTokens, Model
from seatrial.sources import Resolved

__all__ = [
    "AsksDate",
    "ChecksFit",
    "Endpoint",
    "Exports",
    "Loader",
    "LocalWeights",
    "Product",
    "ProductKind",
    "PythonCallable",
    "Target",
    "Trainable",
]

ProductKind = Literal["adapter", "weights", "classifier"]
"""What a training method leaves.

adapter      to be put on top of the weights that it was trained on (safetensors and adapter_config.json)
weights      whole weights, which stand in place of those (a model folder)
classifier   whole weights with a head that names labels (a model folder)
"""


@dataclass(frozen=True, slots=True)
class Product:
    """What training left, or what a suite brings as `model.adapter`."""

    kind: ProductKind
    folder: Path
    digest: str
    """SHA-256 over its files."""


@dataclass(frozen=True, slots=True)
class LocalWeights:
    """Weights on this machine, ready to be opened."""

    address: str
    """What the suite said."""
    folder: Path
    """Holds config.json, tokenizer files and safetensors."""
    digest: str
    """SHA-256 over the weights as they came."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """Format, conversion, parameter count. JSON values."""
    making: str = field(default="", repr=False, compare=False)
    """Of weights that the loader made from others, in its cache: a name that is another one where they were made anew."""

    date: str = ""
    """The date that its chat template is told as today's, in ISO's form; "" where it asks for none (`AsksDate`)."""

    @property
    def identity(self) -> object:
        """The weights, wherever they lie, and the date in their prompts; every node that uses them keys on it."""
        return [self.digest, self.date] if self.date else self.digest


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model behind an address of the network: its weights cannot be seen."""

    address: str
    url: str
    model: str
    """What the server calls it."""
    facts: Mapping[str, object] = field(default_factory=dict)

    digest = None
    """There is none: what answers today may not answer tomorrow, so its transcripts are never taken from an earlier run."""

    @property
    def identity(self) -> object:
        """The address; every node that uses it keys on it."""
        return self.address


@dataclass(frozen=True, slots=True)
class PythonCallable:
    """A function of the user's that answers."""

    address: str
    module: str
    name: str
    digest: str | None = None
    """SHA-256 of the module's code; None where it has no file."""
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def identity(self) -> object:
        """The code and which function of it; every node that uses it keys on it."""
        return [self.module, self.name, self.digest]


Target = LocalWeights | Endpoint | PythonCallable


class Trainable(Protocol):
    """A model as training methods get it: what its loader was told (dtype, device, template) is done already.

    Methods and loaders share a runtime (PyTorch modules of transformers); `runtime` names it, so that a method refuses by
    name what it cannot train.
    """

    @property
    def runtime(self) -> str:
        """Such as `transformers`: what `network` and `tokenizer` are of."""
        ...


class Loader(Protocol):
    """Turns an address into a model in memory (a component of kind `models`)."""

    def resolve(self, address: str, find: Callable[[str], Resolved], cache: Path) -> Target:
        """What the address names, converted once into `cache` if it needs it.

        Args:
            address: as the suite wrote it, scheme included.
            find: resolves an address by the installed sources; raises SourceError.
            cache: a folder to keep things in between runs.

        Raises:
            SourceError: there is no model, or none that can be opened safely.
        """
        ...

    def provides(self, target: Target, product: ProductKind | None) -> frozenset[Capability]:
        """What the model can do, with such a product on top of it; told from its files alone, before anything is loaded."""
        ...

    def open(self, target: Target, product: Product | None = None) -> AbstractContextManager[Model]:
        """The model, with a product on top of it or in its place. Models of one target share its weights in memory.

        Raises:
            SourceError: the weights or the product cannot be loaded.
        """
        ...

    def check_product(self, product: Product) -> None:
        """Refuse, with a `SourceError`, what is no whole product of its kind, by its files alone; loads nothing."""
        ...

    def tokenizer(self, target: Target) -> CountsTokens:
        """The tokenizer alone, without the weights.

        Raises:
            SourceError: the model has none that can be seen.
        """
        ...

    def trainable(self, target: Target) -> Trainable:
        """The model for a training method; asked only where `provides` says `trains`."""
        ...


@runtime_checkable
class AsksDate(Protocol):
    """A loader of models whose chat template may ask for today's date. A run has one date, which is told to it on each day."""

    def asks_date(self, target: Target) -> bool:
        """Whether the target's prompts hold a date: its `date` is then set to the run's, and is empty otherwise."""
        ...


@runtime_checkable
class ChecksFit(Protocol):
    """A loader that tells, without the weights, whether a product belongs to a model."""

    def check_fit(self, product: Product, target: Target) -> Iterable[str] | None:
        """Refuse a product of another model; warnings about one that may be, as far as can be seen.

        Raises:
            SourceError: it does not fit.
        """
        ...


@runtime_checkable
class Exports(Protocol):
    """A loader that writes what a training made of a model as files that other programs open; safetensors, and no pickles."""

    def export_merged(self, target: Target, product: Product, folder: Path, *, asked: Mapping[str, object]) -> None:
        """Write the whole model into an empty folder: the product folded into the weights, or in their place.

        Args:
            target: what the product was trained on.
            product: what is exported.
            folder: where to.
            asked: what the model that was scored told of itself (`Model.facts`): this machine may choose otherwise.

        Raises:
            UsageError: it cannot be folded into them.
        """
        ...

    def export_adapter(self, target: Target, product: Product, folder: Path) -> None:
        """Write the adapter into an empty folder.

        Raises:
            UsageError: the product is none.
        """
        ...
