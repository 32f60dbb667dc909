"""The manifest: what a run was made of, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import seatrial
from seatrial.plugin.component import MeasuringComponent, ScorerComponent
from seatrial.plugin.host import Provided
from seatrial.runs.environment import LIBRARIES, git_state, hardware, package_versions

if TYPE_CHECKING:
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
    """manifest.json: versions, hashes, seed, sources, hardware, git state, command."""
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
        "components": [dict(one) for one in _components(suite, bench)],
        "sources": [
            {"address": resolved.address, "facts": dict(resolved.facts)} for resolved in bench.resolved.values()
        ],
        "plugins": [
            {"plugin": info.name, "distribution": info.distribution, "version": info.version}
            for info in bench.host.plugins()
            if not info.blocked
        ],
        "packages": package_versions({*LIBRARIES, *plugins}),
        "hardware": hardware(),
        "git": git_state(Path.cwd()),
        "offline": bench.offline,
        "command": list(command),
        "started": started.isoformat(),
    }


def _components(suite: Suite, bench: Workbench) -> Iterator[Mapping[str, object]]:
    """What reports must know of filters and scorers without knowing any: of the suite's, and of the filters that it left out."""
    for chosen in (*suite.filters, *suite.score):
        provided = bench.provided(chosen.kind, chosen.name)
        yield _described(chosen.kind, chosen.alias, provided)
    named = {chosen.name for chosen in suite.filters}
    for name, provided in bench.host.components("filters").items():
        if name not in named and provided.component.looks_for:
            yield {**_described("filters", name, provided), "used": False}


def _described(kind: str, alias: str, provided: Provided) -> Mapping[str, object]:
    component = provided.component
    assert isinstance(component, MeasuringComponent)
    return {
        "kind": kind,
        "alias": alias,
        "name": component.name,
        "plugin": provided.distribution,
        "version": provided.version,
        "summary": component.summary,
        "looks_for": component.looks_for,
        "dimension": component.dimension if isinstance(component, ScorerComponent) else "data",
    }
