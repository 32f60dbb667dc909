"""(IA)³ in training."""

from __future__ import annotations

from typing import Any

from seatrial_plugins.training.adapter_tuning import AdapterTuning
from seatrial_plugins.training.method import IA3

__all__ = ["IA3Tuning"]


class IA3Tuning(AdapterTuning):
    """Vectors that scale what layers give or take."""

    name = "ia3"

    def __init__(self, options: IA3) -> None:
        super().__init__(options)
        self._ia3 = options

    def config(self, network: Any) -> Any:
        """PEFT's IA3Config; unset modules are those that PEFT knows of the architecture."""
        from peft import IA3Config, TaskType

        del network
        named = self._ia3.target_modules
        return IA3Config(
            target_modules=named,
            feedforward_modules=None if named is None else self._ia3.feedforward_modules or [],
            task_type=TaskType.CAUSAL_LM,
        )
