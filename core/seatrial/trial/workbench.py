"""The workbench: builds the components that a suite names, with what they use, each once."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.component import Use
from seatrial.errors import PluginError, SeatrialError, SourceError, StageError, UsageError
from seatrial.host import Host, Kind, Provided
from seatrial.model import LanguageModel, ModelFiles, ModelLoader
from seatrial.sources import Resolved
from seatrial.store import digest_json

if TYPE_CHECKING:
    from seatrial.suite.parts import ModelChoice

__all__ = ["Workbench"]

_USED: Mapping[str, Kind] = {"encoder": "encoders", "detector": "detectors"}


class Workbench:
    """Components of one process, built on demand; encoders, detectors and the loaded model are shared."""

    def __init__(self, host: Host, *, cache: Path, offline: bool) -> None:
        self.host = host
        self.cache = cache
        self.offline = offline
        self.resolved: dict[str, Resolved] = {}
        """Every source that was asked for, by its address."""
        self._shared: dict[str, Any] = {}
        self._loaded: tuple[tuple[str, Path | None], LanguageModel] | None = None
        self._choice: ModelChoice | None = None
        self._loader: ModelLoader | None = None
        self._files: ModelFiles | None = None

    # ---- components -----------------------------------------------------------------------------------------------

    def provided(self, kind: Kind, name: str) -> Provided[Any]:
        """The component of that name.

        Raises:
            PluginError: no plugin brings it.
        """
        found = self.host.find(kind, name)
        if found is None:
            there = ", ".join(self.host.names(kind)) or "none"
            raise PluginError(f"no plugin brings {kind} called {name!r}; there are: {there}")
        return found

    def build(self, kind: Kind, name: str, options: Mapping[str, Any]) -> Any:
        """Build a component; options that name other components become those, built.

        Raises:
            StageError: the component could not be built; the message names it and its plugin.
        """
        provided = self.provided(kind, name)
        arguments = dict(options)
        for option, use in provided.component.uses.items():
            arguments[option] = self._used(use, arguments.get(option))
        try:
            return provided.component.build(**arguments)
        except SeatrialError:
            raise
        except Exception as error:
            raise StageError(
                f"{name} (plugin {provided.plugin} of {provided.distribution}) could not be built: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _used(self, use: Use, named: Any) -> Any:
        if use.kind == "tokenizer":
            return self.tokenizer()
        if named is None:
            named = use.default
        name, options = (named, {}) if isinstance(named, str) else next(iter(named.items()))
        key = digest_json([use.kind, name, options])
        if key not in self._shared:
            self._shared[key] = self.build(_USED[use.kind], name, options or {})
        return self._shared[key]

    # ---- sources --------------------------------------------------------------------------------------------------

    def resolve(self, address: str, kind: Any) -> Resolved:
        """What an address names on this machine.

        Raises:
            SourceError: the scheme is unknown, or nothing is there.
        """
        scheme, colon, _ = address.partition(":")
        provided = self.host.find("sources", scheme)
        if not colon or provided is None:
            schemes = ", ".join(f"{name}:" for name in self.host.names("sources"))
            raise SourceError(f"{address!r}: a source starts with one of {schemes}")
        if address in self.resolved:
            return self.resolved[address]
        resolved: Resolved = provided.component.build().resolve(
            address, cache=self.cache, offline=self.offline, kind=kind
        )
        self.resolved[address] = resolved
        return resolved

    # ---- the model under test -------------------------------------------------------------------------------------

    def set_model(self, choice: ModelChoice | None) -> None:
        """Say which model is under test; None for none. Nothing of it is touched yet."""
        self._choice, self._loader, self._files = choice, None, None

    @property
    def prepared(self) -> ModelFiles | None:
        """The weights of the model under test, if something has asked for them."""
        return self._files

    def files(self) -> ModelFiles:
        """The weights of the model under test, converted if they need it.

        Raises:
            UsageError: the suite names no model.
        """
        if self._files is None:
            self._files = self._loaded_by().prepare(*self._source(), self.cache)
        return self._files

    def _source(self) -> tuple[Path, str]:
        resolved = self.resolve(self._chosen().source, "model")
        return resolved.path, resolved.address

    def _chosen(self) -> ModelChoice:
        if self._choice is None:
            raise UsageError("a filter asks for the model's tokenizer, and the suite names no model; add `model:`")
        return self._choice

    def _loaded_by(self) -> ModelLoader:
        if self._loader is None:
            chosen = self._chosen().loader
            self._loader = self.build("models", chosen.name, chosen.options)
        return self._loader

    def tokenizer(self) -> Any:
        """The model's tokenizer, without its weights.

        Raises:
            UsageError: the suite names no model.
        """
        files = self.files()
        key = f"tokenizer {files.digest}"
        if key not in self._shared:
            self._shared[key] = self._loaded_by().tokenizer(files)
        return self._shared[key]

    def model(self, adapter: Path | None) -> LanguageModel:
        """The model under test with that adapter. One is held at a time."""
        files = self.files()
        key = (files.digest, adapter)
        if self._loaded is None or self._loaded[0] != key:
            self.release()
            self._loaded = (key, self._loaded_by().load(files, adapter))
        return self._loaded[1]

    def release(self) -> None:
        """Let go of the loaded model, before training loads its own."""
        self._loaded = None
        gc.collect()
