"""Which files of a hub repository an address means, decided from their names and the data card alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seatrial.errors import SourceError, did_you_mean
from seatrial_plugins.sources.hub_address import HubAddress

__all__ = ["data_files", "model_files"]

_DATA = (".jsonl", ".jsonlines", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".yaml", ".yml")
_NOT_DATA = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "config.json"}
_KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SHARD = re.compile(r"data/(?P<split>\w+(?:\.\w+)*)-\d{5}-of-\d{5}[^/]*")
_MODEL = (".safetensors", ".json", ".txt", ".model", ".jinja")


def data_files(address: HubAddress, listing: Sequence[str], card: Mapping[str, Any]) -> list[str]:
    """The files of one split.

    As the hub does: the `configs` of the data card where it has any; else names such as
    `data/train-00000-of-00003.parquet`, folders and files with a split's word in their names, and at last everything
    as `train`. A configuration that the card doesn't know may be a folder of the repository.

    Raises:
        SourceError: the configuration or split doesn't exist, or several do and the address names none.
    """
    splits = _card_splits(address, listing, card) or _named_splits(address, listing)
    splits = {split: files for split, files in splits.items() if files}
    if not splits:
        raise SourceError(
            f"{address.address}: holds no file of a kind that can be read ({', '.join(_DATA)}), and scripts of a data "
            "set are never run; its conversion to Parquet may be at @refs/convert/parquet"
        )
    split = _pick(address, "split", address.rest, list(splits), f"{address.address}/")
    return sorted(splits[split])


def _pick(address: HubAddress, what: str, wanted: str | None, names: list[str], prefix: str) -> str:
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        raise SourceError(
            f"{address.address}: has several {what}s and the address names none; write {prefix}NAME with one of: "
            f"{', '.join(names)}"
        )
    if wanted not in names:
        near = did_you_mean(wanted, names) or f"; there are: {', '.join(names)}"
        raise SourceError(f"{address.address}: there is no {what} {wanted!r}{near}")
    return wanted


# ---- by the data card ------------------------------------------------------------------------------------------------


def _card_splits(address: HubAddress, listing: Sequence[str], card: Mapping[str, Any]) -> dict[str, list[str]]:
    configs = {
        str(config.get("config_name", "default")): config
        for config in card.get("configs") or ()
        if isinstance(config, Mapping)
    }
    if not configs:
        return {}
    wanted = address.config
    if wanted is None and len(configs) > 1:
        default = [name for name, config in configs.items() if config.get("default") is True or name == "default"]
        wanted = default[0] if default else None
    revision = f"@{address.revision}" if address.revision != "main" else ""
    name = _pick(address, "configuration", wanted, list(configs), f"hf:{address.repo}{revision}:")
    config = configs[name]
    folder = str(config.get("data_dir") or "").removeprefix("./").strip("/")
    if "data_files" not in config:
        return _splits_by_name([file for file in listing if file.startswith(f"{folder}/" if folder else "")], folder)
    return {
        split: [file for file in listing if any(_matches(pattern, folder, file) for pattern in patterns)]
        for split, patterns in _patterns(address, config["data_files"]).items()
    }


def _patterns(address: HubAddress, declared: object) -> dict[str, list[str]]:
    """Split → patterns, from any of the forms that a data card may write."""
    if isinstance(declared, str):
        return {"train": [declared]}
    if isinstance(declared, Mapping):
        return {str(split): _listed(paths) for split, paths in declared.items()}
    if isinstance(declared, list) and all(isinstance(entry, str) for entry in declared):
        return {"train": declared}
    if isinstance(declared, list) and all(isinstance(entry, Mapping) and "path" in entry for entry in declared):
        return {str(entry.get("split", "train")): _listed(entry["path"]) for entry in declared}
    raise SourceError(f"{address.address}: the data card's data_files are of no known form; name the files by path:")


def _listed(paths: object) -> list[str]:
    """One path or a list of them, as a list."""
    return [str(path) for path in paths] if isinstance(paths, list) else [str(paths)]


def _matches(pattern: str, folder: str, file: str) -> bool:
    pattern = pattern.removeprefix("./")
    return re.fullmatch(_glob(f"{folder}/{pattern}" if folder else pattern), file) is not None


def _glob(pattern: str) -> str:
    """A glob as a regular expression: `**/` is any folders, `*` and `?` stay within one name."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        meaning.get(part) or (part.replace("[!", "[^") if part.startswith("[") else re.escape(part)) for part in parts
    )


# ---- by names --------------------------------------------------------------------------------------------------------


def _named_splits(address: HubAddress, listing: Sequence[str]) -> dict[str, list[str]]:
    config = address.config
    if config is None or config == "default":
        return _splits_by_name(listing, "")
    below = [file for file in listing if file.startswith(f"{config}/")]
    if not below:
        folders = sorted({file.split("/")[0] for file in listing if "/" in file})
        near = did_you_mean(config, folders)
        raise SourceError(
            f"{address.address}: there is no configuration {config!r}, on the data card or as a folder{near}"
        )
    return _splits_by_name(below, config)


def _splits_by_name(listing: Iterable[str], folder: str) -> dict[str, list[str]]:
    """Split → files, by the first of the hub's naming conventions that fits any file."""
    cut = len(folder) + 1 if folder else 0
    files = [file for file in listing if _is_data(file)]
    shards: dict[str, list[str]] = {}
    for file in files:
        if shard := _SHARD.fullmatch(file[cut:]):
            shards.setdefault(shard["split"], []).append(file)
    if shards:
        return shards
    for place in ("folders", "name"):
        found: dict[str, list[str]] = {}
        for file in files:
            *folders, name = file[cut:].split("/")
            for split in _KEYWORDS:
                if any(_says(split, part) for part in (folders if place == "folders" else [name])):
                    found.setdefault(split, []).append(file)
        if found:
            return {split: found[split] for split in _KEYWORDS if split in found}
    return {"train": files}


def _says(split: str, name: str) -> bool:
    """Whether a name holds one of the split's words, between its ends and `-._ 0-9`."""
    words = "|".join(_KEYWORDS[split])
    return re.search(rf"(?:^|[-._ 0-9])(?:{words})(?:[-._ 0-9]|$)", name, re.IGNORECASE) is not None


def _is_data(file: str) -> bool:
    name = file.rsplit("/", 1)[-1]
    hidden = any(part.startswith((".", "__")) for part in file.split("/"))
    return not hidden and name not in _NOT_DATA and name.lower().removesuffix(".gz").endswith(_DATA)


# ---- models ----------------------------------------------------------------------------------------------------------


def model_files(address: HubAddress, listing: Sequence[str]) -> list[str]:
    """The files of a model: its safetensors, config and tokenizer, or the one GGUF; never a pickle.

    Raises:
        SourceError: there are no such weights, or several GGUF files and the address names none.
    """
    if address.rest is not None:
        if address.rest not in listing:
            near = did_you_mean(address.rest, listing)
            raise SourceError(f"{address.address}: the repository holds no file {address.rest!r}{near}")
        return [address.rest]
    top = [file for file in listing if "/" not in file and not file.startswith(".")]
    weights = [file for file in top if file.endswith(".safetensors")]
    if weights:
        # Mistral's repositories hold the weights twice; the copy called `consolidated` is not in transformers' layout.
        twice = {file for file in weights if file.startswith("consolidated")} if "config.json" in top else set()
        return sorted(file for file in top if file.endswith(_MODEL) and (file not in twice or twice == set(weights)))
    quantised = [file for file in listing if file.endswith(".gguf")]
    if len(quantised) == 1:
        return quantised
    if quantised:
        raise SourceError(
            f"{address.address}: holds several GGUF files and the address names none; write {address.address}/FILE with "
            f"one of: {', '.join(sorted(quantised))}"
        )
    raise SourceError(
        f"{address.address}: holds neither safetensors nor GGUF weights, and pickled weights are never loaded; convert "
        "the model to safetensors"
    )
