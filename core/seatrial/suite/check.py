"""Checks what a suite file says against what is installed, and makes a `Suite` of it; finds every problem at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from seatrial.data.findings import Action
from seatrial.errors import did_you_mean
from seatrial.evaluation.scores import Metric
from seatrial.plugin.component import FilterComponent
from seatrial.rows.column_names import COLUMNS
from seatrial.suite.bundles import Whence, at_their_bundle, unfolded
from seatrial.suite.catalogue import Catalogue
from seatrial.suite.complaints import Complaint, listed, shown
from seatrial.suite.component_check import ComponentCheck, known_keys
from seatrial.suite.engine_keys import ENGINES
from seatrial.suite.keys import (
    DataFileKeys,
    DataKeys,
    DataSuiteKeys,
    FilterKeys,
    ModelKeys,
    SuiteKeys,
    TrainKeys,
)
from seatrial.suite.options import (
    loaders_of,
    option_model,
    read_component,
    read_entry,
    read_named,
)
from seatrial.suite.parts import Chosen, Data, DataFile, EngineChoice, ModelChoice, Suite
from seatrial.suite.score_check import GateCheck, ScorerCheck
from seatrial.suite.search_check import read_search
from seatrial.suite.yaml_lines import KeyPath

__all__ = ["check_suite"]


def check_suite(
    given: Mapping[str, Any],
    catalogue: Catalogue,
    extra_metrics: Mapping[str, Metric],
    line_of: Callable[[KeyPath], int],
    *,
    produced: Mapping[str, tuple[Metric, ...]] = MappingProxyType({}),
    only_data: bool = False,
) -> tuple[Suite | None, list[Complaint]]:
    """The suite that `given` describes and no complaint, or None and everything that is wrong with it.

    Args:
        given: The file's keys, as plain data.
        catalogue: The installed components.
        extra_metrics: Full name → metrics that every run has, which gates may hold too.
        line_of: Tells the line of a key path in the file.
        produced: Alias of a scorer → the metrics that it produced, of a finished run; other scorers are asked for theirs.
        only_data: Whether the data stages alone will run: then no model is needed, and no row to be scored.
    """
    check = _Check(catalogue, extra_metrics, line_of, produced, only_data)
    suite = check.suite(dict(given))
    return (None if check.complaints else suite), at_their_bundle(check.complaints, check.whence)


_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
"""How the Hub's repositories are called: `org/name`, and perhaps a revision."""


