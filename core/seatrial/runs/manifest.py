"""The manifest: what a run was made of, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import seatrial
from seatrial.model import LocalWeights, Target
from seatrial.plugin.component import ScorerComponent
from seatrial.plugin.kinds import KINDS, Kind
from seatrial.rows.images import LIBRARY
from seatrial.runs.environment import LIBRARIES, git_state, hardware, installed_versions, package_versions
from seatrial.runs.keys import OWN
from seatrial.runs.recipe import module_code
from seatrial.runs.result import Described
from seatrial.runs.stages.score import ScoreNode
from seatrial.suite.secrets import as_kept

if TYPE_CHECKING:
    from seatrial.plugin.host import Provided
    from seatrial.runs.stages import StageWork
    from seatrial.runs.workbench import Workbench
    from seatrial.suite.file import Chosen, Suite

__all__ = ["RunKind", "changed_versions", "describe"]

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
    before: Mapping[str, object],
) -> dict[str, object]:
    """manifest.json: versions (of what can move a score, and of all that is installed), hashes, seed, sources, hardware, git state, command.

    Args:
        suite: what is run.
        bench: what built its components.
        stages: its nodes.
        kind: whether it comes to a verdict.
        suite_digest: of the resolved suite.
        command: the command line.
        started: when it was first started.
        before: the run's manifest so far.
    """
    plugins = {info.distribution for info in bench.host.plugins() if not info.blocked}
    packages = package_versions({*LIBRARIES, *OWN, LIBRARY, *plugins, *_declared(bench)})
    last, worked_on = before.get("packages"), list(cast("list[object]", before.get("worked_on_with") or []))
    if isinstance(last, dict) and last != packages:
        worked_on.append(last)
    model = bench.prepared
    active = [info for info in bench.host.plugins() if not info.blocked]
    unknown = [info.name for info in active if not module_code(info.module)]
    return {
        "seatrial": seatrial.__version__,
        "kind": kind,
        "suite": suite.name,
        "suite_sha256": suite_digest,
        "seed": suite.seed,
        "stages": [stage.name for stage in stages],
        "model": {"address": model.address, "sha256": model.digest, **model.facts, **_date(model)} if model else None,
        "components": [asdict(one) for one in _components(suite, bench, stages)],
        "sources": [
            {"address": resolved.address, "facts": dict(resolved.facts)} for resolved in bench.resolved.values()
        ],
        "plugins": [
            {"plugin": info.name, "distribution": info.distribution, "version": info.version} for info in active
        ],
        **({"code_not_known": f"of {', '.join(unknown)}: it stands in no file; --fresh works anew"} if unknown else {}),
        "packages": packages,
        "installed": installed_versions(),
        "worked_on_with": worked_on,
        "hardware": hardware(),
        "git": git_state(Path.cwd()),
        "offline": bench.offline,
        "command": as_kept(command),
        "started": started.isoformat(),
    }


def _date(model: Target) -> dict[str, str]:
    date = model.date if isinstance(model, LocalWeights) else ""
    return {"chat_template_date": date} if date else {}


def changed_versions(manifest: Mapping[str, object]) -> dict[str, str]:
    """What has another version than when the run was last worked on: none of it is in a node that is used again."""
    worked_on, now = (
        cast("list[dict[str, str]]", manifest["worked_on_with"]),
        cast("dict[str, str]", manifest["packages"]),
    )
    if not worked_on:
        return {}
    before = worked_on[-1]
    return {
        name: f"{before.get(name, 'not installed')}, now {now.get(name, 'not installed')}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    }


def _declared(bench: Workbench) -> set[str]:
    """The libraries that any component declares."""
    found = (provided for kind in KINDS for provided in bench.host.components(kind).values())
    return {library for provided in found for library in provided.component.libraries}


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
            not_known=str(getattr(made, "not_known", "")),
            own_rows=_asks_own_rows(bench, chosen),
        )
    named = {(chosen.kind, chosen.name) for chosen in (*suite.filters, *suite.score)}
    kinds: tuple[Kind, ...] = ("filters", "scorers")
    for kind in kinds:
        for name in bench.host.names(kind):
            if (kind, name) not in named:
                yield _described(kind, bench.provided(kind, name), used=False)


def _asks_own_rows(bench: Workbench, chosen: Chosen) -> bool:
    component = bench.provided(chosen.kind, chosen.name).component
    if not isinstance(component, ScorerComponent):
        return False
    probe = bench.provided("probes", component.probe).component
    return component.brings_rows or bool(component.draws) or not getattr(probe, "asks_rows", True)


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
