"""The trail of the data: rows read, dropped by whom and why, split how; and what leaked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.evaluation.scores import Score
from seatrial.runs.result import Result
from seatrial_reports.columns import chosen
from seatrial_reports.cover import Cover, build_cover
from seatrial_reports.coverage import Coverage, build_coverage
from seatrial_reports.evidence import Example, quote
from seatrial_reports.facts import entries, text, whole
from seatrial_reports.filtering import FILTER_STAGES, FilterBlock, build_filters
from seatrial_reports.identity import IdentityBlock, build_identity
from seatrial_reports.leaks import Leaks, build_leaks
from seatrial_reports.numbers import count, interval, value

__all__ = ["DataTrail", "FlowStep", "NaiveSplit", "build_data_trail"]

LISTED = 200
"""Conflicting labels are listed in full up to here."""

_NAMES = {"read": "Reading", "clean": "Row filters", "deduplicate": "Comparing filters", "decontaminate": "Leakage"}


@dataclass(frozen=True, slots=True)
class FlowStep:
    """What came into a stage, what it dropped and what went on."""

    stage: str
    name: str
    rows_in: int
    dropped: int
    rows_out: int
    kept_share: float
    """Of all that was read, in percent."""
    adds_up: bool


@dataclass(frozen=True, slots=True)
class NaiveSplit:
    """What a split that ignores duplicates would have reported: an estimate."""

    lines: tuple[tuple[str, str, str, str], ...]
    """(what, value, interval, n)."""


@dataclass(frozen=True, slots=True)
class DataTrail:
    """Everything that the reports say about data."""

    read: int | None
    kept: int | None
    dropped: int
    flow: tuple[FlowStep, ...]
    filters: tuple[FilterBlock, ...]
    identity: tuple[IdentityBlock, ...]
    files: tuple[tuple[str, str, str], ...]
    """(file, source, records)."""
    cover: Cover
    coverage: tuple[Coverage, ...]
    """What coverage filters told; empty where the suite has none."""
    conflicts: tuple[Example, ...]
    conflicts_total: int
    leaks: Leaks
    naive: NaiveSplit | None

    @property
    def loud(self) -> tuple[FilterBlock, ...]:
        """The filters that found something."""
        return tuple(block for block in self.filters if block.rules)

    @property
    def quiet(self) -> tuple[FilterBlock, ...]:
        """The filters that found nothing."""
        return tuple(block for block in self.filters if not block.rules)


def build_data_trail(result: Result) -> DataTrail:
    """Read the stages' facts and the ledger."""
    flow = _flow(result)
    conflicts = chosen(result.ledger, ("rule",), lambda rule: "conflict" in rule).tolist()
    return DataTrail(
        read=flow[0].rows_in if flow else None,
        kept=flow[-1].rows_out if flow else None,
        dropped=sum(step.dropped for step in flow),
        flow=flow,
        filters=build_filters(result),
        identity=build_identity(result),
        files=tuple(
            (text(file, "file"), text(file, "source"), count(whole(file, "records") or 0))
            for file in entries(result.facts("read"), "files")
        ),
        cover=build_cover(result),
        coverage=build_coverage(result),
        conflicts=tuple(quote(result, conflicts[:LISTED])),
        conflicts_total=len(conflicts),
        leaks=build_leaks(result),
        naive=_naive(result.scores),
    )


def _flow(result: Result) -> tuple[FlowStep, ...]:
    steps: list[FlowStep] = []
    for stage in FILTER_STAGES:
        facts = result.facts(stage)
        keys = ("read", "problems", "rows") if stage == "read" else ("rows_in", "dropped", "rows_out")
        counts = [whole(facts, key) for key in keys]
        if None in counts:
            continue
        rows_in, dropped, rows_out = (n or 0 for n in counts)
        all_read = steps[0].rows_in if steps else rows_in
        steps.append(
            FlowStep(
                stage=stage,
                name=_NAMES[stage],
                rows_in=rows_in,
                dropped=dropped,
                rows_out=rows_out,
                kept_share=round(100 * rows_out / all_read, 2) if all_read else 0.0,
                adds_up=rows_in == dropped + rows_out,
            )
        )
    return tuple(steps)


_NAIVE = {
    "accuracy": "Accuracy on the whole naive test set",
    "accuracy_leaked": "… on its rows that also stand in train",
    "accuracy_clean": "… on its rows that do not",
}


def _naive(scores: Sequence[Score]) -> NaiveSplit | None:
    lines = [
        (
            _NAIVE.get(name := score.metric.partition("/")[2], name),
            value(score) if score.value is not None else f"missing: {score.missing or 'not produced'}",
            interval(score),
            f"{score.n:,}",
        )
        for score in scores
        if score.metric.startswith("naive_split/")
    ]
    return NaiveSplit(tuple(lines)) if lines else None
