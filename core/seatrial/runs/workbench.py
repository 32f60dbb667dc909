"""The workbench: builds the components that a suite names, with what they use, each once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial import sources
from seatrial.errors import ContractError, PluginError, SourceError, UsageError
from seatrial.model import Target
from seatrial.plugin.component import Absent, Use
from seatrial.plugin.host import Host, Provided
from seatrial.plugin.kinds import KIND_TABLE, Kind
from seatrial.plugin.protocols import promised
from seatrial.runs.asked_model import AskedModel
from seatrial.runs.benchmarks import read_benchmarks
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.recipe import Recipe, identity_of
from seatrial.runs.runtime_options import asks_alike, runtime_of
from seatrial.runs.stages import blame
from seatrial.runs.store import digest_path
from seatrial.sources import Resolved
from seatrial.suite.complaints import Complaint, listed
from seatrial.suite.options import OptionsError, asked_model, validate_options

if TYPE_CHECKING:
    from seatrial.runs.shared_training import Leader
    from seatrial.suite.parts import ModelChoice

__all__ = ["Workbench"]

_USED: Mapping[str, Kind] = {"encoder": "encoders", "detector": "detectors"}


def _refuse_missing(kind: Kind, name: str, provided: Provided, options: Mapping[str, Any]) -> None:
    """Refuse a component that imports what is not installed, before an hour of work that it would end."""
    missing = {
        module: brings for module, brings in provided.component.imports_for(options).items() if not _installed(module)
    }
    if not missing:
        return
    without = ", or leave it out: `baselines:` lists those that are fitted" if kind == "baselines" else ""
    raise UsageError(
        f"the {KIND_TABLE[kind].word} {name} (plugin {provided.plugin} of {provided.distribution}) needs "
        f"{listed(list(missing))}, which cannot be imported here: pip install {' '.join(map(repr, missing.values()))}{without}"
    )


def _installed(module: str) -> bool:
    """Whether a module is there; a package that it is in may be imported, it is not."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


