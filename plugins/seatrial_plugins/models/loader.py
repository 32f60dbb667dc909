"""Loaders: from a resolved source to a model in memory."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import SourceError
from seatrial.model import ModelFiles
from seatrial.store import atomic_folder, digest_json
from seatrial_plugins.models.adapter import load_adapter
from seatrial_plugins.models.chat import ChatTokenizer
from seatrial_plugins.models.device import choose_device, choose_dtype
from seatrial_plugins.models.language_model import CausalModel
from seatrial_plugins.models.packed_attention import ATTENTION
from seatrial_plugins.models.packing import caps_scores, packing_is_exact
from seatrial_plugins.models.weights import Weights, cached_digest, count_parameters, find_weights, folder_digest

__all__ = ["LoadOptions", "RandomLoader", "TransformersLoader", "load_network"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The options of a loader, as the suite gives them."""

    dtype: str = "auto"
    device: str = "auto"
    attention: str = "auto"
    chat: bool = True
    system: str | None = None
    batch_tokens: int = 4096


def load_network(folder: Path, options: LoadOptions) -> tuple[Any, bool]:
    """The transformers model on its device, and whether batches can be packed for it.

    Nothing is fetched, no code of the folder is run, no pickle is opened.
    """
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device)
    if options.attention != "auto":
        return _read_network(folder, dtype, options.attention).to(device).eval(), False
    try:
        network = _read_network(folder, dtype, ATTENTION).to(device).eval()
    except _NotReplaceableError:
        network = None
    if network is not None and packing_is_exact(network, network.config.get_text_config().vocab_size, device):
        return network, True
    # Read again rather than told to change its attention: some architectures settle it, and their masks, when they are built.
    attention = "eager" if network is not None and caps_scores(network.config) else None
    del network
    return _read_network(folder, dtype, attention).to(device).eval(), False


class _NotReplaceableError(Exception):
    """The architecture knows only attentions of its own."""


def _read_network(folder: Path, dtype: torch.dtype, attention: str | None) -> Any:
    """The transformers model, with the attention that is named or else with the one that transformers prefers for it."""
    from transformers import AutoModelForCausalLM

    named = {} if attention is None else {"attn_implementation": attention}
    with _no_progress_bars():
        try:
            return AutoModelForCausalLM.from_pretrained(
                str(folder), dtype=dtype, local_files_only=True, trust_remote_code=False, use_safetensors=True, **named
            )
        except (KeyError, ValueError) as error:
            if attention == ATTENTION and ("attn_implementation" in str(error) or ATTENTION in str(error)):
                raise _NotReplaceableError from error
            if isinstance(error, KeyError):
                raise
            raise SourceError(f"{folder}: transformers cannot load this model: {error}") from error


class TransformersLoader:
    """Safetensors or GGUF weights, run by transformers (`seatrial.model.ModelLoader`)."""

    def __init__(self, options: LoadOptions) -> None:
        self.options = options

    def prepare(self, source: Path, address: str, cache: Path) -> ModelFiles:
        """Convert the weights at `source` once into `cache`, if they need it, and name their digest.

        Raises:
            SourceError: there is no model, or none that can be opened safely.
        """
        weights = find_weights(source, address)
        if weights.kind == "config":
            return self._prepare_config(weights, address, cache)
        if weights.kind == "gguf":
            return self._prepare_gguf(weights, address, cache)
        return ModelFiles(
            weights.path,
            address,
            folder_digest(weights.path, cache),
            {"format": "safetensors", "parameters": count_parameters(weights.path)},
        )

    def _prepare_gguf(self, weights: Weights, address: str, cache: Path) -> ModelFiles:
        from seatrial_plugins.models.gguf import CONVERSION, convert

        digest = cached_digest(weights.path, cache)
        folder = cache / "models" / f"gguf-{digest[:32]}-{CONVERSION}"
        if not (folder / "conversion.json").is_file():
            with _no_progress_bars():
                convert(weights.path, address, folder)
        facts = {
            "format": "gguf",
            "file": weights.path.name,
            "file_sha256": digest,
            "converted_to": "safetensors, float32",
            "parameters": count_parameters(folder),
        }
        return ModelFiles(folder, address, digest_json({"gguf": digest, "conversion": CONVERSION}), facts)

    def _prepare_config(self, weights: Weights, address: str, cache: Path) -> ModelFiles:
        del cache
        raise SourceError(
            f"{address}: {weights.path} holds a config and no weights; add *.safetensors, or say `loader: random` for a smoke test"
        )

    def load(self, files: ModelFiles, adapter: Path | None = None) -> CausalModel:
        """Load the weights, and the adapter on top of them.

        Raises:
            SourceError: the weights or the adapter cannot be loaded.
        """
        network, packs = load_network(files.folder, self.options)
        if adapter is not None:
            network = load_adapter(network, adapter)
        network.requires_grad_(False)  # torch's own signature
        return CausalModel(network, self._chat(files), batch_tokens=self.options.batch_tokens, packs=packs)

    def tokenizer(self, files: ModelFiles) -> ChatTokenizer:
        """The tokenizer alone, without the weights."""
        return self._chat(files)

    def _chat(self, files: ModelFiles) -> ChatTokenizer:
        return ChatTokenizer(files.folder, chat=self.options.chat, system=self.options.system)


class RandomLoader(TransformersLoader):
    """Seeded random weights in the shape of a config; a folder that has weights is loaded as it is."""

    def __init__(self, options: LoadOptions, seed: int) -> None:
        super().__init__(options)
        self.seed = seed

    def _prepare_config(self, weights: Weights, address: str, cache: Path) -> ModelFiles:
        shape = folder_digest(weights.path, cache)
        digest = digest_json({"shape": shape, "seed": self.seed, "torch": torch.__version__})
        folder = cache / "models" / f"random-{digest[:32]}"
        if not folder.is_dir():
            self._write(weights.path, folder)
        facts = {"format": "random weights", "seed": self.seed, "parameters": count_parameters(folder)}
        return ModelFiles(folder, address, digest, facts)

    def _write(self, shape: Path, target: Path) -> None:
        from transformers import AutoConfig, AutoModelForCausalLM

        config = AutoConfig.from_pretrained(str(shape), local_files_only=True, trust_remote_code=False)
        with torch.random.fork_rng(devices=[]), _no_progress_bars():
            torch.manual_seed(self.seed)
            network = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
            with atomic_folder(target) as folder:
                network.save_pretrained(folder)
                for file in shape.iterdir():
                    if file.is_file() and not (folder / file.name).exists():
                        shutil.copyfile(file, folder / file.name)


@contextlib.contextmanager
def _no_progress_bars() -> Iterator[None]:
    """The terminal is the run's, not the library's."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    verbosity = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()
