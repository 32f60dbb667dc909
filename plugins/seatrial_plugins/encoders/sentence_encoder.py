"""A sentence encoder of BERT's kind: mean-pooled token states, L2-normalised."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModel

from seatrial.errors import UsageError
from seatrial.model import WordVectors
from seatrial_plugins.encoders.text_states import Batch, TextStates
from seatrial_plugins.encoders.vector_memory import VectorMemory
from seatrial_plugins.huggingface.runtime import check_shape, choose_device, load_whole, read_tokenizer

__all__ = ["MAX_TOKENS", "SentenceEncoder"]

MAX_TOKENS = 256
"""What all-MiniLM-L6-v2 was trained to read (`max_seq_length` in its sentence_bert_config.json); the rest is cut."""

_ELSEWHERE, _ON_A_GPU = 64, 512
"""Texts that are worked on at once: a GPU waits for many small pieces of work."""

_SHORTEST = 1e-12

_MAX_CHARACTERS = 64 * MAX_TOKENS
# Text beyond this would be cut by the tokenizer anyway, after it had spent seconds on a megabyte.


class SentenceEncoder:
    """Turns texts into unit vectors; weights, and vectors of late, are shared by all encoders of one folder and device.

    On one machine and device a text's vectors are the same to the last bit, whatever texts it is encoded with, in however
    many threads or processes (`text_states`).
    """

    def __init__(
        self, folder: Path, *, batch_size: int | None = None, device: str = "auto", scripts: Sequence[str] = ()
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise UsageError(f"encoder: batch_size must be at least 1, not {batch_size}")
        self._device = choose_device(device)
        self._batch_size = batch_size or (_ON_A_GPU if self._device.type == "cuda" else _ELSEWHERE)
        self._tokenizer, self._states = load_weights(folder, str(self._device))
        self.dimensions: int = self._states.config.hidden_size
        self.scripts = tuple(scripts)
        self._memory = memory_of(folder, str(self._device), self.dimensions)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32, shape [texts, dimensions]; zero for an empty text, and one that it cannot read."""
        return self._memory.recall(texts, self._encoded)

    def _encoded(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        said = [index for index, text in enumerate(texts) if text.strip()]
        if not said:
            return vectors
        ids = self._readable([texts[index] for index in said])

        def read(batch: Batch) -> None:
            vectors[[said[place] for place in batch.places]] = _unit(batch.means().cpu().numpy())

        self._states.map(read, ids, self._batch_size)
        return vectors

    def encode_words(self, texts: Sequence[str]) -> list[WordVectors]:
        """The words of each text with the mean of their tokens' last states, as many as the encoder reads; none of one that
        it cannot read.

        Words are those of the tokenizer: for BERT's, letters, digits and single punctuation marks.
        """
        found = [WordVectors((), np.zeros((0, self.dimensions), dtype=np.float32)) for _ in texts]
        said = [index for index, text in enumerate(texts) if text.strip()]
        if not said:
            return found
        tokenized = self._tokenized([texts[index] for index in said], return_offsets_mapping=True)

        def read(batch: Batch) -> None:
            for place, states in batch.each():
                text = texts[said[place]]
                skipped = len(text) - len(text.lstrip())
                places = _words(tokenized.word_ids(place))
                offsets = tokenized["offset_mapping"][place]
                spans = tuple((offsets[word[0]][0] + skipped, offsets[word[-1]][1] + skipped) for word in places)
                found[said[place]] = WordVectors(spans, _means(states.cpu().numpy(), places))

        self._states.map(read, self._readable([texts[index] for index in said]), self._batch_size)
        return found

    def _readable(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, none of one that is unknown to the tokenizer for the most part.

        To it all such texts are one: 'ร้านเปิดกี่โมง' and 'ลืมรหัสผ่าน' are both the token [UNK], and no more.
        """
        found: list[list[int]] = self._tokenized(texts)["input_ids"]
        unknown = self._tokenizer.unk_token_id
        suspects = [place for place, ids in enumerate(found) if unknown in ids]
        if suspects and self._tokenizer.is_fast:  # only those tell where a token stands
            offsets = self._tokenized([texts[place] for place in suspects], return_offsets_mapping=True)
            for place, spans in zip(suspects, offsets["offset_mapping"], strict=True):
                if _is_unread(texts[place].lstrip(), found[place], spans, unknown):
                    found[place] = []
        return found

    def _tokenized(self, texts: Sequence[str], **options: Any) -> Any:
        # A lone surrogate cannot be encoded as UTF-8, which the tokenizer does.
        cut = [text.lstrip()[:_MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        limit = min(MAX_TOKENS, self._states.longest)
        return self._tokenizer(cut, truncation=True, max_length=limit, **options)


def _is_unread(text: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]], unknown: int) -> bool:
    """Whether more than half of the letters, marks and pictures that were read are in unknown tokens."""
    letters = [unicodedata.category(character)[0] in "LMS" for character in text[: max(end for _, end in offsets)]]
    lost = sum(sum(letters[start:end]) for token, (start, end) in zip(ids, offsets, strict=True) if token == unknown)
    return 2 * lost > sum(letters)


def _words(word_ids: Sequence[int | None]) -> list[list[int]]:
    """The places of the tokens that make up each word."""
    places: dict[int, list[int]] = {}
    for place, word in enumerate(word_ids):
        if word is not None:
            places.setdefault(word, []).append(place)
    return list(places.values())


def _means(states: np.ndarray, places: Sequence[Sequence[int]]) -> np.ndarray:
    """Unit vectors of the words, shape [words, dimensions]."""
    if not places:
        return np.zeros((0, states.shape[-1]), dtype=np.float32)
    sums = np.zeros((len(places), states.shape[-1]))
    np.add.at(
        sums,
        [word for word, tokens in enumerate(places) for _ in tokens],
        states[[token for word in places for token in word]],
    )
    # The mean's direction is the sum's.
    return _unit(sums)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Of length 1, shape [vectors, dimensions]; each by itself, in float64 but for the last step."""
    wide = vectors.astype(np.float64)
    lengths = np.sqrt((wide * wide).sum(axis=1, keepdims=True))
    found: np.ndarray = (wide / np.maximum(lengths, _SHORTEST)).astype(np.float32)
    return found


@functools.cache
def load_weights(folder: Path, device: str) -> tuple[Any, TextStates]:
    """Tokenizer and model in `folder`, loaded once a process; the model calculates in float32.

    Raises:
        SourceError: the folder's files are damaged, lack weights that the encoder reads, or belong to no such encoder.
    """
    check_shape(folder, AutoModel)
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
    return read_tokenizer(folder), TextStates(model.to(device).eval())


@functools.cache
def memory_of(folder: Path, device: str, dimensions: int) -> VectorMemory:
    """What encoders of that folder and device have encoded of late in this process."""
    del folder, device  # they are the cache's key
    return VectorMemory(dimensions)
