"""Soft prompts (Lester et al., arXiv 2104.08691): learned vectors that stand before everything that the model reads.

Each vector is a token of its own, whose id lies behind the vocabulary and whose embedding it is. So packing, shared
prefixes, caches and CUDA graphs treat it as any other token, and a model that reads no such ids is the base.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError
from seatrial_plugins.huggingface.adapter_files import WEIGHTS
from seatrial_plugins.huggingface.merging import place_module
from seatrial_plugins.huggingface.tensor_files import read_header

__all__ = ["KIND", "TENSOR", "Prompted", "SoftPrompt", "load_prompt", "put_before", "read_vectors"]

KIND = "PROMPT_TUNING"
"""What PEFT calls an adapter of this kind."""
TENSOR = "prompt_embeddings"
"""What PEFT calls its vectors."""


class SoftPrompt(torch.nn.Module):
    """An embedding that knows more tokens than the one that it wraps."""

    def __init__(self, tokens: Any, vectors: torch.Tensor) -> None:
        super().__init__()
        self.tokens = tokens
        # By the adapter's name, as PEFT names what is not the model's own.
        self.vectors = torch.nn.ParameterDict({"default": torch.nn.Parameter(vectors)})
        self.first = int(tokens.weight.shape[0])

    @property
    def weight(self) -> torch.Tensor:
        """Of the vocabulary alone."""
        weight: torch.Tensor = self.tokens.weight
        return weight

    @property
    def ids(self) -> tuple[int, ...]:
        """The tokens that stand for the vectors, in order."""
        return tuple(range(self.first, self.first + len(self.vectors["default"])))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Embeddings, [..., width]."""
        own = ids >= self.first
        said: torch.Tensor = self.tokens(ids.masked_fill(own, 0))
        vectors = self.vectors["default"][(ids - self.first).clamp(min=0)]
        return torch.where(own[..., None], vectors.to(said.dtype), said)

    @contextlib.contextmanager
    def off(self) -> Iterator[None]:
        """Nothing to do: who feeds no vectors reads none."""
        yield

    def remove(self) -> None:
        """Nothing to do: it stands in the network's place for it, and nowhere else."""


class Prompted:
    """A network and the vectors before it, where PEFT has a model of its own."""

    def __init__(self, network: Any, prompt: SoftPrompt) -> None:
        self.network = network
        self.prompt = prompt

    def disable_adapter(self) -> AbstractContextManager[None]:
        """The network as it is without the vectors, while the block runs."""
        return self.prompt.off()


def put_before(network: Any, vectors: torch.Tensor) -> SoftPrompt:
    """Have the network know vectors, [tokens, width], as tokens behind its vocabulary."""
    tokens = network.get_input_embeddings()
    name = next(name for name, module in network.named_modules() if module is tokens)
    prompt = SoftPrompt(tokens, vectors)
    place_module(network, name, prompt)
    return prompt


def load_prompt(network: Any, folder: Path) -> Prompted:
    """The network with the vectors in `folder` known to it, in float32.

    Raises:
        SourceError: there are none, or they are not as wide as the model's.
    """
    vectors, width = read_vectors(folder), int(network.get_input_embeddings().weight.shape[1])
    count, given = vectors.shape
    if given != width:
        raise SourceError(
            f"{folder}: its {count} vectors have {given} numbers each, and the model's embeddings {width}; it was trained on "
            "another model"
        )
    device = network.get_input_embeddings().weight.device
    return Prompted(network, put_before(network, vectors.to(device)))


def read_vectors(folder: Path) -> torch.Tensor:
    """What was learned, float32, [tokens, numbers].

    Raises:
        SourceError: the file holds something else.
    """
    from safetensors.torch import load_file

    tensors = read_header(folder / WEIGHTS)
    if set(tensors) != {TENSOR} or len(tensors[TENSOR].shape) != 2:
        raise SourceError(
            f"{folder / WEIGHTS}: holds {', '.join(sorted(tensors))}, and not {TENSOR} alone; get it again"
        )
    return load_file(str(folder / WEIGHTS))[TENSOR].float()
