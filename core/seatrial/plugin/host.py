"""The host: loads plugins, knows who provides what, and calls their hooks.

The only module that says `pm.hook`. pluggy drops None, does not say who answered what, and lets one raising observer
stop the rest; so each implementation is called by itself, and provider, None and exception are known for each.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy

from seatrial.blocks import Block
from seatrial.blocks.codec import checked
from seatrial.errors import ContractError, PluginError, SeatrialError, StageError, UsageError, did_you_mean
from seatrial.plugin.component import Component, component_problem
from seatrial.plugin.hooks import Hooks, hookimpl
from seatrial.plugin.kinds import KIND_TABLE, KINDS, Kind
from seatrial.plugin.raised import let_pass
from seatrial.runs.engines.at_work import at_work
from seatrial.runs.events import Artifact, Failure, Plan, Record, Stage, Step
from seatrial.runs.result import Result
from seatrial.terminal.legible import one_line

__all__ = ["GROUP", "Host", "PluginInfo", "Provided", "TrackerFailure", "WatchFailure"]

GROUP = "seatrial"
"""The entry-point group of every plugin, built-in ones included."""

_HOOKS = tuple(hook for hook in vars(Hooks) if hook.startswith("seatrial_"))


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin, and the distribution that it came in."""

    name: str
    """The entry point's name; what `--no-plugin` takes."""
    module: str
    distribution: str
    version: str
    blocked: bool = False
    seconds: float = 0.0
    """How long its import took, with what it imports that nothing before it did."""
    hooks: tuple[str, ...] = ()
    """The hooks that it implements."""


@dataclass(frozen=True, slots=True)
class Provided:
    """A component, and who provides it."""

    component: Any
    """Its descriptor, of the class that `KIND_TABLE` names for its kind."""
    plugin: str
    distribution: str
    version: str
    """The distribution's."""
    module: str = ""
    """The plugin's."""


@dataclass(frozen=True, slots=True)
class WatchFailure:
    """A watching hook that raised: reported, and otherwise without consequence."""

    plugin: str
    hook: str
    error: BaseException

    def __str__(self) -> str:
        return f"plugin {self.plugin}: {self.hook} raised {type(self.error).__name__}: {self.error}"


class _StageRunner:
    """The only plain implementation of `seatrial_run_stage`; every plugin wraps it."""

    @hookimpl
    def seatrial_run_stage(self, given: Artifact, work: Callable[[Artifact], Artifact]) -> Artifact:
        return work(given)


@dataclass(frozen=True, slots=True)
class TrackerFailure:
    """A tracker that could not be told something: likewise."""

    tracker: str
    said: str

    def __str__(self) -> str:
        return f"tracker {self.tracker}: {self.said}"


