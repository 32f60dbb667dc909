"""Loaders: from a resolved source to a model in memory.

torch and transformers are imported where a model is read: to check a suite, its tokenizer is enough.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import SourceError
from seatrial.model import Capability, LocalWeights, Product, ProductKind, Target
from seatrial.runs.store import atomic_folder, digest_json
from seatrial.sources import Resolved
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.adapter_files import check_adapter_files
from seatrial_plugins.huggingface.architecture import architecture_of, reads_images
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.config_file import is_classifier, read_config
from seatrial_plugins.huggingface.made_weights import make_weights
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.quiet import no_progress_bars
from seatrial_plugins.huggingface.shape_limits import check_memory, count_numbers
from seatrial_plugins.huggingface.template import asks_date
from seatrial_plugins.huggingface.trainable import TrainableNetwork
from seatrial_plugins.huggingface.weights import (
    TOKENIZER_FILES,
    Weights,
    cached_digest,
    count_parameters,
    find_weights,
    folder_digest,
)

if TYPE_CHECKING:
    from seatrial_plugins.huggingface.classifier import SequenceClassifier
    from seatrial_plugins.huggingface.held import Held
    from seatrial_plugins.huggingface.language_model import CausalModel

__all__ = ["RandomLoader", "TransformersLoader"]

_NO_DOCSTRINGS = 2
"""Of `python -OO`."""

_EXAMPLE = "seatrial_suites/tiny_llama"
"""A config and a tokenizer that are installed with seatrial."""


class TransformersLoader:
    """Safetensors or GGUF weights, run by transformers (`seatrial.model.Loader`)."""

    def __init__(self, options: LoadOptions) -> None:
        self.options = options
        self._held: Held | None = None

    def resolve(self, address: str, find: Callable[[str], Resolved], cache: Path) -> LocalWeights:
        """The weights behind the address, converted once into `cache` if they need it, with their digest.

        Raises:
            SourceError: there is no model, or none that can be opened safely.
        """
        return self._prepare(find(address).path, address, cache)

    def _prepare(self, source: Path, address: str, cache: Path) -> LocalWeights:
        if sys.flags.optimize >= _NO_DOCSTRINGS:
            raise SourceError(
                f"{address}: transformers, which runs it, makes its models by their docstrings, and this Python leaves them out "
                "(-OO, PYTHONOPTIMIZE=2); run it without"
            )
        weights = find_weights(source, address)
        if weights.kind == "config":
            return self._prepare_config(weights, address, cache)
        if weights.kind == "gguf":
            return self._prepare_gguf(weights, address, cache)
        parameters = count_parameters(weights.path)
        read_config(weights.path)
        digest = folder_digest(weights.path, cache)
        return LocalWeights(address, weights.path, digest, {"format": "safetensors", "parameters": parameters})

    def _prepare_gguf(self, weights: Weights, address: str, cache: Path) -> LocalWeights:
        from seatrial_plugins.huggingface.gguf import CONVERSION, convert

        digest = cached_digest(weights.path, cache)
        folder = cache / "models" / f"gguf-{digest[:32]}-{CONVERSION}"

        def make() -> None:
            with no_progress_bars():
                convert(weights.path, address, folder)

        making = make_weights(folder, cache, make)
        facts = {
            "format": "gguf",
            "file": weights.path.name,
            "file_sha256": digest,
            "converted_to": "safetensors, float32",
            "parameters": count_parameters(folder),
        }
        return LocalWeights(address, folder, digest_json({"gguf": digest, "conversion": CONVERSION}), facts, making)

    def _prepare_config(self, weights: Weights, address: str, cache: Path) -> LocalWeights:
        del cache
        raise SourceError(
            f"{address}: {weights.path} holds a config and no weights; add *.safetensors, or say `loader: random` for a smoke test"
        )

    def provides(self, target: Target, product: ProductKind | None) -> frozenset[Capability]:
        """What a language model can do, with or without pictures, or a sequence classifier; training starts from the weights as they came."""
        if product == "classifier" or is_classifier(_local(target).folder):
            return frozenset({"classifies"})
        able: set[Capability] = {"scores", "generates", "samples", "completes", "times"}
        pictures = reads_images(_local(target).folder)
        if pictures:
            able.add("images")
        if product is None:
            able.add("trains")
        if product == "adapter" and not pictures:  # the two are compared on text alone
            able.add("merges")
        return frozenset(able)

    @contextmanager
    def open(self, target: Target, product: Product | None = None) -> Iterator[CausalModel | SequenceClassifier]:
        """The model, with a product on top of its weights or in their place. Views of one network share it in memory.

        Raises:
            SourceError: the weights or the product cannot be loaded.
        """
        from seatrial_plugins.huggingface.held import Held

        weights = _local(target)
        folder = product.folder if product is not None and product.kind != "adapter" else weights.folder
        if is_classifier(folder):
            from seatrial_plugins.huggingface.classifier import SequenceClassifier

            yield SequenceClassifier(folder, self.options)
            return
        held = self._held
        if held is None or held.folder != folder:
            held = self._held = Held(folder, self.options, self._chat(weights))
        try:
            with held as opened:
                yield opened.model(product if product is not None and product.kind == "adapter" else None)
        finally:
            if not held.used and self._held is held:
                self._held = None

    def check_product(self, product: Product) -> None:
        """Refuse what is no whole product of its kind, from its files alone.

        Raises:
            SourceError: a file is missing, damaged, pickled or not what such a product has.
        """
        if product.kind == "adapter":
            check_adapter_files(product.folder)
        else:
            count_parameters(product.folder)
            read_config(product.folder)

    def check_fit(self, product: Product, target: Target) -> list[str]:
        """Refuse an adapter that was trained on another model: it is put onto the model's shape, without its weights.

        Returns:
            What its folder tells of another base, tokenizer or chat template.

        Raises:
            SourceError: it does not fit.
        """
        if product.kind != "adapter":
            return []
        from seatrial_plugins.huggingface.adapter import load_adapter
        from seatrial_plugins.huggingface.adapter_origin import origin_remarks
        from seatrial_plugins.huggingface.network import outline

        load_adapter(outline(_local(target).folder), product.folder)
        return list(origin_remarks(product.folder, _local(target)))

    def export_merged(self, target: Target, product: Product, folder: Path, *, asked: Mapping[str, object]) -> None:
        """The whole model (`seatrial.model.Exports`).

        Raises:
            UsageError: what was trained cannot be merged into weights.
        """
        from seatrial_plugins.huggingface.exporting import asked_dtype, write_whole

        weights = _local(target)
        with no_progress_bars():
            write_whole(weights, product, asked_dtype(asked, self.options), self._chat(weights), folder)

    def export_adapter(self, target: Target, product: Product, folder: Path) -> None:
        """The adapter alone (`seatrial.model.Exports`).

        Raises:
            UsageError: what was trained is none.
        """
        from seatrial_plugins.huggingface.exporting import write_adapter

        weights = _local(target)
        write_adapter(weights, product, self._chat(weights), folder)

    def asks_date(self, target: Target) -> bool:
        """Whether its chat template asks for today's date, and is used (`seatrial.model.AsksDate`)."""
        return self.options.chat and asks_date(_local(target).folder)

    def tokenizer(self, target: Target) -> ChatTokenizer:
        """The tokenizer alone, without the weights."""
        return self._chat(_local(target))

    def trainable(self, target: Target) -> TrainableNetwork:
        """The model for a training method."""
        weights = _local(target)
        return TrainableNetwork(weights.folder, self.options, self._chat(weights))

    def _chat(self, weights: LocalWeights) -> ChatTokenizer:
        return ChatTokenizer(weights.folder, chat=self.options.chat, system=self.options.system, date=weights.date)


