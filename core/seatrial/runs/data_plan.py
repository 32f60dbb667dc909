"""From a suite to its data stages: every source resolved, every reader and filter built."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
    from seatrial.suite.file import Chosen, Suite
    from seatrial.suite.parts import EngineChoice

__all__ = ["data_stages"]


def data_stages(suite: Suite, bench: Workbench, *, asked: Collection[str] = ()) -> list[StageWork]:
    """Read, clean, compare, split, leakage.

    Args:
        suite: What to plan for.
        bench: Builds the filters; the model under test is prepared only where one of them asks for its tokenizer.
        asked: The evaluation sets that the run goes on to ask a model, of which a row must be left.

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
            sets=suite.data.sets,
            asked=tuple(asked),
        ),
        Decontaminate(filters["splits"], engine, suite.data.sets),
    ]


def _engine(chosen: EngineChoice) -> Engine:
    if chosen.name == "ray":
        from seatrial.runs.engines.on_ray import RayEngine

        return RayEngine(**chosen.options)
    from seatrial.runs.engines.local import LocalEngine

    return LocalEngine(**chosen.options)


def _read(suite: Suite, bench: Workbench) -> Read:
    data = suite.data
    split_later = {"train"} if data.test is None else set()
    inputs = [
        Input(
            bench.resolve(file.keys.source, "data"), "" if name in split_later else name, file.keys, _named(file.reader)
        )
        for name, file in data.files.items()
    ]
    chosen = {file.reader.name: file.reader.options for file in data.files.values() if file.reader}
    readers = {name: _reader(bench, name, chosen.get(name, {})) for name in bench.host.names("readers")}
    redacts = any(
        rule.action == "redact"
        for chosen in suite.filters
        for rule in bench.provided("filters", chosen.name).component.rules
    )
    return Read(inputs, readers, excerpts=not redacts)


def _named(reader: Chosen | None) -> str | None:
    return reader.name if reader else None


def _reader(bench: Workbench, name: str, options: Mapping[str, Any]) -> NamedReader:
    recipe = bench.recipe("readers", name, options)
    return NamedReader(name, bench.provided("readers", name).distribution, bench.made(recipe), recipe)


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
