"""An image-text model: a language model that is shown the pictures of its prompts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seatrial_plugins.huggingface.language_model import CausalModel

__all__ = ["ImageTextModel"]


class ImageTextModel(CausalModel):
    """As any causal model; what a prompt shows is opened when it is asked (`SeesImages`)."""

    @property
    def facts(self) -> Mapping[str, object]:
        """As of every language model, and what prepares its pictures."""
        images = self.chat.images
        assert images is not None  # `Held.model` makes none without
        return {**super().facts, "image_processor": type(images.processor.image_processor).__name__}

    def images_from(self, folder: Path) -> None:
        """Look for images there: a run keeps each under its `file_name`."""
        if self.chat.images is not None:
            self.chat.images.look_in(folder)
