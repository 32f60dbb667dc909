"""A model for training methods: its network and its tokenizer, as its loader was told to load them."""

from __future__ import annotations

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

    def outline(self) -> Any:
        """The network without any numbers: its modules, and the shapes of their weights."""
        from seatrial_plugins.huggingface.network import outline

        return outline(self.folder)

    def skeleton(self, device: Any, dtype: str | None = None) -> tuple[Any, bool]:
        """What `load` gives, without any numbers, on a device that need not be there (`skeleton.skeleton`)."""
        from seatrial_plugins.huggingface.skeleton import skeleton

        return skeleton(self.folder, replace(self.options, dtype=dtype) if dtype else self.options, device)

    def load(self, dtype: str | None = None) -> tuple[Any, bool]:
        """The network on its device, in another dtype than the loader's if one is named; and whether batches can be packed."""
        from seatrial_plugins.huggingface.network import load_network

        return load_network(self.folder, replace(self.options, dtype=dtype) if dtype else self.options)