class Workbench:
    """Components of one process, built on demand; encoders, detectors and the loaded model are shared."""

    def __init__(self, host: Host, *, cache: Path, offline: bool, leader: Leader | None = None) -> None:
        self.host = host
        self.leader = leader
        """The way to a launcher's other processes, where there are any."""
        self.cache = cache
        self.offline = offline or sources.offline()
        self.date = datetime.now(UTC).date().isoformat()
        """What prompts are told that ask for today's date: of a run, the day on which it began, or what its suite says."""
        self.resolved: dict[str, Resolved] = {}
        """Every source that was asked for, by its address."""
        self._made: dict[str, Any] = {}
        self.closing = ExitStack()
        """What ends with the run: the model in memory, the processes beside it."""
        self._choice: ModelChoice | None = None
        self._on_trial: ModelOnTrial | None = None

    # ---- components -----------------------------------------------------------------------------------------------

    def provided(self, kind: Kind, name: str) -> Provided:
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
        return self.made(self.recipe(kind, name, options))

    def made_once(self, recipe: Recipe) -> Any:
        """The one thing that a recipe makes for all that is built here."""
        return recipe.made_once(self._made)

    def made(self, recipe: Recipe) -> Any:
        """What a recipe makes, its parts shared with all else that is built here."""
        return recipe.make(self._made)

    def recipe(self, kind: Kind, name: str, options: Mapping[str, Any]) -> Recipe:
        """How the component is built, what its options name included.

        Raises:
            UsageError: a module that it imports is not installed.
        """
        provided = self.provided(kind, name)
        _refuse_missing(kind, name, provided, options)
        uses = provided.component.uses
        needed = {option for option, use in uses.items() if use.when is None or use.when(options)}
        optional = frozenset(option for option in needed if self._may_lack(uses[option], options.get(option)))
        parts: dict[str, Recipe] = {}
        for option in needed:
            try:
                parts[option] = self._part(uses[option], options.get(option))
            except UsageError as error:
                if option not in optional:
                    raise
                parts[option] = Recipe(f"no {option}", Absent, {"reason": str(error)})
        who = f"{name} (plugin {provided.plugin} of {provided.distribution})"
        return Recipe(
            who,
            provided.component.build,
            asks_alike(provided.component, {**options, **dict.fromkeys(uses.keys() - needed)}, self.host),
            parts,
            optional,
            identity_of(kind, provided),
            promised(kind, provided.component),
            runtime_of(name, self.host) if kind == "models" else frozenset(),
        )

    def validated(self, kind: Kind, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """A component's options, checked and complete.

        Raises:
            PluginError: they are none that it takes.
        """
        try:
            return validate_options(self.provided(kind, name).component, options, self.host)
        except OptionsError as error:
            raise PluginError(f"{name} of {kind} takes no such options: {error}") from error

    def _may_lack(self, use: Use, named: Any) -> bool:
        """Whether what an option stands for may be missing: never what a suite names otherwise than the default."""
        if not use.optional or named is None or use.default is None:
            return use.optional
        provided = self.host.find(_USED[use.kind], use.default)
        return provided is not None and named == {use.default: validate_options(provided.component, {}, self.host)}

    def _part(self, use: Use, named: Any) -> Recipe:
        if use.kind == "tokenizer":
            if use.optional and self._choice is None:
                return Recipe("no tokenizer", Absent, {"reason": "the suite names no model"})
            return self.on_trial().tokenizer()
        if use.kind == "benchmarks":
            return self._benchmarks(named)
        if use.kind == "model":
            return self._asked_model(named)
        if named is None:
            if use.optional and self.host.find(_USED[use.kind], str(use.default)) is None:
                return Recipe(f"no {use.kind}", Absent, {"reason": f"no plugin brings the {use.kind} {use.default!r}"})
            named = use.default
        name, options = (named, {}) if isinstance(named, str) else next(iter(named.items()))
        return self.recipe(_USED[use.kind], name, options or {})

    def _asked_model(self, named: Mapping[str, Any]) -> Recipe:
        """A model beside the one on trial, which a component asks.

        Raises:
            UsageError: it says no source, or no loader takes it.
        """
        complaints: list[Complaint] = []
        found = asked_model(named, (), self.host, complaints)
        if found is None:
            raise UsageError(f"a model that is asked: {'; '.join(one.message for one in complaints)}")
        source, name, options = found
        model = self._model(source, name, options)
        return Recipe(f"the model {source}", partial(AskedModel, model), {}, identity={"model": model.key})

    def _model(self, source: str, loader: str, options: Mapping[str, Any]) -> ModelOnTrial:
        """A model by its address and loader; it is closed with all else."""
        model = ModelOnTrial(
            source,
            self.recipe("models", loader, options),
            self.provided("models", loader).distribution,
            make=self.made_once,
            find=lambda address: self.resolve(address, "model"),
            cache=self.cache,
            date=self.date,
        )
        self.closing.callback(model.close)
        return model

    def _benchmarks(self, named: Mapping[str, Any]) -> Recipe:
        sources = {name: self.resolve(keys["source"], "data") for name, keys in named.items()}
        for keys in named.values():
            if keys["reader"] is not None:
                self.provided("readers", keys["reader"])
        found = {name: {"path": str(source.path), "address": source.address} for name, source in sources.items()}
        readers = {reader: self.recipe("readers", reader, {}) for reader in self.host.names("readers")} if named else {}
        digests = {name: digest_path(source.path) for name, source in sources.items()}
        return Recipe(
            "the benchmarks", read_benchmarks, {"named": named, "found": found}, readers, identity={"digests": digests}
        )

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
        with blame(address, f"source {scheme}", provided.distribution):
            resolved = provided.component.build().resolve(address, cache=self.cache, offline=self.offline, kind=kind)
        if not isinstance(resolved, Resolved):
            raise ContractError(
                f"{address}: source {scheme} (plugin {provided.distribution}) gave a {type(resolved).__name__}, not a Resolved"
            )
        self.resolved[address] = resolved
        return resolved

    # ---- the model on trial ---------------------------------------------------------------------------------------

    def set_model(self, choice: ModelChoice | None, date: str | None = None) -> None:
        """Say which model is on trial, None for none, and what the suite says of the date. Nothing of it is touched yet."""
        self._choice, self._on_trial = choice, None
        self.date = date or self.date

    @property
    def prepared(self) -> Target | None:
        """The model on trial, if something has asked for its files."""
        return self._on_trial.resolved if self._on_trial else None

    def on_trial(self) -> ModelOnTrial:
        """The model on trial, resolved when it is first needed.

        Raises:
            UsageError: the suite names no model.
        """
        if self._choice is None:
            raise UsageError("a filter asks for the model's tokenizer, and the suite names no model; add `model:`")
        if self._on_trial is None:
            loader = self._choice.loader
            self._on_trial = self._model(self._choice.source, loader.name, loader.options)
        return self._on_trial

    def tokenizer(self) -> Any:
        """The model's tokenizer, without its weights.

        Raises:
            UsageError: the suite names no model.
        """
        return self.made_once(self.on_trial().tokenizer())
