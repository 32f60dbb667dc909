"""`evaluate` modules that a suite brings: a file of this machine, or a module of the hub that it allows by name.

    metrics:
      - path:metrics/wer.py: {better: lower, key: wer, options: {normalise: true}}
      - hf:evaluate-metric/meteor@8a9b0c1: {limits: [0, 1]}       # with `remote_code: [evaluate-metric/meteor]`

A module is Python code, which runs with all that the user may do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from seatrial import Metric
from seatrial.errors import SourceError, StageError, UsageError, did_you_mean
from seatrial.source_code import code_digest
from seatrial.sources import offline
from seatrial_plugins.accuracy.measure import Measure

__all__ = ["NOT_KNOWN", "NamedModule", "module_measure"]

NOT_KNOWN = (
    "loads, reads or asks by itself (word lists, files, environment variables, services); values that it gave are taken again "
    "while its code is the same, and --fresh computes them anew"
)
"""What a module does that its digest does not hold."""

T = TypeVar("T")

_HUB = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_KEYS = ("name", "key", "better", "limits", "options")


def module_measure(address: str, given: Mapping[str, Any], remote_code: Sequence[str]) -> Measure:
    """The metric that a module's address and its keys describe; nothing is loaded.

    Raises:
        UsageError: a key or a value is not known, or the hub's module is not allowed by name, or not pinned.
    """
    for key in given:
        if key not in _KEYS:
            raise UsageError(
                f"generation: {address} takes no key {key!r}{did_you_mean(key, _KEYS)}; it takes: {', '.join(_KEYS)} (what "
                "the module's own `compute` takes stands below `options`)"
            )
    if address.startswith("hf:"):
        _allowed(address, remote_code)
    name = given.get("name", re.sub(r"\W", "_", Path(re.sub("@.*", "", address.partition(":")[2])).stem))
    better, limits, options = given.get("better", "higher"), given.get("limits"), given.get("options", {})
    if not isinstance(name, str) or not re.fullmatch(r"\w+", name):
        raise UsageError(f"generation: {address}: name is a word of letters, digits and _, not {name!r}")
    if better not in {"higher", "lower"}:
        raise UsageError(f"generation: {address}: better is higher or lower, not {better!r}")
    if not isinstance(options, Mapping):
        raise UsageError(f"generation: {address}: options is a mapping of what `compute` takes, not {options!r}")
    if limits is not None:
        numbers = isinstance(limits, Sequence) and [one for one in limits if type(one) in {int, float}]
        if not numbers or len(limits) != 2 or len(numbers) != 2 or not numbers[0] < numbers[1]:
            raise UsageError(
                f"generation: {address}: limits are the smallest and the largest value, `[0, 1]`, not {limits!r}"
            )
        limits = (float(limits[0]), float(limits[1]))
    summary = f"Computed for each answer by the module {address}; mean over answers."
    return Measure(
        Metric(name, name, "mean", better, summary, limits=limits),
        address,
        str(given.get("key", "")),
        options=dict(options),
    )


def _allowed(address: str, remote_code: Sequence[str]) -> None:
    found = _HUB.fullmatch(address)
    if found is None:
        raise UsageError(f"generation: {address!r} names no module of the hub; write hf:OWNER/NAME@REVISION")
    if found["name"] not in remote_code:
        raise UsageError(
            f"generation: {address} is code that would be fetched from the hub and run; if that is meant, allow it by name: "
            f"`remote_code: [{found['name']}]`. A file of this machine is named `path:FILE.py`"
        )
    if found["revision"] is None:
        raise UsageError(
            f"generation: {address} says no revision, so that another code may run tomorrow; pin it: hf:OWNER/NAME@COMMIT"
        )


class NamedModule:
    """A loaded module, asked for each answer's value.

    Raises:
        SourceError: there is no such module, it cannot be loaded, or it does not judge text.
    """

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        address = measure.module
        self._module = _from_hub(address) if address.startswith("hf:") else _from_file(address)
        features = self._module.features
        shapes = features if isinstance(features, list) else [features]
        expected = [type(shape.get("references")).__name__ for shape in shapes]
        said = {str(getattr(shape.get("predictions"), "dtype", None)) for shape in shapes}
        if said != {"string"} or not any(set(shape) == {"predictions", "references"} for shape in shapes):
            raise SourceError(
                f"generation: {address} does not take texts as predictions and references, and nothing else; it takes: "
                f"{', '.join(f'{name}: {kind}' for name, kind in shapes[0].items())}"
            )
        self._takes_text = "Value" in expected
        self._takes_several = any(kind != "Value" for kind in expected)
        self.reads = {address: _digest(address)} if address.startswith("path:") else {}
        """What the values hang on: the SHA-256 of the file, and of those beside it that it imports. A hub's module has its
        revision in its address."""

    def columns(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, list[float | str]]:
        """The metric's column → each answer's value, or why the module gave none."""
        pairs = zip(predictions, references, strict=True)
        return {self._measure.metric.column: [self._value(said, expected) for said, expected in pairs]}

    def _value(self, said: str, expected: Sequence[str]) -> float | str:
        best = max if self._measure.metric.better == "higher" else min
        try:
            if self._takes_several and (len(expected) > 1 or not self._takes_text):
                return self._computed(said, list(expected))
            return best(self._computed(said, one) for one in expected)
        except StageError as error:
            return str(error)

    def _computed(self, said: str, expected: str | list[str]) -> float:
        name, address = self._measure.metric.name, self._measure.module
        try:
            found = self._module.compute(predictions=[said], references=[expected], **self._measure.options)
        except Exception as error:  # whatever the user's code raises
            raise StageError(f"{name}: {address} failed: {type(error).__name__}: {error}") from error
        value = _only(found, self._measure.key or name, given=bool(self._measure.key))
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not hasattr(value, "__float__") or not math.isfinite(float(value)):
            raise StageError(
                f"{name}: {address} gave {value!r}, which is no number; say which by `key`: {_named(found)}"
            )
        return float(value)


def _only(found: Any, key: str, *, given: bool) -> Any:
    if not isinstance(found, Mapping):
        return found
    if key in found or given or len(found) != 1:
        return found.get(key)
    return next(iter(found.values()))


def _named(found: Any) -> str:
    return ", ".join(map(str, found)) if isinstance(found, Mapping) else type(found).__name__


def _file(address: str) -> Path:
    file = Path(address.removeprefix("path:")).expanduser().absolute()
    return file / f"{file.name}.py" if file.is_dir() else file


def _digest(address: str) -> str:
    return code_digest(_file(address))


def _from_file(address: str) -> Any:
    from seatrial_plugins.accuracy.evaluate_import import evaluate

    get_imports = evaluate.loading.get_imports

    file = _file(address)
    if not file.is_file() or file.suffix != ".py":
        raise SourceError(f"generation: {address}: there is no Python file {file}")
    for kind, name, place, _ in _tried(address, lambda: get_imports(str(file))):
        if name.endswith(","):
            raise SourceError(
                f"generation: {address} imports several modules in one line, `import {name} …`, of which evaluate reads the first "
                "with its comma; write a line for each"
            )
        if kind == "library" and (file.parent / f"{name}.py").is_file():
            raise SourceError(
                f"generation: {address} imports {name}, which stands beside it: evaluate takes it along where it is written "
                f"`from .{name} import …`"
            )
        if kind == "library" and not _installed(name):
            raise SourceError(
                f"generation: {address} imports {name}, which is not installed here: pip install what brings it"
            )
        if kind == "external":
            raise SourceError(
                f"generation: {address} would have evaluate fetch code from {place}; keep that code beside the file"
            )
    return _tried(address, lambda: evaluate.load(str(file), keep_in_memory=True))


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _from_hub(address: str) -> Any:
    from seatrial_plugins.accuracy.evaluate_import import evaluate

    found = _HUB.fullmatch(address)
    assert found is not None
    if offline("HF_HUB_OFFLINE"):
        raise SourceError(f"generation: {address} is on the hub, and the run is offline; name a file: `path:FILE.py`")
    return _tried(address, lambda: evaluate.load(found["name"], revision=found["revision"], keep_in_memory=True))


def _tried(address: str, load: Callable[[], T]) -> T:
    try:
        return load()
    except Exception as error:  # neither evaluate nor what stands in the user's file has an error of its own
        raise SourceError(f"generation: {address} cannot be loaded: {type(error).__name__}: {error}") from error
