"""From a suite to its data stages: every source resolved, every reader and filter built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seatrial.runs.engines import Engine
from seatrial.runs.inputs import Input, NamedReader
from seatrial.runs.stages import StageWork
from seatrial.runs.stages.clean import Clean
from seatrial.runs.stages.decontaminate import Decontaminate
from seatrial.runs.stages.deduplicate import Deduplicate
from seatrial.runs.stages.read import Read
from seatrial.runs.stages.split import Split
from seatrial.runs.store import digest_path
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.runs.workbench import Workbench

if TYPE_CHECKING:
    from seatrial.suite.file import Chosen, DataFile, Suite
    from seatrial.suite.parts import EngineChoice

__all__ = ["data_stages"]


def data_stages(suite: Suite, bench: Workbench, *, scored: bool) -> list[StageWork]:
    """Read, clean, compare, split, leakage.

    Args:
        suite: What to plan for.
        bench: Builds the filters; the model under test is prepared only where one of them asks for its tokenizer.
        scored: Whether the run goes on to score a model, so that a test row must be left.

    Raises:
        UsageError: a source cannot be resolved, or a component cannot be built with its options.
    """
    read = _read(suite, bench)  # first: a file that is missing is said before heavy libraries are loaded for the rest
    filters = {place: _filters(suite, bench, place) for place in ("rows", "corpus", "splits")}
    split, engine = suite.data.split, _engine(suite.data.engine)
    return [
        read,
        Clean(filters["rows"], engine),
        Deduplicate(filters["corpus"], engine),
        Split(
            test=split.test,
            validation=split.validation,
            by_cluster=split.by == "cluster",
            stratify=split.stratify,
            seed=suite.seed,
            scored=scored,
        ),
        Decontaminate(filters["splits"], engine),
    ]


def _engine(chosen: EngineChoice) -> Engine:
    if chosen.name == "ray":
        from seatrial.runs.engines.on_ray import RayEngine

        return RayEngine(**chosen.options)
    from seatrial.runs.engines.local import LocalEngine

    return LocalEngine(**chosen.options)


def _read(suite: Suite, bench: Workbench) -> Read:
    data = suite.data
    given = {"train": data.train, "validation": data.validation, "test": data.test}
    split_later = data.test is None
    inputs = [
        _input(bench, file, "" if split_later and split == "train" else split)
        for split, file in given.items()
        if file is not None
    ]
    named = {source.reader.name: source.reader.options for source in given.values() if source and source.reader}
    readers = {name: _reader(bench, name, named.get(name, {})) for name in bench.host.names("readers")}
    redacts = any(
        rule.action == "redact"
        for chosen in suite.filters
        for rule in bench.provided("filters", chosen.name).component.rules
    )
    return Read(inputs, readers, excerpts=not redacts)


def _input(bench: Workbench, file: DataFile, split: str) -> Input:
    return Input(
        resolved=bench.resolve(file.source, "data"),
        split=split,
        reader=file.reader.name if file.reader else None,
        format=file.format,
        columns=file.columns,
        labels=file.labels,
        label_style=file.label_style,
        limit=file.limit,
    )


def _reader(bench: Workbench, name: str, options: Mapping[str, Any]) -> NamedReader:
    provided = bench.provided("readers", name)
    versions = provided.version, provided.component.version
    return NamedReader(name, provided.distribution, bench.build("readers", name, options), options, versions)


def _filters(suite: Suite, bench: Workbench, place: str) -> list[SuiteFilter]:
    return [
        _filter(bench, chosen)
        for chosen in suite.filters
        if bench.provided("filters", chosen.name).component.place == place
    ]


def _filter(bench: Workbench, chosen: Chosen) -> SuiteFilter:
    provided = bench.provided("filters", chosen.name)
    recipe = bench.recipe("filters", chosen.name, chosen.options)
    return SuiteFilter(
        alias=chosen.alias,
        component=provided.component,
        plugin=provided.distribution,
        version=provided.version,
        filter=bench.made(recipe),
        recipe=recipe,
        options=chosen.options,
        actions=chosen.action or None,
        reads=_benchmark_digests(bench, chosen),
    )


def _benchmark_digests(bench: Workbench, chosen: Chosen) -> dict[str, str]:
    """What a filter's result depends on besides its options and the rows: the benchmarks' files."""
    sources = {
        keys["source"]
        for option, use in bench.provided("filters", chosen.name).component.uses.items()
        if use.kind == "benchmarks"
        for keys in chosen.options[option].values()
    }
    return {source: digest_path(bench.resolve(source, "data").path) for source in sorted(sources)}