class _Check(ComponentCheck):
    """The check of one suite."""

    def __init__(
        self,
        catalogue: Catalogue,
        extra_metrics: Mapping[str, Metric],
        line_of: Callable[[KeyPath], int],
        produced: Mapping[str, tuple[Metric, ...]],
        only_data: bool,
    ) -> None:
        super().__init__(catalogue, extra_metrics, line_of)
        self.produced = produced
        self.only_data = only_data
        self.whence: Whence = {}
        self.brought = False
        """Whether every scorer of the suite brings the rows that are asked."""

    # ---- the whole ------------------------------------------------------------------------------------------------

    def suite(self, given: dict[str, Any]) -> Suite | None:
        given, self.whence = unfolded(self, given)
        keys = self.keys(DataSuiteKeys if self.only_data else SuiteKeys, given, ())
        values = {name: getattr(keys, name) for name in SuiteKeys.model_fields} if keys else _usable(given)
        self.brought = self.bring_their_rows(given.get("score"))
        model = self.model(values["model"]) if isinstance(given.get("model"), dict) else None
        data = self.data(values["data"]) if isinstance(given.get("data"), dict) else None
        train = self.train(values["train"]) if values["train"] is not None else None
        adapter = (values["model"] or {}).get("adapter")
        if given.get("train") is not None and adapter is not None:
            self.complain(
                ("model", "adapter"), "the suite trains an adapter of its own; leave out either this or `train`"
            )
        brings = given.get("train") is not None or adapter is not None
        filters = self.filters(values["filters"])
        baselines = self.baselines(values["baselines"])
        loader = model.loader.name if model else None
        if train is not None:
            self.method_fits(train.name, loader)
            if data is not None and data.files and data.train is None:
                self.complain(
                    ("data",), "the suite trains a model and has no rows to train on; give `train: {source: …}`"
                )
        search = read_search(self, values["search"], train, data) if values["search"] is not None else None
        if values["search"] is not None and given.get("train") is None:
            self.complain(
                ("search",), "the suite trains nothing, so there is nothing to search; add `train: {method: …}`"
            )
        scorers = ScorerCheck(
            self,
            produced=self.produced,
            tuned=brings,
            fewshot=values["fewshot"] if data is None or data.train is not None else 0,
            baselines=values["baselines"] if data is None or data.train is not None else (),
            data=data,
            loader=loader,
        )
        score = scorers.read(values["score"])
        gates = GateCheck(self, scorers).read(values["gates"])
        report = self.named("reports", values["report"], ("report",))
        tracking = self.named("trackers", values["tracking"], ("tracking",))
        if keys is not None and len(set(keys.seeds)) < len(keys.seeds):
            self.complain(("seeds",), "holds a seed twice: its trainings would be one and count as several")
        if self.complaints or keys is None or data is None or (model is None and not self.only_data):
            return None
        return Suite(
            name=keys.name,
            description=keys.description,
            seed=keys.seed if keys.seed or not keys.seeds else keys.seeds[0],
            seeds=keys.seeds,
            date=keys.date,
            model=model,
            data=data,
            filters=filters,
            train=train,
            search=search,
            score=score,
            baselines=baselines,
            fewshot=keys.fewshot,
            gates=gates,
            report=report,
            tracking=tracking,
        )

    def bring_their_rows(self, score: Any) -> bool:
        """Whether no scorer of a suite asks rows of its `data`."""
        listed = score if isinstance(score, list) else ()  # what is no list is complained of where it is read
        named = [one if isinstance(one, str) else next(iter(one), "") for one in listed if isinstance(one, str | dict)]
        found = [self.catalogue.find("scorers", name) for name in named if isinstance(name, str)]
        return bool(found) and all(one is not None and one.component.brings_rows for one in found)

    def address(self, value: Any, path: KeyPath, *, model: bool = False) -> None:
        """Whether an address has a known scheme and something after it; a model's may be one that a loader takes itself."""
        if not isinstance(value, str):
            return
        scheme, colon, rest = value.partition(":")
        schemes = sorted({*self.catalogue.names("sources"), *(self.loader_schemes() if model else ())})
        accepted = listed([f"{name}:…" for name in schemes])
        if not colon:
            hint = f"; a file or folder is 'path:{value}'" if "path" in schemes else ""
            if "hf" in schemes and _HUB_NAME.fullmatch(value):
                hint += f", a repository of the Hugging Face Hub 'hf:{value}'"
            self.complain(path, f"{shown(value)} names no kind of source; an address is one of {accepted}{hint}")
        elif scheme not in schemes:
            hint = did_you_mean(scheme, schemes)
            self.complain(path, f"no source is called {shown(scheme)}{hint}; an address is one of {accepted}")
        elif not rest.strip() or rest != rest.strip():
            self.complain(path, f"{shown(value)} names nothing after '{scheme}:', or has spaces at an end")

    # ---- parts ----------------------------------------------------------------------------------------------------

    def model(self, given: dict[str, Any]) -> ModelChoice | None:
        """The loader's options stand beside the model's own keys, or below the loader's name."""
        path: KeyPath = ("model",)
        self.address(given.get("source"), (*path, "source"), model=True)
        self.address(given.get("adapter"), (*path, "adapter"))
        loader_path = (*path, "loader")
        named = given.get("loader")
        if named is None:
            named = self.loader_of(given.get("source"), (*path, "source"))
        entry = read_entry("models", named, loader_path, self.complaints) if named is not None else None
        name, nested, inner = entry or ("", {}, loader_path)
        component = self.component("models", name, inner) if entry else None
        if component is None:
            self.keys(ModelKeys, known_keys(given, ModelKeys), path)
            return None
        beside = {key: value for key, value in given.items() if key != "loader"}
        for key in sorted(nested.keys() & (beside.keys() | ModelKeys.model_fields.keys())):
            said = (
                f"belongs beside `loader`: `model: {{{key}: …}}`" if key in ModelKeys.model_fields else "stands twice"
            )
            self.complain((*inner, key), f"{said}; leave it out here")
            del nested[key]
        takes = option_model(component).model_fields.keys()
        for key in sorted(ModelKeys.handed & beside.keys() - takes):
            self.complain((*path, key), f"the model loader '{name}' takes no {key!r}; leave it out")
        before = len(self.complaints)
        found = self.options(component, beside | nested, ModelKeys, path)
        self.complaints[before:] = [
            Complaint((*inner, *complaint.path[1:]), complaint.message)
            if complaint.path[1:2] and complaint.path[1] in nested
            else complaint
            for complaint in self.complaints[before:]
        ]
        if found is None:
            return None
        options, keys = found
        loader = Chosen(kind="models", name=name, alias=name, options=options, line=self.line_of(loader_path))
        return ModelChoice(keys.source, loader, chat=keys.chat, system=keys.system, adapter=keys.adapter)

    def loader_schemes(self) -> set[str]:
        """The schemes of addresses that an installed model loader takes."""
        loaders = [self.catalogue.find("models", name) for name in self.catalogue.names("models")]
        return {scheme for provided in loaders if provided for scheme in provided.component.schemes}

    def loader_of(self, address: Any, path: KeyPath) -> str | None:
        """The loader that takes addresses of that scheme where a suite names none."""
        if not isinstance(address, str):
            return None
        scheme, found = address.partition(":")[0], loaders_of(address, self.catalogue)
        if len(found) == 1:
            return found[0]
        if found:
            self.complain(path, f"several model loaders take {scheme}: ({listed(found)}); name one under `loader:`")
        elif scheme in self.catalogue.names("sources"):
            names = listed(self.catalogue.names("models"))
            self.complain(
                path, f"no model loader takes {shown(f'{scheme}:')} by itself; name one under `loader:` ({names})"
            )
        return None

    def method_fits(self, method: str, loader: str | None) -> None:
        """Whether the loader provides what the training method needs."""
        trained, opened = self.catalogue.find("methods", method), self.catalogue.find("models", loader or "")
        if trained is None or opened is None:
            return
        lacks = sorted(trained.component.needs - opened.component.provides)
        if lacks:
            self.complain(
                ("train", "method"),
                f"the method '{method}' needs a model that {listed(lacks)}, which the model loader '{loader}' does not provide",
            )

    def data(self, given: dict[str, Any]) -> Data | None:
        keys = self.keys(DataKeys, given, ("data",))
        tests = given.get("tests")
        paths: list[tuple[str, KeyPath, Any]] = [
            (name, ("data", name), given.get(name)) for name in ("train", "validation", "test")
        ]
        paths += [
            (name, ("data", "tests", name), file) for name, file in (tests if isinstance(tests, dict) else {}).items()
        ]
        readers: dict[str, Chosen | None] = {}
        for name, path, file in paths:
            if isinstance(file, dict):
                self.address(file.get("source"), (*path, "source"))
                self.columns(file.get("columns"), (*path, "columns"))
                readers[name] = self.reader(file.get("reader"), (*path, "reader"))
        engine = self.engine(given.get("engine", "local"), ("data", "engine"))
        if keys is None or engine is None:
            return None
        self.splits(keys)
        files = {"train": keys.train, "validation": keys.validation, "test": keys.test, **keys.tests}
        parts = {name: _data_file(file, readers.get(name)) for name, file in files.items() if file is not None}
        return Data(
            parts.get("train"),
            parts.get("validation"),
            parts.get("test"),
            {name: parts[name] for name in keys.tests},
            keys.split,
            engine,
        )

    def columns(self, given: Any, path: KeyPath) -> None:
        """Whether each key of `columns` is one of a format: another one would rename nothing."""
        for key in given if isinstance(given, dict) else ():
            if key not in COLUMNS:
                turned = f"; `columns` says our name first: {{{given[key]}: {key}}}" if given[key] in COLUMNS else ""
                hint = turned or did_you_mean(key, COLUMNS) or f"; they have: {listed(COLUMNS)}"
                self.complain((*path, key), f"no format has a key {shown(key)}{hint}")

    def engine(self, given: Any, path: KeyPath) -> EngineChoice | None:
        """An engine and its options."""
        read = read_named("engine", given, path, self.complaints)
        if read is None:
            return None
        name, options, inner = read
        if name not in ENGINES:
            self.complain(
                inner, f"no engine is called {shown(name)}{did_you_mean(name, ENGINES)}; there are: {listed(ENGINES)}"
            )
            return None
        keys = self.keys(ENGINES[name], options, inner)
        return None if keys is None else EngineChoice(name, keys.model_dump())

    def reader(self, given: Any, path: KeyPath) -> Chosen | None:
        if given is None:
            return None
        read = read_component("readers", given, path, self.catalogue, self.complaints)
        if read is None:
            return None
        name, options = read
        return Chosen(kind="readers", name=name, alias=name, options=options, line=self.line_of(path))

    def splits(self, keys: DataKeys) -> None:
        """Each held-out split comes from one place."""
        path: KeyPath = ("data", "split", "test")
        if keys.test is not None and keys.split.test:
            self.complain(path, "`data.test` brings the test rows already; leave out either")
        for name in keys.tests:
            if name in {"train", "validation", "test"}:
                self.complain(
                    ("data", "tests", name), f"{shown(name)} is a set of its own: `data.{name}`; give it another name"
                )
        if keys.train is None:
            for name in ("test", "validation"):
                if getattr(keys.split, name):
                    said = f"there is no `data.train` to hold rows out of; leave it out, or name `data.{name}`"
                    self.complain(("data", "split", name), said)
            if not (keys.test or keys.tests or keys.validation) and not self.brought:
                self.complain(("data",), "names no rows; give `train:`, `test:` or `tests:`")
        elif keys.test is None and not keys.tests and not keys.split.test and not self.only_data:
            self.complain(
                path,
                "no row is held out to be scored; give a share, such as `split: {test: 0.3}`, or a source, `test:`",
            )
        if keys.validation is not None and keys.split.validation:
            self.complain(
                ("data", "split", "validation"),
                "`data.validation` brings the validation rows already; leave out either",
            )
        if keys.split.test + keys.split.validation >= 1:
            together = keys.split.test + keys.split.validation
            self.complain(
                ("data", "split"), f"test and validation together are {together:g}; less than 1 leaves rows to train on"
            )

    def filters(self, given: Sequence[Any]) -> tuple[Chosen, ...]:
        found: list[Chosen] = []
        aliases: set[str] = set()
        for index, entry in enumerate(given):
            here: KeyPath = ("filters", index)
            named = self.entry("filters", entry, here)
            read = named and self.options(named[0], named[1], FilterKeys, named[2])
            if not named or not read:
                continue
            component, _, inner = named
            options, keys = read
            alias = self.alias("filters", keys.alias, component.name, aliases, inner)
            action = self.action(keys.action, component, (*inner, "action"))
            for metric in self.metrics(component, options, inner) or ():
                self.extra_metrics[f"{alias}/{metric.name}"] = metric
            found.append(
                Chosen(
                    kind="filters",
                    name=component.name,
                    alias=alias,
                    options=options,
                    line=self.line_of(here),
                    action=action,
                )
            )
        return tuple(found)

    def action(
        self, given: Action | Mapping[str, Action] | None, component: FilterComponent[Any], path: KeyPath
    ) -> dict[str, Action]:
        """The action of every rule of a filter: the suite's, else the rule's own."""
        rules = {rule.name: rule.action for rule in component.rules}
        fixed = {rule.name for rule in component.rules if rule.fixed}
        if isinstance(given, str):
            return {name: action if name in fixed else given for name, action in rules.items()}
        for name, action in (given or {}).items():
            if name in fixed and action != rules[name]:
                self.complain((*path, name), f"the action of this rule of '{component.name}' is always {rules[name]}")
            if name not in rules:
                hint = did_you_mean(name, rules)
                self.complain(
                    (*path, name), f"'{component.name}' has no such rule{hint}; its rules: {listed(list(rules))}"
                )
        return rules | dict(given or {})

    def train(self, given: dict[str, Any]) -> Chosen | None:
        path: KeyPath = ("train",)
        name = given.get("method")
        if not isinstance(name, str):
            self.keys(TrainKeys, known_keys(given, TrainKeys), path)
            return None
        component = self.component("methods", name, (*path, "method"))
        read = component and self.options(component, given, TrainKeys, path)
        if not component or not read:
            return None
        options, keys = read
        if (keys.devices or 1) > 1 and keys.parallel not in component.parallel:
            ways = listed(sorted(component.parallel))
            said = f"; it can be: `parallel: {ways}`" if ways else "; leave it out, to train on one device"
            self.complain(
                (*path, "devices"), f"a training by '{name}' cannot be shared by devices as {keys.parallel!r}{said}"
            )
        return Chosen(
            kind="methods",
            name=name,
            alias=name,
            options=options,
            line=self.line_of(path),
            devices=keys.devices,
            parallel=keys.parallel,
        )

    def baselines(self, given: Sequence[Any] | None) -> tuple[Chosen, ...]:
        """Those that are listed, else all that are installed and ask for nothing."""
        if given is not None:
            return self.named("baselines", given, ("baselines",))
        quiet: list[Complaint] = []
        read = [
            read_component("baselines", name, (), self.catalogue, quiet) for name in self.catalogue.names("baselines")
        ]
        return tuple(
            Chosen(kind="baselines", name=found[0], alias=found[0], options=found[1]) for found in read if found
        )


def _usable(given: Mapping[str, Any]) -> dict[str, Any]:
    """Where one top-level key is wrong, the others' values, so that these are checked too."""
    defaults = SuiteKeys.model_construct(name="", model={}, data={})
    values: dict[str, Any] = {}
    for name in SuiteKeys.model_fields:
        default, value = getattr(defaults, name), given.get(name)
        wanted = {"train": dict, "search": dict, "baselines": list}.get(name, type(default))
        values[name] = value if isinstance(value, wanted) and not isinstance(value, bool) else default
    return values


def _data_file(keys: DataFileKeys, reader: Chosen | None) -> DataFile:
    """The source with its reader, which the keys name in full too: however it was written, it is the same."""
    return DataFile(keys.model_copy(update={"reader": reader.resolved() if reader else None}), reader)
