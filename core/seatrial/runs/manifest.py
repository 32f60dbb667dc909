"""The manifest: what a run was made of, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import seatrial
from seatrial.plugin.component import ScorerComponent
from seatrial.plugin.kinds import Kind
from seatrial.runs.environment import LIBRARIES, git_state, hardware, installed_versions, package_versions
from seatrial.runs.result import Described
from seatrial.runs.stages.score import ScoreNode

if TYPE_CHECKING:
    from seatrial.plugin.host import Provided
    from seatrial.runs.stages import StageWork
    from seatrial.runs.workbench import Workbench
    from seatrial.suite.file import Suite

__all__ = ["RunKind", "describe"]

RunKind = Literal["trial", "data"]
"""`data` is a run of the data stages alone: it has a dataset and no verdict."""


def describe(
    suite: Suite,
    bench: Workbench,
    stages: Sequence[StageWork],
    *,
    kind: RunKind,
    suite_digest: str,
    command: Sequence[str],
    started: datetime,
) -> dict[str, object]:
    """manifest.json: versions (of what can move a score, and of all that is installed), hashes, seed, sources, hardware, git state, command."""
    plugins = {info.distribution for info in bench.host.plugins() if not info.blocked}
    model = bench.prepared
    return {
        "seatrial": seatrial.__version__,
        "kind": kind,
        "suite": suite.name,
        "suite_sha256": suite_digest,
        "seed": suite.seed,
        "stages": [stage.name for stage in stages],
        "model": {"address": model.address, "sha256": model.digest, **model.facts} if model else None,
        "components": [asdict(one) for one in _components(suite, bench, stages)],
        "sources": [
            {"address": resolved.address, "facts": dict(resolved.facts)} for resolved in bench.resolved.values()
        ],
        "plugins": [
            {"plugin": info.name, "distribution": info.distribution, "version": info.version}
            for info in bench.host.plugins()
            if not info.blocked
        ],
        "packages": package_versions({*LIBRARIES, *plugins}),
        "installed": installed_versions(),
        "hardware": hardware(),
        "git": git_state(Path.cwd()),
        "offline": bench.offline,
        "command": list(command),
        "started": started.isoformat(),
    }


def _components(suite: Suite, bench: Workbench, stages: Sequence[StageWork]) -> Iterator[Described]:
    """The suite's filters and scorers, and those that it might have named: what reports must know of them."""
    built = {one.alias: one for stage in stages for one in getattr(stage, "filters", ())}
    built |= {stage.alias: bench.made_once(stage.scorer) for stage in stages if isinstance(stage, ScoreNode)}
    for chosen in (*suite.filters, *suite.score):
        made = built.get(chosen.alias)
        yield _described(
            chosen.kind,
            bench.provided(chosen.kind, chosen.name),
            alias=chosen.alias,
            weak=bool(getattr(made, "weak", False)),
            unseen=str(getattr(made, "unseen", "")),
        )
    named = {(chosen.kind, chosen.name) for chosen in (*suite.filters, *suite.score)}
    kinds: tuple[Kind, ...] = ("filters", "scorers")
    for kind in kinds:
        for name in bench.host.names(kind):
            if (kind, name) not in named:
                yield _described(kind, bench.provided(kind, name), used=False)


def _described(kind: Kind, provided: Provided, *, alias: str = "", used: bool = True, **said: Any) -> Described:
    component = provided.component
    return Described(
        kind=kind,
        alias=alias or component.name,
        name=component.name,
        plugin=provided.distribution,
        version=provided.version,
        summary=component.summary,
        dimension=component.dimension if isinstance(component, ScorerComponent) else "data",
        looks_for=component.looks_for,
        used=used,
        **said,
    )
