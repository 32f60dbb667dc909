"""A network in memory, and the views on it: with an adapter, with another, or with none."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from seatrial.model import Product
from seatrial_plugins.huggingface.adapter import load_adapter
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.language_model import CausalModel
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions

__all__ = ["Held"]


class Held:
    """One folder's weights, loaded when a view is first asked for, and let go with the last view that uses them."""

    def __init__(self, folder: Path, options: LoadOptions, chat: ChatTokenizer) -> None:
        self.folder = folder
        self.used = 0
        """How many views are open."""
        self._options = options
        self._chat = chat
        self._network: Any = None
        self._packs = False
        self._adapter: str | None = None
        """The digest of the adapter that is on the network."""

    def __enter__(self) -> Self:
        self.used += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.used -= 1
        if not self.used:
            self._network = None

    def model(self, adapter: Product | None) -> CausalModel:
        """A view on the network: with that adapter, or as it is without any.

        Raises:
            SourceError: the weights or the adapter cannot be loaded.
        """
        if self._network is None:
            self._network, self._packs = load_network(self.folder, self._options)
            self._adapter = None
        if adapter is not None and self._adapter != adapter.digest:
            bare = self._network if self._adapter is None else self._network.unload()
            self._network, self._adapter = bare, None  # where the next line fails, the weights are as they came
            self._network = load_adapter(bare, adapter.folder)
            self._adapter = adapter.digest
        self._network.requires_grad_(False)  # torch's own signature
        return CausalModel(
            self._network,
            self._chat,
            batch_tokens=self._options.batch_tokens,
            packs=self._packs,
            adapter_off=adapter is None and self._adapter is not None,
        )
