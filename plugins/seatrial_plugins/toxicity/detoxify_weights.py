"""Detoxify's checkpoints: found, downloaded where that is allowed, held against their hash, read without executing pickles.

Detoxify's releases pin each file by the start of its SHA-256, which stands in its name (`toxic_original-c1212f89.ckpt`).
torch holds a download against it, and a file that is in its cache never again; here it is held against it every time.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from detoxify.detoxify import MODEL_URLS
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from seatrial.errors import SourceError, UsageError
from seatrial.sources import offline
from seatrial.terminal.legible import one_line

__all__ = ["DetoxifyWeights", "local_weights", "published_weights"]

Held = TypeVar("Held")

_STANDARD_NAMES = {"toxic": "toxicity", "identity_hate": "identity_attack", "severe_toxic": "severe_toxicity"}
# The first Jigsaw challenge named its classes differently from the later ones; Detoxify unifies them the same way.

_ARCHITECTURE_FILES = ("*.json", "*.txt", "*.model")
# Config and tokenizer, not the weights, which the checkpoint replaces.


@dataclass(frozen=True, slots=True, eq=False)
class DetoxifyWeights:
    """One checkpoint, ready to be built."""

    name: str
    """`detoxify/original`, or `detoxify` with the checkpoint's file name."""
    labels: tuple[str, ...]
    """What the model's first outputs mean, in order; there may be more."""
    architecture: Mapping[str, Any]
    """As the checkpoint gives it: `model_name`, the class in transformers, `num_classes`, and what is not read."""
    folder: Path
    """Holds config.json and the tokenizer's files."""
    state: Mapping[str, torch.Tensor]
    digest: str
    """SHA-256 of the checkpoint's bytes."""


def local_weights(checkpoint: str, config: str | None = None, sha256: str | None = None) -> DetoxifyWeights:
    """The checkpoint in a local file; nothing is fetched.

    Its architecture is looked for in `config`, beside the checkpoint, in the folder that the checkpoint names, and
    in the hub's cache.

    Raises:
        SourceError: there is no such file, it has another hash than `sha256`, it is no Detoxify checkpoint, or its
            architecture is not on this machine.
        UsageError: `sha256` is no SHA-256.
    """
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise UsageError(f"detoxify: sha256 is 64 hexadecimal digits, not {sha256!r}")
    file = Path(checkpoint).expanduser()
    if not file.is_file():
        raise SourceError(f"detoxify: there is no checkpoint {checkpoint}")
    loaded, digest = _read(file, checkpoint, (sha256 or "").lower())
    beside = file.parent if (file.parent / "config.json").is_file() else None
    return _weights(loaded, digest, f"detoxify/{file.name}", checkpoint, config, beside=beside, fetch=False)


def published_weights(model: str, config: str | None = None) -> DetoxifyWeights:
    """One of Detoxify's published models, from torch's cache or, unless offline, from its release page.

    Raises:
        SourceError: it is not in the cache and nothing may be fetched, the download failed, or it has another hash than
            its release.
    """
    url = MODEL_URLS[model]
    kept = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    pinned = _pinned(kept.name)
    if not kept.is_file():
        _download(model, url, kept, pinned)
    loaded, digest = _read(kept, str(kept), pinned)
    return _weights(loaded, digest, f"detoxify/{model}", url, config, beside=None, fetch=not offline("HF_HUB_OFFLINE"))


def _download(model: str, url: str, kept: Path, pinned: str) -> None:
    if offline("HF_HUB_OFFLINE"):
        raise SourceError(
            f"detoxify: the weights of {model!r} are not on this machine, and the run is offline; run once without "
            f"--offline, put {kept.name} into {kept.parent}, name a local checkpoint, or use the detector "
            "minilm-toxicity"
        )
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(kept), hash_prefix=pinned, progress=False)
    except (OSError, RuntimeError) as error:
        raise SourceError(
            f"detoxify: the weights of {model!r} could not be had from {url}: {error}; see to the network, name a "
            "local checkpoint, or use the detector minilm-toxicity"
        ) from error


