"""Text states: what a transformer makes of each token of a text, the same in every bit whatever texts stand beside it.

Two things make a text's states hang on its company, by some last bits (measured with MKL on AVX-512). Products of fewer
than about 16 rows a thread are added up by other code than larger ones, so the number of texts matters, and so does the
number of threads. And padding past the next multiple of 16 tokens changes how attention is added up. So here texts are
laid end to end without padding, products are always of equally many rows, attention is taken among texts of one length,
and one thread works on a batch, however many batches are worked on at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any, TypeVar

import torch
from torch.nn import functional

__all__ = ["Batch", "TextStates"]

T = TypeVar("T")

_ROWS = {"cpu": 64}
"""Tokens of one product, by device; the last one is filled up. Fewer cost speed, more cost small batches, …"""

_ROWS_ELSEWHERE = 1024
"""… of which a GPU has none."""

_OF_BERTS_KIND = frozenset({"bert", "camembert", "roberta", "xlm-roberta"})
"""Model types whose layers are called one by one, as BERT's are."""

_COUNT_BEHIND_PADDING = _OF_BERTS_KIND - {"bert"}
"""Those of RoBERTa's kind: their first position is the one behind the padding token's index."""

_MPNETS_PADDING = 1
"""The padding token's index to MPNet, whatever its config says; its first position is the one behind, too."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some texts after the last layer."""

    places: Sequence[int]
    """Which of the texts that were given."""
    lengths: Sequence[int]
    """Their tokens."""
    states: torch.Tensor
    """The tokens of the first of them, then those of the next, …: shape [tokens, dimensions]."""

    def means(self) -> torch.Tensor:
        """The mean of each text's tokens: shape [texts, dimensions]."""
        lengths = torch.tensor(self.lengths, device=self.states.device)
        return torch.segment_reduce(self.states, "mean", lengths=lengths, axis=0)

    def each(self) -> Iterator[tuple[int, torch.Tensor]]:
        """The place and the states of each text."""
        return zip(self.places, self.states.split(list(self.lengths)), strict=True)


class TextStates:
    """A transformer in evaluation mode, whose linear layers it takes over.

    A model that is not of BERT's kind gets each text by itself, which is exact too, and slower on short ones.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._device = next(model.parameters()).device
        self._rows = _ROWS.get(self._device.type, _ROWS_ELSEWHERE)
        config = model.config
        absolute = getattr(config, "position_embedding_type", "absolute") in {None, "absolute"}
        self._apart = config.model_type not in _OF_BERTS_KIND or not absolute or bool(config.is_decoder)
        if not self._apart:
            self._first = int(config.pad_token_id) + 1 if config.model_type in _COUNT_BEHIND_PADDING else 0
            _take_over(model.encoder, self._rows)

    @property
    def config(self) -> Any:
        """The model's."""
        return self._model.config

    @property
    def longest(self) -> int:
        """Tokens of the longest text that there are positions for."""
        positions = int(self.config.max_position_embeddings)
        if self.config.model_type == "bert":
            return positions
        return positions - max(int(self.config.pad_token_id or 0), _MPNETS_PADDING) - 1

    def map(self, read: Callable[[Batch], T], ids: Sequence[Sequence[int]], most: int) -> list[T]:
        """What `read` makes of each batch, in any order; it may run in several threads, in inference mode.

        Args:
            read: called once for each batch, whose states are not kept.
            ids: the tokens of each text; one without any is in no batch.
            most: texts of all batches that are worked on at once: what a batch holds in between takes megabytes a text.
        """
        threads = torch.get_num_threads() if self._device.type == "cpu" else 1
        # Neighbours of one length share their attention; longest first, so that memory peaks at once.
        order = sorted((place for place, text in enumerate(ids) if text), key=lambda place: -len(ids[place]))
        size = max(1, min(most, len(order) + threads - 1) // threads)
        batches = [order[start : start + size] for start in range(0, len(order), size)]

        def reading(places: Sequence[int]) -> T:
            with torch.inference_mode():
                texts = [ids[place] for place in places]
                return read(Batch(places, [len(text) for text in texts], self._states(texts)))

        if threads == 1 or len(batches) < 2:
            with _one_thread():
                return list(map(reading, batches))
        with _one_thread(), ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(reading, batches))

    def _states(self, texts: Sequence[Sequence[int]]) -> torch.Tensor:
        if self._apart:
            alone = (torch.tensor([text], device=self._device) for text in texts)
            return torch.cat([self._model(input_ids=ids).last_hidden_state[0] for ids in alone])
        lengths = [len(text) for text in texts]
        filling = -sum(lengths) % self._rows
        shaped = [(length, len(list(equal))) for length, equal in groupby([*lengths, *([filling] if filling else [])])]
        tokens = torch.tensor([[*chain.from_iterable(texts), *[0] * filling]])
        positions = torch.tensor([[*chain.from_iterable(map(range, lengths)), *[0] * filling]]) + self._first
        states = self._model.embeddings(
            input_ids=tokens.to(self._device),
            token_type_ids=torch.zeros_like(tokens).to(self._device),
            position_ids=positions.to(self._device),
        )[0]
        for layer in self._model.encoder.layer:
            attended = layer.attention.output(self._attended(layer.attention.self, states, shaped), states)
            states = layer.output(layer.intermediate(attended), attended)
        return states[: sum(lengths)]

    def _attended(self, attention: Any, states: torch.Tensor, shaped: Sequence[tuple[int, int]]) -> torch.Tensor:
        """Attention of each text to itself; the texts lie end to end, `shaped` says how long and how many in a row."""
        heads = self.config.num_attention_heads
        projected = [layer(states) for layer in (attention.query, attention.key, attention.value)]
        mixed = torch.empty_like(states)
        start = 0
        for length, texts in shaped:
            end = start + length * texts
            query, key, value = (part[start:end].view(texts, length, heads, -1).transpose(1, 2) for part in projected)
            found = functional.scaled_dot_product_attention(query, key, value)
            mixed[start:end] = found.transpose(1, 2).reshape(end - start, -1)
            start = end
        return mixed


class _InBlocks(torch.nn.Module):
    """A linear layer that multiplies equally many rows at a time."""

    def __init__(self, linear: torch.nn.Linear, rows: int) -> None:
        super().__init__()
        self.weight = linear.weight
        self.bias: torch.nn.Parameter | None = linear.bias
        self._rows = rows

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Shape [rows, in] → [rows, out], a whole number of blocks."""
        found = states.new_empty(len(states), len(self.weight))
        for block, into in zip(states.split(self._rows), found.split(self._rows), strict=True):
            if self.bias is None:
                torch.mm(block, self.weight.t(), out=into)
            else:
                torch.addmm(self.bias, block, self.weight.t(), out=into)
        return found


def _take_over(model: torch.nn.Module, rows: int) -> None:
    for part in list(model.modules()):
        for name, layer in part.named_children():
            if isinstance(layer, torch.nn.Linear):
                setattr(part, name, _InBlocks(layer, rows))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Until the block ends, this thread's work is its own; what it starts counts for itself."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
