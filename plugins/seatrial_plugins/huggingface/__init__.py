"""Models: weights from a folder or a GGUF file, loaded by transformers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from seatrial import LoaderComponent, hookimpl
from seatrial.model import Capability

if TYPE_CHECKING:
    from seatrial.model import Loader

__all__ = ["random", "transformers"]


def transformers(
    *,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto",
    device: str = "auto",
    attention: Literal["auto", "sdpa", "eager"] = "auto",
    chat: bool = True,
    system: str | None = None,
    batch_tokens: int = 4096,
) -> Loader:
    """A language model as transformers loads it: one that reads text, or one that is shown pictures as well.

    Args:
        dtype: Of the weights. `auto` is bfloat16 where the device computes in it natively, float32 elsewhere.
        device: `auto` takes the first GPU if there is one; else a name that torch knows (`cpu`, `cuda:1`, `mps`).
        attention: `auto` packs rows and shares their common prefix, and pads those of models that are shown pictures; `sdpa` and
            `eager` pad, with transformers' own kernels.
        chat: Render conversations with the tokenizer's chat template; false writes the turns' texts line by line, behind what
            the tokenizer puts before a text by itself. Control tokens that a text holds are read as text either way.
        system: A system turn for conversations that bring none; unset leaves that to the chat template.
        batch_tokens: How many tokens one forward pass may hold.
    """
    from seatrial_plugins.huggingface.loader import TransformersLoader
    from seatrial_plugins.huggingface.options import LoadOptions

    return TransformersLoader(LoadOptions(dtype, device, attention, chat, system, batch_tokens))


def random(
    *,
    seed: int = 0,
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "float32",
    device: str = "auto",
    attention: Literal["auto", "sdpa", "eager"] = "auto",
    chat: bool = True,
    system: str | None = None,
    batch_tokens: int = 4096,
) -> Loader:
    """An untrained model: a folder with a config and a tokenizer gets seeded random weights, written once to the cache.

    For smoke tests: every part of a run works on it in seconds, and its scores mean nothing.

    Args:
        seed: Of the weights.
        dtype: Of the weights in memory, as for `transformers`.
        device: As for `transformers`.
        attention: As for `transformers`.
        chat: As for `transformers`.
        system: As for `transformers`.
        batch_tokens: As for `transformers`.
    """
    from seatrial_plugins.huggingface.loader import RandomLoader
    from seatrial_plugins.huggingface.options import LoadOptions

    return RandomLoader(LoadOptions(dtype, device, attention, chat, system, batch_tokens), seed)


@hookimpl
def seatrial_models() -> Iterable[LoaderComponent[Loader]]:
    """The two loaders."""
    provides = frozenset[Capability](
        {"scores", "generates", "samples", "completes", "classifies", "times", "trains", "images", "merges"}
    )
    libraries = ("torch", "transformers", "peft", "tokenizers", "safetensors", "gguf", "jinja2", "pillow")
    yield LoaderComponent(
        "transformers",
        transformers,
        "Safetensors or GGUF weights on disk, run by transformers: language models, with or without pictures, and sequence classifiers.",
        provides=provides,
        schemes=frozenset({"hf", "path", "package"}),
        libraries=libraries,
        imports={"torch": "seatrial[train]", "transformers": "seatrial[train]"},
    )
    yield LoaderComponent(
        "random",
        random,
        "Seeded random weights in the shape of a config: for smoke tests.",
        provides=provides,
        libraries=libraries,
        imports={"torch": "seatrial[train]", "transformers": "seatrial[train]"},
    )
