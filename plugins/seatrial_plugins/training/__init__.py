"""Training: LoRA and full fine-tuning on `transformers.Trainer`, with loss on the assistant's turns only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from seatrial import MethodComponent, hookimpl

if TYPE_CHECKING:
    from seatrial.training import Method

__all__ = ["build_full", "build_lora"]


def build_lora(
    *,
    r: int = 16,
    alpha: float = 32,
    dropout: float = 0.0,
    target_modules: Literal["qv", "all-linear"] | list[str] = "qv",
    epochs: float = 3.0,
    lr: float = 2e-4,
    batch_size: int = 8,
    gradient_accumulation: int = 1,
    max_length: int = 2048,
    schedule: Literal["cosine", "linear", "constant"] = "cosine",
    warmup: float = 0.03,
    weight_decay: float = 0.0,
    max_grad_norm: float = 1.0,
    gradient_checkpointing: bool = False,
    early_stopping: dict[str, int] | None = None,
    save_every: int | None = None,
) -> Method:
    """Low-rank adapters (Hu et al., arXiv 2106.09685) on frozen weights.

    Args:
        r: Rank of the adapters.
        alpha: Scale: an adapter's product is multiplied by alpha / r.
        dropout: Probability of zeroing what an adapter reads.
        target_modules: `qv` (query and value projections), `all-linear`, or module names.
        epochs: How often each row is read; 0.5 stops half-way.
        lr: Peak learning rate of AdamW.
        batch_size: Rows of one forward pass on one device; a pass beyond the loader's `batch_tokens` is split.
        gradient_accumulation: Passes of one optimizer step. The loss is the mean over all supervised tokens of the step.
        max_length: Rows are cut after so many tokens; how many were, and what was lost, is recorded.
        schedule: Of the learning rate, after the warm-up.
        warmup: Share of the steps in which the learning rate rises from zero.
        weight_decay: Of AdamW.
        max_grad_norm: Gradients are scaled down to this norm; 0 leaves them.
        gradient_checkpointing: Recompute activations in the backward pass: less memory, a third slower.
        early_stopping: `{patience: 3, every: 50}`: stop after so many evaluations, each after so many steps (an epoch where
            unset), without a lower validation loss, and keep the best adapter.
        save_every: Steps between checkpoints; a fifth of the training where unset.
    """
    from seatrial_plugins.training.method import CausalMethod
    from seatrial_plugins.training.options import EarlyStopping, LoraOptions

    return CausalMethod(
        "lora",
        LoraOptions(
            r=r,
            alpha=alpha,
            dropout=dropout,
            target_modules=target_modules if isinstance(target_modules, str) else tuple(target_modules),
            epochs=epochs,
            lr=lr,
            batch_size=batch_size,
            gradient_accumulation=gradient_accumulation,
            max_length=max_length,
            schedule=schedule,
            warmup=warmup,
            weight_decay=weight_decay,
            max_grad_norm=max_grad_norm,
            gradient_checkpointing=gradient_checkpointing,
            early_stopping=None if early_stopping is None else EarlyStopping.parse(early_stopping),
            save_every=save_every,
        ),
    )


def build_full(
    *,
    epochs: float = 3.0,
    lr: float = 2e-5,
    batch_size: int = 8,
    gradient_accumulation: int = 1,
    max_length: int = 2048,
    schedule: Literal["cosine", "linear", "constant"] = "cosine",
    warmup: float = 0.03,
    weight_decay: float = 0.0,
    max_grad_norm: float = 1.0,
    gradient_checkpointing: bool = False,
    early_stopping: dict[str, int] | None = None,
    save_every: int | None = None,
) -> Method:
    """Full fine-tuning: every weight, in float32 (16 bytes a parameter with its gradient and AdamW's states).

    Args:
        epochs: As for `lora`.
        lr: Peak learning rate of AdamW; about a tenth of what LoRA takes.
        batch_size: As for `lora`.
        gradient_accumulation: As for `lora`.
        max_length: As for `lora`.
        schedule: As for `lora`.
        warmup: As for `lora`.
        weight_decay: As for `lora`.
        max_grad_norm: As for `lora`.
        gradient_checkpointing: As for `lora`.
        early_stopping: As for `lora`.
        save_every: As for `lora`; a checkpoint holds all weights and AdamW's states.
    """
    from seatrial_plugins.training.method import CausalMethod
    from seatrial_plugins.training.options import EarlyStopping, TrainingOptions

    return CausalMethod(
        "full",
        TrainingOptions(
            epochs=epochs,
            lr=lr,
            batch_size=batch_size,
            gradient_accumulation=gradient_accumulation,
            max_length=max_length,
            schedule=schedule,
            warmup=warmup,
            weight_decay=weight_decay,
            max_grad_norm=max_grad_norm,
            gradient_checkpointing=gradient_checkpointing,
            early_stopping=None if early_stopping is None else EarlyStopping.parse(early_stopping),
            save_every=save_every,
        ),
    )


_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "safetensors")
_IMPORTS = {name: name for name in _LIBRARIES}


@hookimpl
def seatrial_methods() -> Iterable[MethodComponent[Method]]:
    """The training methods."""
    yield MethodComponent(
        "lora",
        build_lora,
        "Low-rank adapters, trained on the assistant's turns only.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
    )
    yield MethodComponent(
        "full",
        build_full,
        "Every weight, trained on the assistant's turns only.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
    )
