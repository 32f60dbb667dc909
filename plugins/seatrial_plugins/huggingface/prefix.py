"""Prefix tuning (Li & Liang, arXiv 2101.00190): keys and values that stand before those which each layer makes of a row.

As with a soft prompt, each place of the prefix is a token of its own behind the vocabulary. What the layers make of such a
token is thrown away: where they hand their keys and values to the cache, after positions are rotated into them, those of the
prefix take their place. So rows are packed, padded, cached and timed as ever, whatever attention reads them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError, UsageError
from seatrial_plugins.huggingface.merging import place_module
from seatrial_plugins.huggingface.soft_prompt import Prompted, SoftPrompt, read_vectors

__all__ = ["KIND", "Prefix", "load_prefix", "prefix_of_words", "put_prefix"]

KIND = "PREFIX_TUNING"
"""What PEFT calls an adapter of this kind."""


class Prefix(SoftPrompt):
    """An embedding that knows the prefix's tokens; their keys and values go into the network's caches."""

    def __init__(self, tokens: Any, vectors: torch.Tensor) -> None:
        """`vectors` are [tokens, 2 × layers, heads, size]: a layer's keys, then its values."""
        super().__init__(tokens, vectors)
        self._on = True
        self._handle: Any = None
        self._own: torch.Tensor | None = None
        self._index: torch.Tensor | None = None
        self._learned: tuple[torch.Tensor, ...] = ()
        self.filled: set[int] = set()
        """The layers that were handed keys and values."""

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Embeddings, [..., width]; those of the prefix's tokens are read by nothing."""
        own = ids >= self.first
        # A pass of one token goes on from a cache, in which the prefix is.
        self._own = own if self._on and ids.shape[-1] > 1 else None
        self._index = (ids - self.first).clamp(min=0)
        self._learned = self.vectors["default"].unbind(1) if self._own is not None else ()
        said: torch.Tensor = self.tokens(ids.masked_fill(own, 0))
        return said

    def fill(self, keys: torch.Tensor, values: torch.Tensor, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of this pass, [rows, heads, tokens, size], with the prefix's at its places."""
        self.filled.add(layer)
        if self._own is None:
            return keys, values
        own = self._own[:, None, :, None]
        filled = (
            torch.where(own, learned[self._index].transpose(1, 2).to(made.dtype), made)
            for learned, made in zip(self._learned[2 * layer : 2 * layer + 2], (keys, values), strict=True)
        )
        keys, values = filled
        return keys, values

    def hang_on(self, network: Any) -> None:
        """Be called before each pass of the network's layers."""
        self._handle = network.base_model.register_forward_pre_hook(self._with_cache, with_kwargs=True)

    def remove(self) -> None:
        """Be called no more."""
        if self._handle is not None:
            self._handle.remove()

    @contextlib.contextmanager
    def off(self) -> Iterator[None]:
        """While the block runs, layers see what they make themselves."""
        self._on = False
        try:
            yield
        finally:
            self._on = True

    def _with_cache(
        self, network: Any, given: tuple[Any, ...], named: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Every layer hands its keys and values to the cache: the one that the pass has, or one that keeps nothing."""
        if not self._on:
            return None
        from transformers import DynamicCache

        cache: Any = named.get("past_key_values")
        if cache is None and named.get("use_cache") is False:
            cache = DynamicCache()
            cache.update = partial(_update, self, lambda keys, values, *_rest, **_named: (keys, values))
        elif cache is None:
            cache = DynamicCache(config=network.config)
        if "update" not in vars(cache):
            cache.update = partial(_update, self, cache.update)
        return given, {**named, "past_key_values": cache}


def _update(
    prefix: Prefix, update: Any, keys: torch.Tensor, values: torch.Tensor, layer: int, *rest: Any, **named: Any
) -> Any:
    return update(*prefix.fill(keys, values, layer), layer, *rest, **named)


_NO_CACHE = (AttributeError, IndexError, TypeError, ValueError, RuntimeError)
"""What architectures raise that keep something else than keys and values, or keep them in a cache of their own."""


@torch.no_grad()
def prefix_of_words(network: Any, ids: torch.Tensor) -> torch.Tensor:
    """The keys and values that the network makes of tokens, as a prefix, float32: what it can read from the first step on.

    Li & Liang find that a prefix which begins so learns from few rows, where a random one does not (their section 7.4).

    Raises:
        UsageError: its layers do not all keep keys and values of one shape.
    """
    from transformers import DynamicCache

    cache: Any = DynamicCache()
    try:
        network(input_ids=ids[None].to(network.device), past_key_values=cache, use_cache=True)
        found = [part[0].transpose(0, 1) for layer in cache.layers for part in (layer.keys, layer.values)]
        count, *each = _shape(network)
    except _NO_CACHE:
        found, count, each = [], 1, []
    wanted = (len(ids), *each)
    if len(found) != count or any(part.shape != wanted for part in found):
        raise UsageError(
            f"train.method: prefix_tuning learns keys and values of one shape for each layer, and {type(network).__name__} keeps "
            "others; take prompt_tuning or lora"
        )
    return torch.stack(found, dim=1).float()


def put_prefix(network: Any, vectors: torch.Tensor) -> Prefix:
    """Have the network read a prefix, [tokens, 2 × layers, heads, size], where its tokens stand before a row.

    Raises:
        UsageError: not every layer takes its keys and values from a cache, so that the prefix would not be read.
    """
    tokens = network.get_input_embeddings()
    name = next(name for name, module in network.named_modules() if module is tokens)
    prefix = Prefix(tokens, vectors)
    place_module(network, name, prefix)
    prefix.hang_on(network)
    if vectors.is_meta:
        return prefix
    with torch.no_grad(), contextlib.suppress(*_NO_CACHE):
        network(input_ids=torch.tensor([[*prefix.ids, 0]], device=vectors.device), use_cache=False)
    if len(prefix.filled) != vectors.shape[1] // 2:
        prefix.remove()
        raise UsageError(
            f"a prefix of keys and values reaches {len(prefix.filled)} of the {vectors.shape[1] // 2} layers of "
            f"{type(network).__name__}, so it would not be applied whole; take prompt_tuning or lora"
        )
    return prefix


def load_prefix(network: Any, folder: Path) -> Prompted:
    """The network with the prefix in `folder` known to it, in float32.

    Raises:
        SourceError: there is none, or it does not have the shape of the model's keys and values.
    """
    vectors, (layers, heads, size) = read_vectors(folder), _shape(network)
    count, given = vectors.shape
    if given != layers * heads * size:
        raise SourceError(
            f"{folder}: its {count} places have {given} numbers each, and the keys and values of the model's {layers // 2} layers "
            f"{layers * heads * size}; it was trained on another model"
        )
    device = network.get_input_embeddings().weight.device
    try:
        return Prompted(network, put_prefix(network, vectors.to(device).view(count, layers, heads, size)))
    except UsageError as error:
        raise SourceError(f"{folder}: {error}") from error


def _shape(network: Any) -> tuple[int, int, int]:
    """Keys and values of all layers, heads, and the size of each."""
    config = network.config.get_text_config()
    queries = int(config.num_attention_heads)
    heads = int(getattr(config, "num_key_value_heads", None) or queries)
    return 2 * config.num_hidden_layers, heads, int(getattr(config, "head_dim", None) or config.hidden_size // queries)
