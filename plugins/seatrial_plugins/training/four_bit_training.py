"""Low-rank adapters on a base whose weights are held in four bits (QLoRA)."""

from __future__ import annotations

from typing import Any

from seatrial_plugins.huggingface.runtime import ChatTokenizer, Examples, TrainableNetwork
from seatrial_plugins.training.causal_training import CausalTraining
from seatrial_plugins.training.engine import Engine, Work
from seatrial_plugins.training.lora_tuning import LoraTuning
from seatrial_plugins.training.loss import Objective, TokenLoss

__all__ = ["FourBitTraining", "FourBitTuning"]


class FourBitTuning(LoraTuning):
    """Low-rank adapters beside layers of bitsandbytes."""

    name = "qlora"
    replays = False
    """What a recorded pass gives with its kernels was never compared."""


class FourBitTraining(CausalTraining):
    """What `qlora` does with one job."""

    def _loaded(self, model: TrainableNetwork, examples: Examples, validation: Examples) -> tuple[Any, Objective]:
        del examples, validation
        network, packs = model.load_in_four_bits()
        return network, TokenLoss(packs, model.chat.images)

    def compiles(self, network: Any, work: Work) -> bool:
        """Only where asked: what compiling gains with layers of bitsandbytes was never measured."""
        return self.options.compile is True and super().compiles(network, work)

    def _told(self, engine: Engine, examples: Examples, chat: ChatTokenizer) -> dict[str, object]:
        """That the model is asked with other weights than it was trained on."""
        base = "4-bit NormalFloat, with quantised scales; what is asked has the weights as the loader loads them"
        return super()._told(engine, examples, chat) | {"trained_on": base}
