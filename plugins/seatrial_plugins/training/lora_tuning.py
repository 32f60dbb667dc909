"""LoRA and its kin in training: rsLoRA, DoRA, PiSSA."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from seatrial.training import TrainingJob
from seatrial_plugins.training.adapter_tuning import AdapterTuning
from seatrial_plugins.training.low_rank import in_network_dtype
from seatrial_plugins.training.method import Lora

__all__ = ["LoraTuning"]

_FIRST = "first"
"""The adapter as it began, below a folder."""


class LoraTuning(AdapterTuning):
    """Low-rank adapters."""

    name = "lora"

    def __init__(self, options: Lora) -> None:
        super().__init__(options)
        self._lora = options
        self._folder: TemporaryDirectory[str] | None = None

    def config(self, network: Any) -> Any:
        """PEFT's LoraConfig."""
        from peft import LoraConfig, TaskType

        options = self._lora
        shape_only = next(network.parameters()).is_meta  # nothing to take singular values of
        return LoraConfig(
            r=options.r,
            lora_alpha=options.alpha,
            lora_dropout=options.dropout,
            target_modules=_targets(network, options.target_modules),
            bias="none",
            task_type=TaskType.CAUSAL_LM,
            use_rslora=options.rslora,
            use_dora=options.dora,
            init_lora_weights="pissa" if options.init == "pissa" and not shape_only else True,
        )

    def attach(self, network: Any) -> Any:
        """The network with fresh adapters; those that took something out of the weights are kept as they began."""
        adapted = super().attach(network)
        in_network_dtype(adapted)
        if self._lora.init == "pissa":
            config = adapted.peft_config["default"]
            config.init_lora_weights = True  # or reading it would take the same out of the weights again
            self._folder = TemporaryDirectory(prefix="seatrial-", ignore_cleanup_errors=True)
            adapted.save_pretrained(self._first, safe_serialization=True, save_embedding_layers=False)
            config.init_lora_weights = "pissa"
        return adapted

    def acts(self, trained: Mapping[str, torch.Tensor], before: Mapping[str, torch.Tensor]) -> bool:
        """As it says for any; one that began at zero does nothing while its B matrices are zero."""
        if self._lora.init == "zero" and not self._lora.dora:
            return any(
                bool(tensor.any()) for name, tensor in trained.items() if "lora_B" in name or "lora_embedding_B" in name
            )
        return super().acts(trained, before)

    def save(self, network: Any, job: TrainingJob) -> None:
        """Write a plain adapter: what one began with that was taken out of the weights is subtracted again."""
        if self._lora.init == "zero":
            super().save(network, job)
            return
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="PiSSA changes the base weights")  # which this takes back
            network.save_pretrained(
                str(job.output),
                safe_serialization=True,
                save_embedding_layers=False,
                path_initial_model_for_weight_conversion=self._first,
            )

    @property
    def _first(self) -> str:
        assert self._folder is not None  # `attach` comes first
        return str(Path(self._folder.name) / _FIRST)


def _targets(network: Any, wanted: str | list[str]) -> list[str] | str | None:
    if wanted != "qv":
        return wanted
    names = {name.rpartition(".")[2] for name, _ in network.named_modules()}
    # Elsewhere they are called or fused otherwise, and PEFT knows how for each architecture.
    return ["q_proj", "v_proj"] if {"q_proj", "v_proj"} <= names else None
