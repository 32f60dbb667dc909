"""Methods that learn what stands before every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import UsageError
from seatrial.model import Trainable
from seatrial_plugins.training.method import CausalMethod

if TYPE_CHECKING:
    from seatrial_plugins.training.causal_training import Tuning

__all__ = ["PrefixTuning", "PromptTuning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PromptMethod(CausalMethod):
    """Trains what stands before every row.

    Args:
        virtual_tokens: How many places; each is one of the context, and of max_length.
    """

    virtual_tokens: int = 20

    def _ranges(self) -> dict[str, tuple[bool, str]]:
        return {
            **super(_PromptMethod, self)._ranges(),
            "virtual_tokens": (
                1 <= self.virtual_tokens <= self.max_length - 2,
                f"at least 1, and with max_length = {self.max_length} at most {self.max_length - 2}",
            ),
        }

    def check(self, model: Trainable) -> None:
        """Hold what stands before a row against the model's context.

        Raises:
            UsageError: it leaves no room in it, or the model is shown pictures.
        """
        from seatrial_plugins.huggingface.runtime import TrainableNetwork

        if isinstance(model, TrainableNetwork) and model.chat.images is not None:
            raise UsageError(
                "train.method: what stands before every row is learned for models that read text alone, and this one is shown "
                "pictures; take lora"
            )
        context = model.chat.context if isinstance(model, TrainableNetwork) else None
        if context is not None and self.virtual_tokens > context - 2:
            raise UsageError(
                f"train.virtual_tokens: {self.virtual_tokens} leave no room in the model's context of {context} tokens"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTuning(_PromptMethod):
    """Learned vectors before every prompt (Lester et al., arXiv 2104.08691); the model's weights stay as they are.

    Args:
        lr: Peak learning rate of AdamW; a hundred times what LoRA takes.
    """

    lr: float = 3e-2

    def _tuning(self) -> Tuning:
        from seatrial_plugins.training.prompt_tuning import PromptTuner

        return PromptTuner(self, self.virtual_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixTuning(_PromptMethod):
    """Learned keys and values before those of every layer (Li & Liang, arXiv 2101.00190); the weights stay as they are.

    They begin as those which the model makes of words drawn from its vocabulary.

    Args:
        lr: Peak learning rate of AdamW; some fifty times what LoRA takes.
    """

    lr: float = 1e-2

    def __post_init__(self) -> None:
        super(PrefixTuning, self).__post_init__()
        if self.gradient_checkpointing:
            raise UsageError(
                "train.gradient_checkpointing: is not accepted with prefix_tuning: transformers takes the prefix away from layers "
                "that it computes again; leave it out, or lower batch_size"
            )

    def _tuning(self) -> Tuning:
        from seatrial_plugins.training.prefix_tuning import PrefixTuner

        return PrefixTuner(self, self.virtual_tokens)
