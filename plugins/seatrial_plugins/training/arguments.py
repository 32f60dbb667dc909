"""`transformers.TrainingArguments` across versions: the one place that knows which names came and went."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seatrial.errors import UsageError
from seatrial_plugins.training.options import DECAY, TrainingOptions

__all__ = ["schedule_of", "training_arguments"]

_OF_ACCELERATE = {
    "ACCELERATE_MIXED_PRECISION": "no",
    "ACCELERATE_DYNAMO_BACKEND": "no",
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "1",
    "ACCELERATE_USE_DEEPSPEED": "false",
    "ACCELERATE_USE_FSDP": "false",
    "ACCELERATE_USE_MEGATRON_LM": "false",
}
"""Variable → the value that changes nothing."""


def training_arguments(
    options: TrainingOptions, *, folder: Path, steps: int, seed: int, save_every: int, on_cpu: bool, saves: bool = True
) -> Any:
    """Arguments for a Trainer that is handed whole optimizer steps and does its own accumulation and evaluation.

    Works for transformers 4.57 to 5.x: what a version doesn't know is left out, and none of the names left out changes
    the result (each is a default of the versions that lack it).
    """
    from transformers import TrainingArguments

    _refuse_environment()
    log_every = max(1, steps // 200)
    wanted: dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 1,
        "learning_rate": options.lr,
        **schedule_of(options, steps),
        "warmup_steps": round(options.warmup * steps),
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "optim": "adamw_torch_fused",
        "logging_strategy": "steps",
        "logging_steps": log_every,
        "logging_nan_inf_filter": False,  # a NaN must be seen, not replaced by the last good loss (trl issue 6668)
        "eval_strategy": "no",
        "save_strategy": "steps" if saves else "no",
        "save_steps": -(-save_every // log_every) * log_every,  # between two logged means, a resumed one would be cut
        "seed": seed,
        "use_cpu": on_cpu,
        "report_to": [],
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
        "save_safetensors": True,  # gone in transformers 5, which writes nothing else
    }
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    with _unwarned():
        arguments = TrainingArguments(**{name: value for name, value in wanted.items() if name in known})
    # One process drives one device; without this, a Trainer that sees two GPUs wraps the model in DataParallel.
    arguments._n_gpu = min(arguments.n_gpu, 1)  # noqa: SLF001  # there is no public way
    return arguments


@contextmanager
def _unwarned() -> Iterator[None]:
    """Nothing is said of a group of processes that the Trainer has no part in: the engine adds up what they compute."""
    logger = logging.getLogger("transformers.training_args")
    logger.addFilter(_is_of_no_group)
    try:
        yield
    finally:
        logger.removeFilter(_is_of_no_group)


def _is_of_no_group(record: logging.LogRecord) -> bool:
    return "process group is initialized" not in record.getMessage()


def _refuse_environment() -> None:
    """Refuse variables by which accelerate would train in another way than the suite says, and no record would tell.

    `accelerate launch` sets some of them to what changes nothing.
    """
    for name, plain in _OF_ACCELERATE.items():
        if (value := os.environ.get(name, plain).strip().lower()) not in {plain, ""}:
            raise UsageError(
                f"the environment variable {name} is {value!r}, which would train in another way than the suite says; unset it "
                "(`model.dtype` and `train` say how a model is trained)"
            )


def schedule_of(options: TrainingOptions, steps: int) -> dict[str, Any]:
    """The learning rate's schedule, as arguments of a Trainer."""
    if options.schedule == "wsd":
        falls = {"num_decay_steps": max(1, round(DECAY * steps)), "min_lr_ratio": options.floor}
        return {"lr_scheduler_type": "warmup_stable_decay", "lr_scheduler_kwargs": falls}
    if options.floor:
        return {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr_rate": options.floor}}
    return {"lr_scheduler_type": {"constant": "constant_with_warmup"}.get(options.schedule, options.schedule)}
