"""Gates' decisions and scores in Markdown, as report.md and the model card have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatrial_reports.comparison import MetricBlock
from seatrial_reports.markdown_text import Column, sentence, table
from seatrial_reports.view import View

__all__ = ["decision_lines", "is_paired", "score_columns", "score_rows"]


def decision_lines(view: View) -> Iterator[str]:
    """The gates and what each decided, as a section."""
    top = view.headline
    if top.only_data and not top.gates:
        return
    yield from ("", f"## {top.question}", "")
    if not top.gates:
        yield "No gates."
        return
    sampled = [Column("One-sided 95% bounds", "right"), Column("n", "right")]
    counted = top.only_data and not any(gate.bounds for gate in top.gates)
    yield from table(
        (
            Column("Decision"),
            Column("Severity"),
            Column("Gate"),
            Column("Value", "right"),
            *([] if counted else sampled),
        ),
        ((g.shown, g.severity, g.condition, g.value, *(() if counted else (g.bounds, g.n))) for g in top.gates),
    )
    reasons = [f"- {g.shown}: {sentence(g.condition)}: {sentence(g.reason)}" for g in top.gates if g.outcome != "pass"]
    if reasons:
        yield from ("", *reasons)


def score_columns(blocks: Sequence[MetricBlock], subject: str) -> list[Column]:
    """Of the table of scores."""
    columns = [
        Column("Metric"),
        Column("System"),
        Column("Value", "right"),
        Column("95% interval", "right"),
        Column("n", "right"),
    ]
    return [*columns, Column(f"Row by row, {subject} is (one-sided 95% bounds)")] if is_paired(blocks) else columns


def is_paired(blocks: Sequence[MetricBlock]) -> bool:
    """Whether any score is compared with a rival's, row by row."""
    return any(block.paired for block in blocks)


def score_rows(blocks: Sequence[MetricBlock]) -> Iterator[Sequence[str]]:
    """A score of a system a row."""
    paired = is_paired(blocks)
    for block in blocks:
        for line in block.lines:
            shown = f"{line.value}: {line.missing}" if line.value == "missing" and line.missing else line.value
            row = (block.metric, line.system, shown, line.interval, line.n)
            rival = line.rival
            against = f"{rival.said}{f' ({rival.bounds})' if rival.bounds else ''}" if rival else ""
            yield (*row, against) if paired else row
