"""Preflight: everything that can be checked of a suite before a GPU is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from seatrial.errors import StageError, UsageError
from seatrial.model import ChecksRows, Endpoint, LocalWeights
from seatrial.plugin.host import Host
from seatrial.runs.stages.gate import GateNode
from seatrial.runs.stages.read import Look, Read
from seatrial.runs.stages.score import ScoreNode
from seatrial.runs.stages.train import Train
from seatrial.runs.stages.transcribe import Transcribe
from seatrial.runs.store import RunFolder, cache_folder
from seatrial.runs.workbench import Workbench
from seatrial.training import ChecksModel

if TYPE_CHECKING:
    from seatrial.rows import Row
    from seatrial.runs.recipe import Recipe
    from seatrial.runs.stages import StageWork
    from seatrial.suite.file import Suite

__all__ = ["preflight"]


def preflight(
    suite: Suite, host: Host, *, cache: Path | None = None, offline: bool = False, only_data: bool = False
) -> Iterator[str]:
    """Resolve every source, build every component, read some rows and render a prompt; yields a line for each.

    An endpoint is looked for, weights and what a factory makes are not loaded. With `only_data`, what the data stages need:
    no prompt is rendered, and no model is touched but for its tokenizer.

    Raises:
        UsageError: the first thing that is wrong.
    """
    from seatrial.runs.plan import plan_data_stages, plan_stages

    bench = Workbench(host, cache=cache or cache_folder(), offline=offline)
    with TemporaryDirectory() as scratch:
        stages = (plan_data_stages if only_data else plan_stages)(suite, bench, RunFolder(Path(scratch)))
        for resolved in bench.resolved.values():
            pins = ", ".join(f"{name} {value}" for name, value in resolved.facts.items())
            yield f"source {resolved.address}: {resolved.path.name}" + (f" ({pins})" if pins else "")
        if model := bench.prepared:
            yield f"model {model.address}: " + (
                f"sha256 {model.digest[:16]}" if model.digest else "no digest: its weights cannot be seen"
            )
            if isinstance(model, Endpoint):
                bench.on_trial().open(None, frozenset())
        read = next(stage for stage in stages if isinstance(stage, Read))
        looks = list(read.look())
        for look in looks:
            row = look.first
            yield f"rows of {look.address}: {row.format}, first from {row.file}:{row.line}"
            if look.labels:
                yield f"warning: {look.address}: {look.labels}"
            for warning in look.warnings:
                yield f"warning: {look.address}: {warning}"
            if not only_data:
                seen = f", {_tokens(bench, row)}" if isinstance(bench.prepared, LocalWeights) else ""
                yield f"prompt of it{seen}: {row.input_text[:120]!r}"
                taught = suite.train is not None
                rows = [replace(row, split="train") if taught and not row.split else row for row in look.kinds]
                for row, problem in _problems(bench, rows):
                    yield f"warning: {look.address}: {row.file}:{row.line}: {problem}"
        for recipe in _recipes(stages):
            bench.made_once(recipe)  # weights, libraries and files of what would work only after training
        for stage in stages:
            if isinstance(stage, Train) and isinstance(method := bench.made_once(stage.method), ChecksModel):
                method.check(bench.on_trial().trainable())
        for warning in _against_rows(stages, looks, bench):
            yield f"warning: {warning}"
        yield f"stages: {' → '.join(stage.name for stage in stages)}"
    yield f"{suite.name}: ready"


def _recipes(stages: Sequence[StageWork]) -> Iterator[Recipe]:
    """What the nodes build when they work."""
    for stage in stages:
        if isinstance(stage, Train):
            yield stage.method
        elif isinstance(stage, Transcribe):
            yield stage.asking.probe
            if stage.system.baseline is not None:
                yield stage.system.baseline
        elif isinstance(stage, GateNode):
            yield from stage.recipes


def _against_rows(stages: Sequence[StageWork], looks: Sequence[Look], bench: Workbench) -> Iterator[str]:
    """What probes and scorers have against some of the rows that were looked at.

    Raises:
        UsageError: one of them can do nothing with any.
    """
    asking = {stage.asking.name: stage.asking for stage in stages if isinstance(stage, Transcribe)}.values()
    askers = [(one.probe, one.task) for one in asking]
    for recipe, task in [*askers, *((stage.scorer, stage.task) for stage in stages if isinstance(stage, ScoreNode))]:
        checks = bench.made_once(recipe)
        if not isinstance(checks, ChecksRows) or not task.asks_rows or task.draws is not None:
            continue
        of_set = [look for look in looks if look.split == task.on] or [look for look in looks if not look.split]
        for look in of_set:
            found = dict(checks.problems(look.rows))
            if not found:
                continue
            row = next(row for row in look.rows if row.id in found)
            count = f"{len(found)} of the first {len(look.rows)} rows"
            said = f"{look.address}: {recipe.who} can do nothing with {count}: {row.file}:{row.line}: {found[row.id]}"
            if len(found) == len(look.rows):
                raise UsageError(f"{said}; leave the scorer out, or ask another set: `on:`")
            yield said


def _problems(bench: Workbench, rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
    """What keeps the model from reading the rows as they are meant."""
    tokenizer = bench.tokenizer() if isinstance(bench.prepared, LocalWeights) else None
    if isinstance(tokenizer, ChecksRows):
        for row in rows:
            yield from ((row, said) for _, said in tokenizer.problems([row]))


def _tokens(bench: Workbench, row: Row) -> str:
    """How many, or why they cannot be counted: one row that a filter will drop is no fault of the suite."""
    tokenizer = bench.tokenizer()
    try:
        (count,) = tokenizer.count_tokens([row.turns], [row.tools])
    except StageError as error:
        return str(error)
    return f"{count} tokens with its answer"