def _local(target: Target) -> LocalWeights:
    assert isinstance(target, LocalWeights)  # as `resolve` gave it
    return target


class RandomLoader(TransformersLoader):
    """Seeded random weights in the shape of a config; a folder that has weights is loaded as it is."""

    def __init__(self, options: LoadOptions, seed: int) -> None:
        super().__init__(options)
        self.seed = seed

    def _prepare(self, source: Path, address: str, cache: Path) -> LocalWeights:
        """Random weights in the shape of the config at `source`, made once, in `cache`."""
        if source.is_dir() and not (source / "config.json").is_file() and not any(source.rglob("*.gguf")):
            raise SourceError(
                f"{address}: no config.json in {source}, so there is no shape to make random weights in; put a model's "
                f"config.json, tokenizer.json and tokenizer_config.json there, or try `package:{_EXAMPLE}`"
            )
        return super()._prepare(source, address, cache)

    def _prepare_config(self, weights: Weights, address: str, cache: Path) -> LocalWeights:
        if not any((weights.path / name).is_file() for name in TOKENIZER_FILES):
            raise SourceError(
                f"{address}: a config.json and no tokenizer; add the model's tokenizer.json and tokenizer_config.json"
            )
        shape = folder_digest(weights.path, cache)
        digest = digest_json({"shape": shape, "seed": self.seed, "torch": version("torch")})
        folder = cache / "models" / f"random-{digest[:32]}"
        making = make_weights(folder, cache, lambda: self._write(weights.path, folder))
        facts = {"format": "random weights", "seed": self.seed, "parameters": count_parameters(folder)}
        return LocalWeights(address, folder, digest, facts, making)

    def _write(self, shape: Path, target: Path) -> None:
        import torch

        config, architecture = read_config(shape), architecture_of(shape)
        with torch.random.fork_rng(devices=[]), no_progress_bars():
            torch.manual_seed(self.seed)
            try:
                check_memory(count_numbers(architecture, config), str(shape / "config.json"))
                network = architecture.from_config(config, dtype=torch.float32)
            except (SourceError, MemoryError, torch.OutOfMemoryError):
                raise
            except Exception as error:  # an architecture's code holds its config against nothing of its own
                raise SourceError(
                    f"{shape / 'config.json'}: transformers can make no language model of this shape; mend it, or name "
                    f"another ({type(error).__name__}: {one_line(str(error), 200)})"
                ) from error
            with atomic_folder(target) as folder:
                network.save_pretrained(folder)
                for file in shape.iterdir():
                    if file.is_file() and not (folder / file.name).exists():
                        shutil.copyfile(file, folder / file.name)
