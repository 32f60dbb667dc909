"""A model for training methods: its network and its tokenizer, as its loader was told to load them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.options import LoadOptions

__all__ = ["TrainableNetwork"]


@dataclass(frozen=True, slots=True)
class TrainableNetwork:
    """PyTorch modules of transformers (`seatrial.model.Trainable`)."""

    folder: Path
    options: LoadOptions
    chat: ChatTokenizer

    runtime = "transformers"

    def config(self) -> dict[str, Any]:
        """What the model's config says, by name."""
        from seatrial_plugins.huggingface.config_file import read_config

        told: dict[str, Any] = read_config(self.folder).to_dict()
        return told

    def outline(self) -> Any:
        """The network without any numbers: its modules, and the shapes of their weights."""
        from seatrial_plugins.huggingface.network import outline

        return outline(self.folder)

    def skeleton(self, device: Any, dtype: str | None = None) -> tuple[Any, bool]:
        """What `load` gives, without any numbers, on a device that need not be there (`skeleton.skeleton`)."""
        from seatrial_plugins.huggingface.skeleton import skeleton

        return skeleton(self.folder, self._options(dtype), device)

    def load_classifier(self, labels: Sequence[str], dtype: str | None = None) -> Any:
        """The network with a fresh head that names labels (`fresh_classifier`); dtype as for `load`."""
        from seatrial_plugins.huggingface.fresh_classifier import fresh_classifier

        tokenizer = self.chat.tokenizer
        ids = (tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
        padding = next(token for token in ids if token is not None)
        return fresh_classifier(self.folder, self._options(dtype), labels, padding)

    def load(self, dtype: str | None = None) -> tuple[Any, bool]:
        """The network on its device, in another dtype than the loader's if one is named; and whether batches can be packed."""
        from seatrial_plugins.huggingface.network import load_network

        return load_network(self.folder, self._options(dtype))

    def load_in_four_bits(self) -> tuple[Any, bool]:
        """As `load`, with the weights of linear layers in 4 bits."""
        from seatrial_plugins.huggingface.network import load_network

        return load_network(self.folder, self.options, four_bits=True)

    def _options(self, dtype: str | None) -> LoadOptions:
        return replace(self.options, dtype=dtype) if dtype else self.options
