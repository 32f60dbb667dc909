"""Model folders: whole weights that load without the base they came from."""

from __future__ import annotations

import shutil
from typing import Any

from seatrial.model import LocalWeights
from seatrial.training import TrainingJob

__all__ = ["write_model"]

_WEIGHTS = (".safetensors", ".bin", ".gguf", ".index.json")


def write_model(network: Any, job: TrainingJob) -> None:
    """Write weights and config into the job's output, and the base's other files: its tokenizer, its chat template."""
    network.save_pretrained(str(job.output), safe_serialization=True)
    assert isinstance(job.target, LocalWeights)
    for file in sorted(job.target.folder.iterdir()):
        if file.is_file() and not file.name.endswith(_WEIGHTS) and not (job.output / file.name).exists():
            shutil.copyfile(file, job.output / file.name)
