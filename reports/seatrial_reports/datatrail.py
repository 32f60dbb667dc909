"""The trail of the data: rows read, dropped by whom and why, split how; and what filters have to show."""

from __future__ import annotations

from dataclasses import dataclass

from seatrial.runs.result import Result
from seatrial.terminal.figures import count
from seatrial_reports.composition import Composition, build_composition
from seatrial_reports.facts import entries, text, whole
from seatrial_reports.filtering import FILTER_STAGES, FilterBlock, build_filters

__all__ = ["DataTrail", "FlowStep", "build_data_trail"]

_NAMES = {
    "read": "Reading",
    "clean": "Row by row",
    "deduplicate": "Rows beside each other",
    "decontaminate": "Train beside the held-out rows",
}
"""What each stage did."""


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
class DataTrail:
    """Everything that the reports say about data."""

    read: int | None
    kept: int | None
    dropped: int
    flow: tuple[FlowStep, ...]
    filters: tuple[FilterBlock, ...]
    files: tuple[tuple[str, str, str], ...]
    """(file, source, records)."""
    composition: Composition

    @property
    def loud(self) -> tuple[FilterBlock, ...]:
        """The filters that found something."""
        return tuple(block for block in self.filters if block.rules)

    @property
    def showing(self) -> tuple[FilterBlock, ...]:
        """The filters that have more to show than what became of rows."""
        return tuple(block for block in self.filters if block.blocks or block.pairs)

    @property
    def quiet(self) -> tuple[FilterBlock, ...]:
        """The filters that found nothing."""
        return tuple(block for block in self.filters if not block.rules)


def build_data_trail(result: Result) -> DataTrail:
    """Read the stages' facts and the ledger."""
    flow = _flow(result)
    return DataTrail(
        read=flow[0].rows_in if flow else None,
        kept=flow[-1].rows_out if flow else None,
        dropped=sum(step.dropped for step in flow),
        flow=flow,
        filters=build_filters(result),
        files=tuple(
            (text(file, "file"), text(file, "source"), count(whole(file, "records") or 0))
            for file in entries(result.facts("read"), "files")
        ),
        composition=build_composition(result),
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
