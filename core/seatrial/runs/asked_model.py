"""An asked model: one beside the model on trial, which a component asks, such as a judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import UsageError
from seatrial.model import Generates

if TYPE_CHECKING:
    from seatrial.model import Target
    from seatrial.runs.on_trial import ModelOnTrial

__all__ = ["AskedModel"]


class AskedModel:
    """A model that writes, opened when it is first asked (`seatrial.model.Asked`)."""

    def __init__(self, model: ModelOnTrial) -> None:
        """Refuses, with a `UsageError`, a model that cannot write."""
        self._model = model
        if "generates" not in model.provides(None):
            raise UsageError(f"{model.address} ({model.recipe.who}) cannot write, and is to be asked")

    @property
    def address(self) -> str:
        """As the suite wrote it."""
        return self._model.address

    @property
    def key(self) -> str:
        """Equal for the same weights opened in the same way."""
        return self._model.key

    @property
    def target(self) -> Target:
        """What the address names."""
        return self._model.target

    @property
    def steady(self) -> bool:
        """Whether it is the same whenever it is asked: weights and code are, what is behind an endpoint may not be."""
        return self.target.digest is not None

    def open(self) -> Generates:
        """The model; it stays open until the run ends."""
        model = self._model.open(None, frozenset({"generates"}))
        assert isinstance(model, Generates)
        return model
