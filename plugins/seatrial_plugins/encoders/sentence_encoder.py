"""A sentence encoder of BERT's kind: mean-pooled token states, L2-normalised."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel

from seatrial.errors import UsageError
from seatrial.model import WordVectors
from seatrial_plugins.encoders.vector_memory import VectorMemory
from seatrial_plugins.models.config_file import read_config
from seatrial_plugins.models.tensor_files import read_header, weight_files
from seatrial_plugins.models.tokenizer_files import read_tokenizer
from seatrial_plugins.models.whole_load import load_whole

__all__ = ["MAX_TOKENS", "SentenceEncoder"]

MAX_TOKENS = 256
"""What all-MiniLM-L6-v2 was trained to read (`max_seq_length` in its sentence_bert_config.json); the rest is cut."""

_MAX_CHARACTERS = 64 * MAX_TOKENS
# Text beyond this would be cut by the tokenizer anyway, after it had spent seconds on a megabyte.


class SentenceEncoder:
    """Turns texts into unit vectors; weights, and vectors of late, are shared by all encoders of one folder and device."""

    def __init__(self, folder: Path, *, batch_size: int = 64, device: str = "auto") -> None:
        if batch_size < 1:
            raise UsageError(f"encoder: batch_size must be at least 1, not {batch_size}")
        self._batch_size = batch_size
        self._device = torch_device(device)
        self._tokenizer, self._model = load_weights(folder, str(self._device))
        self.dimensions: int = self._model.config.hidden_size
        self._memory = memory_of(folder, str(self._device), self.dimensions)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32, shape [texts, dimensions]; an empty text gives a zero vector."""
        return self._memory.recall(texts, self._encoded)

    def _encoded(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        said = [index for index, text in enumerate(texts) if text.strip()]
        if not said:
            return vectors
        ids = self._tokenized([texts[index] for index in said])["input_ids"]
        for batch in self._batches(ids):
            states, mask = self._forward([ids[place] for place in batch])
            weights = mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * weights).sum(dim=1) / weights.sum(dim=1)
            vectors[[said[place] for place in batch]] = torch.nn.functional.normalize(pooled, dim=1).cpu().numpy()
        return vectors

    def encode_words(self, texts: Sequence[str]) -> list[WordVectors]:
        """The words of each text with the mean of their tokens' last states, as many as the encoder reads.

        Words are those of the tokenizer: for BERT's, letters, digits and single punctuation marks.
        """
        found = [WordVectors((), np.zeros((0, self.dimensions), dtype=np.float32)) for _ in texts]
        said = [index for index, text in enumerate(texts) if text.strip()]
        if not said:
            return found
        tokenized = self._tokenized([texts[index] for index in said], return_offsets_mapping=True)
        for batch in self._batches(tokenized["input_ids"]):
            states, _ = self._forward([tokenized["input_ids"][place] for place in batch])
            for row, place in enumerate(batch):
                text = texts[said[place]]
                skipped = len(text) - len(text.lstrip())
                places = _words(tokenized.word_ids(place))
                offsets = tokenized["offset_mapping"][place]
                spans = tuple((offsets[word[0]][0] + skipped, offsets[word[-1]][1] + skipped) for word in places)
                found[said[place]] = WordVectors(spans, _means(states[row], places))
        return found

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        # Neighbours of like length waste no work on padding; longest first, so that memory peaks at once.
        order = sorted(range(len(ids)), key=lambda place: -len(ids[place]))
        for start in range(0, len(order), self._batch_size):
            yield order[start : start + self._batch_size]

    def _tokenized(self, texts: Sequence[str], **options: Any) -> Any:
        # A lone surrogate cannot be encoded as UTF-8, which the tokenizer does.
        cut = [text.lstrip()[:_MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        limit = min(MAX_TOKENS, int(self._model.config.max_position_embeddings))
        return self._tokenizer(cut, truncation=True, max_length=limit, **options)

    def _forward(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """The last states, shape [texts, tokens, dimensions], and which of the tokens are the texts'."""
        longest = max(len(text) for text in ids)
        tokens = torch.full((len(ids), longest), self._tokenizer.pad_token_id or 0)
        mask = torch.zeros((len(ids), longest), dtype=torch.long)
        for place, text in enumerate(ids):
            tokens[place, : len(text)] = torch.tensor(text)
            mask[place, : len(text)] = 1
        with torch.inference_mode():
            mask = mask.to(self._device)
            return self._model(input_ids=tokens.to(self._device), attention_mask=mask).last_hidden_state, mask


def _words(word_ids: Sequence[int | None]) -> list[list[int]]:
    """The places of the tokens that make up each word."""
    places: dict[int, list[int]] = {}
    for place, word in enumerate(word_ids):
        if word is not None:
            places.setdefault(word, []).append(place)
    return list(places.values())


def _means(states: torch.Tensor, places: Sequence[Sequence[int]]) -> np.ndarray:
    """Unit vectors of the words, shape [words, dimensions]."""
    owner = torch.tensor([word for word, tokens in enumerate(places) for _ in tokens], device=states.device)
    tokens = torch.tensor([token for word in places for token in word], device=states.device)
    if not len(places):
        return np.zeros((0, states.shape[-1]), dtype=np.float32)
    sums = torch.zeros((len(places), states.shape[-1]), dtype=states.dtype, device=states.device)
    sums.index_add_(0, owner, states[tokens])
    # The mean's direction is the sum's.
    return torch.nn.functional.normalize(sums, dim=1).cpu().numpy()


def torch_device(name: str) -> torch.device:
    """The device called `name`; `auto` is a GPU where there is one.

    Raises:
        UsageError: torch knows no such device, or this machine has none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"device {name!r}: torch knows no such device; say auto, cpu, cuda or cuda:1") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"device {name!r}: this machine has {torch.cuda.device_count()} GPUs; say auto or cpu")
    return device


@functools.cache
def load_weights(folder: Path, device: str) -> tuple[Any, Any]:
    """Tokenizer and model in `folder`, loaded once a process: (tokenizer, float32 model in evaluation mode).

    Raises:
        SourceError: the folder's files are damaged, lack weights that the encoder reads, or belong to no such encoder.
    """
    read_config(folder)
    for file in weight_files(folder):
        read_header(file)
    model = load_whole(
        AutoModel,
        str(folder),
        unused="pooler.",  # vectors are means of the last states
        pretrained_model_name_or_path=str(folder),
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
    )
    return read_tokenizer(folder), model.to(device).eval()


@functools.cache
def memory_of(folder: Path, device: str, dimensions: int) -> VectorMemory:
    """What encoders of that folder and device have encoded of late in this process."""
    del folder, device  # they are the cache's key
    return VectorMemory(dimensions)
