"""Readiness: what would end a run after hours is refused before its first node; `seatrial check` and every run come here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from seatrial.errors import UsageError
from seatrial.model import ChecksRows, Endpoint, LocalWeights
from seatrial.rows import Row
from seatrial.rows.table import RowList
from seatrial.runs.recipe import Recipe
from seatrial.runs.searching.space import refuse_unfitting
from seatrial.runs.stages import StageWork, blame
from seatrial.runs.stages.gate import GateNode
from seatrial.runs.stages.read import Look, Read
from seatrial.runs.stages.score import ScoreNode
from seatrial.runs.stages.search import SearchRound
from seatrial.runs.stages.train import Train
from seatrial.runs.stages.transcribe import Transcribe, unreadable
from seatrial.runs.stages.verify_training import VerifyTraining
from seatrial.runs.task_plan import fewshot_examples
from seatrial.runs.workbench import Workbench
from seatrial.training import ChecksModel, SharesTraining, TrainsPart

__all__ = ["as_trained", "looks_of", "model_tokenizer", "unready"]


def looks_of(stages: Sequence[StageWork]) -> list[Look]:
    """The first rows of each input of a run.

    Raises:
        SourceError: no record of an input becomes a row.
    """
    return [look for stage in stages if isinstance(stage, Read) for look in stage.look()]


def unready(stages: Sequence[StageWork], looks: Sequence[Look], bench: Workbench) -> Iterator[str]:
    """What some of the nodes have against some of the rows that were looked at, a sentence each.

    An endpoint is looked for, and everything that the nodes work with is built: libraries, detectors' weights and files that
    are missing show now. The weights of the model on trial are not loaded, and what a factory makes is not made.

    Args:
        stages: the nodes that are not done yet.
        looks: the first rows of each input.
        bench: builds what they need.

    Raises:
        UsageError: the endpoint does not answer, a component's options do not fit the model, its rows show pictures that
            it cannot be shown, or one of the probes and scorers can do nothing with any row.
        StageError: a component could not be built.
    """
    asks_model = any(isinstance(stage, Transcribe) and stage.model is not None for stage in stages)
    if asks_model and isinstance(bench.prepared, Endpoint):
        bench.on_trial().open(None, frozenset())
    if asks_model or any(isinstance(stage, Train) for stage in stages):
        model_tokenizer(bench)
        _refuse_unseen(looks, bench)
    for recipe in _recipes(stages):
        bench.made_once(recipe)
    for stage in stages:
        if isinstance(stage, VerifyTraining):
            yield from stage.remarks
    for train in {stage.method.key: stage for stage in stages if isinstance(stage, Train)}.values():
        method = bench.made_once(train.method)
        if isinstance(method, ChecksModel):
            with blame("train", train.method.who, train.plugin):
                method.check(bench.on_trial().trainable())
        if train.devices > 1:
            yield from _devices(train, method, bench)
        elif train.parallel == "sharded":
            yield "train.parallel: sharded does nothing where one process trains; say `devices`, or start a launcher"
    if (tries := next((stage for stage in stages if isinstance(stage, SearchRound)), None)) is not None:
        with blame("search", tries.method.who, tries.plugin):
            refuse_unfitting(tries.search, tries.method, bench.made, bench.on_trial().trainable)
    yield from _against_rows(stages, looks, bench)
    if asks_model:
        yield from _against_examples(stages, looks, bench)


def _devices(train: Train, method: object, bench: Workbench) -> Iterator[str]:
    """What should be known of sharing a training.

    Raises:
        UsageError: the method cannot, or the devices are not there.
    """
    here = train.leader.launch.local_world if train.leader else train.devices
    if not isinstance(method, SharesTraining):
        raise UsageError(
            f"train.devices: {train.devices} processes cannot share a training by {train.method.who}; train in one"
        )
    with blame("train", train.method.who, train.plugin):
        yield from method.check_devices(bench.on_trial().trainable(), here, train.parallel)


def _refuse_unseen(looks: Sequence[Look], bench: Workbench) -> None:
    """Refuse an input whose rows show pictures to a model that reads text alone; what an endpoint makes of them is not known.

    Raises:
        UsageError: all of the rows that were looked at do.
    """
    target = bench.prepared
    if not isinstance(target, LocalWeights) or "images" in bench.on_trial().provides(None):
        return
    for look in looks:
        if all(row.images for row in look.rows):
            raise UsageError(
                f"{look.address}: its rows show pictures (the first is {look.first.file}:{look.first.line}), and the model "
                f"{target.address} reads text alone ({bench.on_trial().recipe.who} provides no `images` for it); name a model that "
                "is shown pictures, or rows without any"
            )


def model_tokenizer(bench: Workbench) -> Any:
    """The tokenizer by which the model on trial reads rows; None where that cannot be seen, or it is a classifier.

    Raises:
        SourceError: there is none that can be loaded.
    """
    if not isinstance(bench.prepared, LocalWeights) or bench.on_trial().provides(None) == {"classifies"}:
        return None
    return bench.tokenizer()


def as_trained(rows: Sequence[Row], stages: Sequence[StageWork], bench: Workbench) -> list[Row]:
    """The rows, those of train and validation with the turns that the run's method trains."""
    train = next((stage for stage in stages if isinstance(stage, Train)), None)
    if train is None or not isinstance(method := bench.made_once(train.method), TrainsPart):
        return list(rows)
    with blame("train", train.method.who, train.plugin):
        return [
            replace(row, turns=tuple(method.taught(row.turns))) if row.split in {"train", "validation"} else row
            for row in rows
        ]


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
    asked = [(one.probe, one.task, one.plugin) for one in asking]
    scored = [(stage.scorer, stage.task, stage.plugin) for stage in stages if isinstance(stage, ScoreNode)]
    for recipe, task, plugin in asked + scored:
        checks = bench.made_once(recipe)
        if not isinstance(checks, ChecksRows) or not task.asks_rows or task.draws is not None:
            continue
        of_set = [look for look in looks if look.split == task.on] or [look for look in looks if not look.split]
        for look in of_set:
            others = {row.id: row for row in look.kinds}
            with blame(look.address, recipe.who, plugin):
                found = dict(checks.problems(look.rows))
                useless = len(dict(checks.problems(others.values()))) == len(others)
            if not found:
                continue
            row = next(row for row in look.rows if row.id in found)
            count = f"{len(found)} of the first {len(look.rows)} rows"
            said = f"{look.address}: {recipe.who} can do nothing with {count}: {row.file}:{row.line}: {found[row.id]}"
            if useless and len(found) == len(look.rows):
                raise UsageError(f"{said}; leave the scorer out, or ask another set: `on:`")
            yield said


def _against_examples(stages: Sequence[StageWork], looks: Sequence[Look], bench: Workbench) -> Iterator[str]:
    """Which of the rows that were looked at the model cannot read with examples before them: the first rows stand for those."""
    first = [row for look in looks if look.split in {"", "train"} for row in look.rows]
    tokenizer = model_tokenizer(bench)
    for stage in stages:
        if not isinstance(stage, Transcribe) or stage.model is None or stage.asking.task.draws is not None:
            continue
        shots = stage.system.fewshot + stage.asking.task.fewshot
        examples = fewshot_examples(RowList(first), shots, stage.asking.task.seed)
        if not examples or not stage.asking.task.asks_rows:
            continue
        on = stage.asking.task.on
        for look in [look for look in looks if look.split == on] or [look for look in looks if not look.split]:
            seen = {row.id: replace(row, split=on) for row in (*look.rows, *look.kinds)}.values()
            rows = [row for row in seen if not unreadable(tokenizer, [row])]  # others are told without examples
            if found := unreadable(tokenizer, rows, examples):
                count = f"{len(found)} of {len(rows)} rows that were looked at cannot be asked with {shots} examples before each"
                yield f"{look.address}: {stage.system.name}: {count}: {found[0]}"
