"""Detoxify as a detector: any number of texts of any length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from seatrial.errors import SourceError, UsageError
from seatrial.rows.storable import storable
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.runtime import (
    batches_by_length,
    choose_device,
    lacks,
    no_progress_bars,
    read_tokenizer,
)
from seatrial_plugins.toxicity.detoxify_weights import DetoxifyWeights

__all__ = ["MAX_TOKENS", "DetoxifyDetector"]

MAX_TOKENS = 512
"""What the published models read at once; longer texts are read in pieces."""

OVERLAP = 64
"""Tokens that neighbouring pieces share."""

_READ = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "vocab.txt", "merges.txt", "*.model"),
)
"""Files of a checkpoint's folder that its scores hang on."""


class DetoxifyDetector:
    """Gives each of the model's labels the highest probability among a text's pieces.

    `Detoxify.predict` itself fails on an empty list, reads one unbounded batch, and cuts or crashes on long texts.
    """

    weak = False

    def __init__(self, weights: DetoxifyWeights, *, device: str = "auto", batch_tokens: int | None = None) -> None:
        if batch_tokens is not None and batch_tokens < 1:
            raise UsageError(f"detoxify: batch_tokens must be at least 1, not {batch_tokens}")
        self.name = weights.name
        self.labels = weights.labels
        self.reads = {weights.name: weights.digest, f"{weights.name}, config and tokenizer": _digest_of(weights.folder)}
        self._device = choose_device(device)
        self._batch_tokens = batch_tokens or (1 << 16 if self._device.type == "cuda" else 1 << 11)
        model, self._tokenizer = _built(weights)
        self._model = model.float().to(self._device).eval()
        self._capacity = min(MAX_TOKENS, _positions(model.config))

    def detect(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """One mapping a text: label → probability, a sigmoid for each label. An empty text gives zeros."""
        highest = torch.zeros(len(texts), len(self.labels))
        said = [index for index, text in enumerate(texts) if text.strip()]
        if said:
            owners, pieces = self._pieces([texts[index] for index in said])
            for batch in batches_by_length([len(piece) for piece in pieces], self._fits):
                scores = self._forward([pieces[place] for place in batch])
                owner = torch.tensor([said[owners[place]] for place in batch])
                highest.scatter_reduce_(0, owner[:, None].expand_as(scores), scores, "amax")
        return [dict(zip(self.labels, scores, strict=True)) for scores in highest.tolist()]

    def _pieces(self, texts: Sequence[str]) -> tuple[list[int], list[list[int]]]:
        """The token ids of every piece, and which text it belongs to."""
        # The Rust tokenizer itself: transformers' wrapper spends longer on each text than the model does on a GPU.
        rust = self._tokenizer.backend_tokenizer
        rust.no_padding()
        rust.enable_truncation(self._capacity, stride=min(OVERLAP, self._capacity // 4))
        # A lone surrogate cannot be encoded as UTF-8, which the tokenizer does.
        encoded = rust.encode_batch_fast([storable(text) for text in texts])
        owners, pieces = [], []
        for owner, first in enumerate(encoded):
            for piece in (first, *first.overflowing):
                owners.append(owner)
                pieces.append(piece.ids)
        return owners, pieces

    def _fits(self, pieces: int, _tokens: int, longest: int) -> bool:
        return pieces * longest <= self._batch_tokens

    def _forward(self, pieces: Sequence[Sequence[int]]) -> torch.Tensor:
        lengths = np.array([len(piece) for piece in pieces])
        inside = np.arange(lengths.max()) < lengths[:, None]
        ids = np.full(inside.shape, self._tokenizer.pad_token_id or 0)
        ids[inside] = np.concatenate(pieces)
        tokens, mask = torch.from_numpy(ids), torch.from_numpy(inside).long()
        with torch.inference_mode(), _tf32():
            logits = self._model(input_ids=tokens.to(self._device), attention_mask=mask.to(self._device)).logits
        return torch.sigmoid(logits[:, : len(self.labels)].float()).cpu()


def _built(weights: DetoxifyWeights) -> tuple[Any, Any]:
    """Model and tokenizer as Detoxify builds them, all of the model's weights out of the checkpoint.

    Not by Detoxify's own function: the classes that it looks up by the checkpoint's names may ask at the terminal whether
    they shall run the folder's code.
    """
    classifier = _classifier(weights)
    try:
        with no_progress_bars():
            config = classifier.config_class.from_pretrained(
                str(weights.folder), num_labels=weights.architecture["num_classes"], local_files_only=True
            )
            model = classifier.from_pretrained(None, config=config, state_dict=dict(weights.state))
            # The fast tokenizer, the only kind that returns overflowing pieces, and not the one that the checkpoint names.
            tokenizer = read_tokenizer(weights.folder)
    except (SourceError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # transformers has no error of its own
        other_shapes = "ignore_mismatched_sizes" in str(error)  # transformers points to its log, which is silent here
        reason = "tensors of other shapes" if other_shapes else f"{type(error).__name__}: {one_line(str(error), 200)}"
        raise SourceError(
            f"{weights.name}: transformers cannot build the checkpoint's architecture with the config and the tokenizer in "
            f"{weights.folder}; name the folder that belongs to it in the option `config` ({reason})"
        ) from error
    # transformers fills what the checkpoint lacks with random numbers.
    if missing := model.state_dict().keys() - weights.state.keys():
        raise SourceError(
            f"{weights.name}: {lacks(missing)}, which its architecture {weights.architecture['model_name']} has; get the "
            "checkpoint again, or name the folder that belongs to it in the option `config`"
        )
    if damaged := [name for name, tensor in weights.state.items() if not torch.isfinite(tensor).all()]:
        raise SourceError(
            f"{weights.name}: its tensor {min(damaged)} holds numbers that are not finite, so that no text would be found "
            "toxic; get the checkpoint again"
        )
    # More outputs than classes are right: Detoxify's unbiased models have learnt nine identities besides, to no other use.
    if model.config.num_labels < len(weights.labels):
        raise SourceError(
            f"{weights.name}: the checkpoint names {len(weights.labels)} classes for the {model.config.num_labels} outputs of "
            "its model; mend dataset.args.classes in its config"
        )
    return model, tokenizer


def _classifier(weights: DetoxifyWeights) -> Any:
    """The class of transformers that the checkpoint names."""
    name = weights.architecture["model_name"]
    found = getattr(transformers, name, None) if name.endswith("ForSequenceClassification") else None
    if not isinstance(found, type) or not issubclass(found, transformers.PreTrainedModel):
        raise SourceError(
            f"{weights.name}: the checkpoint names the architecture {one_line(name, 60)!r}; transformers "
            f"{transformers.__version__} has no sequence classifier of this name"
        )
    return found


def _digest_of(folder: Path) -> str:
    """SHA-256 of the files from which transformers builds config and tokenizer."""
    found = hashlib.sha256()
    for file in sorted(file for pattern in _READ for file in folder.glob(pattern)):
        content = file.read_bytes()
        found.update(f"{file.name} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def _positions(config: object) -> int:
    """How many tokens the model has positions for; RoBERTa's kind starts counting after its padding index."""
    positions = int(getattr(config, "max_position_embeddings", MAX_TOKENS))
    roberta = getattr(config, "model_type", "") in {"roberta", "xlm-roberta", "camembert"}
    return positions - (int(getattr(config, "pad_token_id", 1)) + 1) if roberta else positions


@contextmanager
def _tf32() -> Iterator[None]:
    """Matrix products in TF32 where the GPU has it: faster, and probabilities moved by at most 0.00095.

    Measured on an H100 with 20,000 tweets; `tests/bench/toxicity.py` prints it.
    """
    matmul = torch.backends.cuda.matmul
    before, matmul.allow_tf32 = matmul.allow_tf32, True
    try:
        yield
    finally:
        matmul.allow_tf32 = before
