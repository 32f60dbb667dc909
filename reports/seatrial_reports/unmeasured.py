"""Unmeasured: what a reader might take as shown and is not, as far as the saved run can tell; nothing is told by a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seatrial.evaluation.scores import DIMENSIONS
from seatrial.evaluation.summary import DATA
from seatrial.runs.result import Result
from seatrial.terminal.figures import count
from seatrial.terminal.names import listed
from seatrial_reports.datatrail import DataTrail
from seatrial_reports.dimensions import Measured, scorers_of
from seatrial_reports.facts import mapping, sequence, text, whole
from seatrial_reports.headline import subject

__all__ = ["build_unmeasured", "told_by_filters"]

_ABSENT = {
    "accuracy": "Accuracy: no scorer asked whether its answers are right.",
    "robustness": "Robustness: no scorer changed the texts to see whether the answers hold.",
    "safety": "Safety: no scorer looked for harmful, private or made-up answers.",
    "efficiency": "Speed and memory: nothing was timed.",
}
"""Dimension → what is said where no scorer speaks of it; the data are the filters' affair."""

_STAGES = {
    "clean": "Row by row, no filter looked at the data.",
    "deduplicate": "Copies: no filter held rows against each other.",
    "decontaminate": "Leaks and gaps: no filter held train against the held-out rows.",
}
"""Stage → what is said where no filter stood in it."""


def build_unmeasured(result: Result, data: DataTrail, measured: Sequence[Measured]) -> tuple[str, ...]:
    """One sentence for each thing that was not measured, the weightiest for a release first."""
    return (
        *(() if result.only_data else _of_scores(result, measured)),
        *_missing(result, data),
        *_of_training(result),
        *_of_data(result, data),
    )


def _of_scores(result: Result, measured: Sequence[Measured]) -> Iterator[str]:
    described = scorers_of(result)
    if result.components:
        spoken = {one.dimension for one in described.values()}
        yield from (said for name, said in _ABSENT.items() if name not in spoken)
        undeclared = [one.alias for one in described.values() if one.dimension not in DIMENSIONS]
        if undeclared:
            yield f"What {listed(undeclared)} speaks of: it names no dimension."
    else:
        yield "What the scorers speak of: the run does not say it, so whether any dimension was left out is not known."
    if not_known := text(mapping(result.manifest, "model"), "not_known"):
        yield f"Of what answered, it is not known {not_known}."
    for one in described.values():
        yield from _left_out(one.alias, one.unseen, one.missing)
        if one.not_known:
            yield f"Of {one.alias}, it is not known {one.not_known}."
    for scored in (scored for one in measured for scored in one.scorers):
        if scored.tried:
            yield f"{scored.alias} on all rows: it tried {scored.tried}, drawn at random."
    if not any(one.compared for one in measured):
        yield f"What else could do the job: only {subject(result)} was scored, so nothing says what it is worth."


def _left_out(alias: str, unseen: str, missing: str) -> Iterator[str]:
    if unseen:
        yield f"{alias} did not look for {unseen}."
    if missing:
        yield f"{alias} could not look for all that it would have: {missing}."


def told_by_filters(result: Result, data: DataTrail) -> frozenset[str]:
    """The metrics that no gate holds of filters that have more to show: what they tell needs no table of numbers."""
    filters = {block.filter for block in data.filters if block.blocks}
    gated = {decision.metric for decision in result.verdict.decisions} if result.verdict else set()
    metrics = {score.metric for score in result.scores if score.system == DATA}
    return frozenset(metric for metric in metrics - gated if metric.partition("/")[0] in filters)


def _missing(result: Result, data: DataTrail) -> Iterator[str]:
    told = told_by_filters(result, data)
    for score in result.scores:
        if score.value is None and score.metric not in told:
            whose = "" if score.system == DATA else f" of {score.system}"
            yield f"{score.metric}{whose}: {score.missing or 'not produced'}."


def _of_training(result: Result) -> Iterator[str]:
    facts = result.facts("train")
    if not facts:
        return
    if len(sequence(result.suite, "seeds")) < 2:
        yield (
            f"Another training: there was one, with seed {text(result.manifest, 'seed') or 'unknown'}. Intervals tell what "
            "other test rows would give, not what another seed would."
        )
    if whole(facts, "validation_rows") == 0:
        yield "Overfitting: there were no validation rows to watch, so what the last step left was taken."


def _of_data(result: Result, data: DataTrail) -> Iterator[str]:
    stood = {block.stage for block in data.filters}
    ran = {record.stage for record in result.records}
    yield from (said for stage, said in _STAGES.items() if stage in ran and stage not in stood)
    filters = [one for one in result.components if one.kind == "filters" and one.looks_for]
    looked = {one.looks_for for one in filters if one.used}
    rest = dict.fromkeys(one.looks_for for one in filters if not one.used and one.looks_for not in looked)
    if rest:
        yield f"In the data, no filter looked for: {'; '.join(rest)}."
    elif looked:
        yield f"In the data, filters looked for: {'; '.join(looked)}. Whatever else may be wrong with them was not looked for."
    for block in data.filters:
        yield from _left_out(block.filter, block.unseen, "")
    if pictures := whole(result.facts("read"), "pictures"):
        yield f"What is seen in {count(pictures)} pictures: no filter declares that it looks at more than their bytes."
    source = mapping(result.suite, "data")
    if not result.only_data and source and not _brings_tests(source):
        yield "Rows of another origin: the test rows were split off the same source as the train rows."
    for split in ("train", "validation", "test"):
        limit = whole(mapping(source, split), "limit")
        if limit is not None:
            yield f"The rest of the {split} rows' source: only its first {count(limit)} records were read."


def _brings_tests(data: Mapping[str, object]) -> bool:
    return bool(data.get("test") or data.get("tests"))