class Host:
    """Loaded plugins and their components.

    `Host.load()` is what the command line uses; tests and programs may `register` objects of their own on top.
    """

    def __init__(self) -> None:
        self._pm = pluggy.PluginManager(GROUP)
        self._pm.add_hookspecs(Hooks)
        self._runner = _StageRunner()
        self._pm.register(self._runner, name="seatrial-core")
        self._info: dict[str, PluginInfo] = {}
        self._components: dict[Kind, dict[str, Provided]] | None = None
        self.watch_failures: list[WatchFailure | TrackerFailure] = []

    # ---- loading --------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, *, blocked: Sequence[str] = ()) -> Host:
        """All installed plugins, less those in `blocked`, which are not even imported.

        Raises:
            PluginError: a plugin cannot be imported, has an unknown hook, or clashes with another.
            UsageError: `blocked` names a plugin that is not installed.
        """
        host = cls()
        for name in blocked:
            host._pm.set_blocked(name)
        entries = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name)
        unknown = sorted(set(blocked) - {entry.name for entry in entries})
        if unknown:
            names = [entry.name for entry in entries]
            near = did_you_mean(unknown[0], names)
            raise UsageError(
                f"--no-plugin {unknown[0]}: no such plugin is installed{near}; there are: {', '.join(names)}"
            )
        # The metadata of a distribution are parsed anew at every question, and it may bring thirty plugins.
        brought = {one: _named(one) for one in {entry.dist for entry in entries}}
        for entry in entries:
            host._load_entry_point(entry, *brought[entry.dist])
        host.check()
        return host

    def _load_entry_point(self, entry: importlib.metadata.EntryPoint, distribution: str, version: str) -> None:
        if self._pm.is_blocked(entry.name):
            self._info[entry.name] = PluginInfo(entry.name, entry.module, distribution, version, blocked=True)
            return
        if entry.name in self._info:
            raise PluginError(
                f"two plugins are called {entry.name!r}: one of {self._info[entry.name].distribution}, one of "
                f"{distribution}; uninstall one, or leave both out with --no-plugin {entry.name}"
            )
        started = time.perf_counter()
        try:
            with at_work(f"plugin {entry.name!r} of {distribution} {version}, at its import"):
                plugin = entry.load()
        except BaseException as error:  # a plugin may not end the process
            let_pass(error)
            raise PluginError(
                f"plugin {entry.name!r} of {distribution} {version} cannot be loaded: {type(error).__name__}: {error}; "
                f"mend or uninstall {distribution}, or leave the plugin out with --no-plugin {entry.name}"
            ) from error
        seconds = time.perf_counter() - started
        self.register(
            plugin, name=entry.name, distribution=distribution, version=version, module=entry.module, seconds=seconds
        )

    def register(
        self,
        plugin: object,
        *,
        name: str,
        distribution: str = "(registered)",
        version: str = "",
        module: str = "",
        seconds: float = 0.0,
    ) -> None:
        """Add a plugin object; `check()` afterwards."""
        try:
            self._pm.register(plugin, name=name)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise PluginError(
                f"plugin {name!r} of {distribution} {version} cannot be registered: {one_line(str(error))}"
            ) from error
        hooks = tuple(
            hook for hook in _HOOKS if hasattr(plugin, hook) and self._pm.parse_hookimpl_opts(plugin, hook) is not None
        )
        module = module or type(plugin).__module__
        self._info[name] = PluginInfo(name, module, distribution, version, seconds=seconds, hooks=hooks)
        self._components = None

    def unregister(self, name: str) -> None:
        """Take a plugin out again."""
        self._pm.unregister(name=name)
        del self._info[name]
        self._components = None

    def check(self) -> None:
        """Refuse unknown hooks, plain implementations of the wrapping hook, and clashing component names."""
        for name, plugin in self._pm.list_name_plugin():
            for attribute in dir(plugin) if plugin is not None else ():
                options = self._pm.parse_hookimpl_opts(plugin, attribute)
                if options is None and attribute in _HOOKS and inspect.isroutine(getattr(plugin, attribute)):
                    raise PluginError(
                        f"{self._who(name)} has a function {attribute} that is not marked: write `@hookimpl` above it (from "
                        "seatrial import hookimpl)"
                    )
                if options is not None and not hasattr(Hooks, attribute) and not options.get("optionalhook"):
                    raise PluginError(
                        f"{self._who(name)} implements {attribute}, which is no hook of seatrial; there are: "
                        f"{', '.join(_HOOKS)}"
                    )
        self._pm.check_pending()
        for impl in self._pm.hook.seatrial_run_stage.get_hookimpls():
            if impl.plugin is not self._runner and not impl.wrapper:
                raise PluginError(
                    f"{self._who(impl.plugin_name)}: seatrial_run_stage must be @hookimpl(wrapper=True): the host holds "
                    "the only plain implementation"
                )
        self._components = self._collect()

    # ---- components -----------------------------------------------------------------------------------------------

    def _collect(self) -> dict[Kind, dict[str, Provided]]:
        found: dict[Kind, dict[str, Provided]] = {kind: {} for kind in KINDS}
        for kind in KINDS:
            for plugin, components in self._answers(f"seatrial_{kind}"):
                for component in self._listed(plugin, kind, components):
                    info = self._info[plugin]
                    earlier = found[kind].get(component.name)
                    if earlier is not None:
                        raise PluginError(
                            f"two plugins bring {kind} called {component.name!r}: {self._who(earlier.plugin)} and "
                            f"{self._who(plugin)}; leave one out with --no-plugin"
                        )
                    found[kind][component.name] = Provided(
                        component, plugin, info.distribution, info.version, info.module
                    )
        return found

    def _listed(self, plugin: str, kind: Kind, components: object) -> Iterator[Component[Any]]:
        hook = f"seatrial_{kind}"
        for component in self._series(plugin, hook, components, "components"):
            wanted = KIND_TABLE[kind].descriptor
            if not isinstance(component, wanted):
                raise PluginError(
                    f"{self._who(plugin)}: {hook} gave a {type(component).__name__}, not a {wanted.__name__}"
                )
            if problem := component_problem(component):
                raise PluginError(f"{self._who(plugin)}: {hook}, component {component.name!r}: {problem}")
            yield component

    def _series(self, plugin: str, hook: str, answer: object, what: str) -> list[object]:
        """What a hook gave or yields, as a list."""
        if isinstance(answer, Component | Path | str) or not isinstance(answer, Iterable):
            said = f"{self._who(plugin)}: {hook} gave a {type(answer).__name__}, not a series of {what}"
            raise PluginError(f"{said}; yield each, or return a list")
        try:
            return list(answer)
        except BaseException as error:
            let_pass(error)
            raise PluginError(f"{self._who(plugin)}: {hook} raised {type(error).__name__}: {error}") from error

    def components(self, kind: Kind) -> Mapping[str, Provided]:
        """Every component of a kind by its name."""
        if self._components is None:
            self.check()
        assert self._components is not None
        return self._components[kind]

    def find(self, kind: Kind, name: str) -> Provided | None:
        """The component of that name, or None."""
        return self.components(kind).get(name)

    def names(self, kind: Kind) -> list[str]:
        """The names of all components of a kind, sorted."""
        return sorted(self.components(kind))

    def plugins(self) -> list[PluginInfo]:
        """Every plugin that was found, blocked ones included, sorted by distribution and name."""
        return sorted(self._info.values(), key=lambda info: (info.distribution, info.name))

    def suites(self) -> dict[str, Path]:
        """Every suite that plugins bring, by its name.

        Raises:
            PluginError: two plugins bring a suite of the same name, or one gave no folders.
        """
        found: dict[str, tuple[Path, str]] = {}
        for plugin, folders in self._answers("seatrial_suites"):
            for folder in self._series(plugin, "seatrial_suites", folders, "folders"):
                if not isinstance(folder, Path | str):
                    said = f"{self._who(plugin)}: seatrial_suites gave a {type(folder).__name__}"
                    raise PluginError(f"{said}, not a folder's path")
                for path in sorted(Path(folder).glob("*.yaml")):
                    if path.stem in found:
                        raise PluginError(
                            f"two plugins bring a suite called {path.stem!r}: {self._who(found[path.stem][1])} and "
                            f"{self._who(plugin)}"
                        )
                    found[path.stem] = (path, plugin)
        return {name: path for name, (path, _) in sorted(found.items())}

    # ---- running --------------------------------------------------------------------------------------------------

    def run_stage(self, stage: Stage, given: Artifact, work: Callable[[Artifact], Artifact]) -> Artifact:
        """Do a stage's work inside every plugin's wrapper.

        Raises:
            ContractError: a wrapper did not hand on an artifact.
        """
        try:
            artifact = self._pm.hook.seatrial_run_stage(stage=stage, given=given, work=work)
        except SeatrialError:
            raise
        except BaseException as error:
            let_pass(error)
            wrapper = self._wrapper_at(error)
            if wrapper is None:
                raise
            raise StageError(
                f"{stage.name}: {wrapper}: its wrapper of the stage raised {type(error).__name__}: {error}"
            ) from error
        if not isinstance(artifact, Artifact):
            raise ContractError(
                f"stage {stage.name}: a wrapper of seatrial_run_stage returned {type(artifact).__name__}, not an Artifact; "
                f"wrappers are: {self.wrappers}"
            )
        return artifact

    @property
    def wrappers(self) -> str:
        """The plugins that wrap stages, for messages."""
        wrapping = self._pm.hook.seatrial_run_stage.get_hookimpls()
        return ", ".join(self._who(impl.plugin_name) for impl in wrapping if impl.plugin is not self._runner)

    def _wrapper_at(self, error: BaseException) -> str | None:
        """The plugin whose wrapper raised that, if the stage's own work did not."""
        codes = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
        if type(self._runner).seatrial_run_stage.__code__ in codes:
            return None
        for impl in self._pm.hook.seatrial_run_stage.get_hookimpls():
            if getattr(impl.function, "__code__", None) in codes:
                return self._who(impl.plugin_name)
        return None

    def run_started(self, plan: Plan) -> None:
        """Tell every watcher that a run starts."""
        self._tell("seatrial_run_started", plan=plan)

    def step_logged(self, step: Step) -> None:
        """Tell every watcher of a step."""
        self._tell("seatrial_step_logged", step=step)

    def stage_finished(self, record: Record) -> None:
        """Tell every watcher that a stage is done."""
        self._tell("seatrial_stage_finished", record=record)

    def run_finished(self, result: Result) -> None:
        """Tell every watcher that the verdict is in."""
        self._tell("seatrial_run_finished", result=result)

    def run_failed(self, failure: Failure) -> None:
        """Tell every watcher that the run ends with an error."""
        self._tell("seatrial_run_failed", failure=failure)

    def report_blocks(self, result: Result) -> dict[str, list[Block]]:
        """What plugins add to the reports, by plugin; one that raises is a watch failure."""
        added: dict[str, list[Block]] = {}
        for plugin, answer in self._watched("seatrial_report_blocks", result=result):
            try:
                given = list(map(checked, answer))
            except BaseException as error:  # noqa: BLE001 - a watcher may raise anything, and may not stop the run
                let_pass(error)
                self.watch_failures.append(WatchFailure(plugin, "seatrial_report_blocks", error))
                continue
            if given:
                added[plugin] = given
        return added

    def _tell(self, hook: str, **arguments: object) -> None:
        for _ in self._watched(hook, **arguments):
            pass

    def _watched(self, hook: str, **arguments: object) -> Iterator[tuple[str, Any]]:
        for impl in self._implementations(hook):
            try:
                with at_work(f"{self._who(impl.plugin_name)}, in {hook}"):
                    answer = _call(impl, arguments)
            except BaseException as error:  # noqa: BLE001 - a watcher may raise anything, and may not stop the run
                let_pass(error)
                self.watch_failures.append(WatchFailure(impl.plugin_name, hook, error))
                continue
            if answer is not None:
                yield impl.plugin_name, answer

    def _answers(self, hook: str) -> Iterator[tuple[str, Any]]:
        for impl in self._implementations(hook):
            try:
                with at_work(f"{self._who(impl.plugin_name)}, in {hook}"):
                    answer = _call(impl, {})
            except BaseException as error:
                let_pass(error)
                raise PluginError(
                    f"{self._who(impl.plugin_name)}: {hook} raised {type(error).__name__}: {error}"
                ) from error
            if answer is not None:
                yield impl.plugin_name, answer

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """In the order of the plugins' names, so that nothing depends on how they were installed."""
        return sorted(getattr(self._pm.hook, hook).get_hookimpls(), key=lambda impl: impl.plugin_name)

    def _who(self, plugin: str) -> str:
        info = self._info.get(plugin)
        return f"plugin {plugin!r} of {info.distribution} {info.version}".rstrip() if info else f"plugin {plugin!r}"


def _call(impl: pluggy.HookImpl, arguments: Mapping[str, object]) -> Any:
    """Call one implementation with those of the hook's arguments that it names, as pluggy does."""
    return impl.function(*(arguments[name] for name in impl.argnames))


def _named(distribution: importlib.metadata.Distribution | None) -> tuple[str, str]:
    return (distribution.name, distribution.version) if distribution else ("(unknown distribution)", "")