def _pinned(name: str) -> str:
    """The start of the SHA-256 that a released file's name ends in."""
    found = re.search(r"-([0-9a-f]{8,})\.", name)
    if found is None:
        raise SourceError(
            f"detoxify: {name} tells no hash to hold it against; name a local checkpoint, with its `sha256`"
        )
    return found[1]


def _read(file: Path, place: str, pinned: str) -> tuple[Any, str]:
    """The checkpoint and its SHA-256, which must start with `pinned`; what is hashed is what is read."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if not digest.startswith(pinned):
            raise SourceError(
                f"detoxify: {place} is not the checkpoint that was meant: its SHA-256 is {digest}, and "
                f"{pinned}{'…' if len(pinned) < len(digest) else ''} was expected; get it again, or name its own hash"
            )
        stream.seek(0)
        try:
            return torch.load(stream, map_location="cpu", weights_only=True), digest
        except MemoryError:
            raise
        except Exception as error:  # of a damaged archive torch raises what it stumbles over
            raise _not_plain(place, error) from error


def _weights(
    loaded: Any, digest: str, name: str, place: str, config: str | None, *, beside: Path | None, fetch: bool
) -> DetoxifyWeights:
    architecture = dict(_held(loaded, place, "config", "arch", "args", kind=dict))
    classes: list[str] = _held(loaded, place, "config", "dataset", "args", "classes", kind=list)
    state = _held(loaded, place, "state_dict", kind=dict)
    for key, kind in (("model_type", str), ("model_name", str), ("num_classes", int)):
        _held(loaded, place, "config", "arch", "args", key, kind=kind)
    named = architecture.pop("model_type")
    named_all = bool(classes) and all(isinstance(label, str) for label in classes)
    labels = tuple(_STANDARD_NAMES.get(label, label) for label in classes) if named_all else ()
    if not labels or len(set(labels)) < len(labels):
        raise SourceError(f"detoxify: {place}: dataset.args.classes must name each output once, not {classes!r:.120}")
    return DetoxifyWeights(
        name, labels, architecture, _folder(named, place, config, beside, fetch=fetch), state, digest
    )


def _held(loaded: Any, place: str, *keys: str, kind: type[Held]) -> Held:
    """What a checkpoint holds under these keys, one within the other."""
    value = loaded
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, kind):
        raise SourceError(
            f"detoxify: {place} is no Detoxify checkpoint: it lacks `{'.'.join(keys)}` ({kind.__name__}); it must hold "
            "`config` (arch.args, dataset.args.classes) and `state_dict`"
        )
    return value


def _folder(named: str, place: str, config: str | None, beside: Path | None, *, fetch: bool) -> Path:
    if config is not None:
        folder = Path(config).expanduser()
        if not (folder / "config.json").is_file():
            raise SourceError(f"detoxify: the option config names {config}, which holds no config.json")
        return folder
    if beside is not None:
        return beside
    if (Path(named) / "config.json").is_file():
        return Path(named)
    try:
        return Path(snapshot_download(named, allow_patterns=list(_ARCHITECTURE_FILES), local_files_only=not fetch))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        raise SourceError(
            f"detoxify: {place} is built on {named}, whose config and tokenizer are not on this machine; name a "
            "local folder with config.json and the tokenizer's files in the option `config`"
        ) from error


def _not_plain(place: str, error: Exception) -> SourceError:
    why = f"{type(error).__name__}: {one_line(str(error), 120)}"
    if not isinstance(error, pickle.UnpicklingError):
        return SourceError(f"detoxify: {place} is damaged, or was cut short; get it again ({why})")
    return SourceError(
        f"detoxify: {place} is damaged, or holds Python objects beside tensors and plain values; seatrial executes no "
        f"pickles, so get it again, or save its config as plain dictionaries, lists and strings ({why})"
    )
