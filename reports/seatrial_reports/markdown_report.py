"""report.md: the trial in brief, for a pull request or a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file
from seatrial_reports.dimensions import Scored
from seatrial_reports.markdown_blocks import block_lines
from seatrial_reports.markdown_changed import changed_section
from seatrial_reports.markdown_data import data_sections
from seatrial_reports.markdown_scores import decision_lines, is_paired, score_columns, score_rows
from seatrial_reports.markdown_text import Column, bullets, cell, sentence, table
from seatrial_reports.pictures import copied
from seatrial_reports.view import View, build_view

__all__ = ["MarkdownReport", "render_markdown"]


class MarkdownReport:
    """Writes report.md."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """The document, and copies of the pictures that it shows."""
        path, view = folder / "report.md", build_view(result)
        with atomic_file(path) as part:
            part.write_text(render_markdown(view), encoding="utf-8")
        return [path, *copied(view.pictures, folder)]


def render_markdown(view: View) -> str:
    """The document."""
    return "\n".join(_document(view)).rstrip() + "\n"


def _document(view: View) -> Iterator[str]:
    top = view.headline
    yield f"# {top.sign} {top.word}: {cell(top.suite) or 'trial'}"
    yield ""
    yield f"**{top.meaning}** {sentence(top.reason)}"
    yield ""
    weights = f" {cell(top.weights)}" if top.weights else ""
    about = [
        f"On trial: {cell(top.model)}{weights} ({top.subject})" if top.model else "",
        cell(top.started),
        f"{top.took} of work{f' on {cell(view.provenance.machine)}' if view.provenance.machine else ''}",
    ]
    yield " · ".join(part for part in about if part)
    if top.description:
        yield from ("", sentence(top.description))
    if view.brief:
        yield ""
        yield from bullets(
            f"{figure.name}: **{cell(figure.written)}**{f' ({cell(figure.beside)})' if figure.beside else ''}"
            for figure in view.brief
        )
    if top.warnings:
        yield from ("", "## Warnings", "", *(f"- ⚠ {sentence(warning)}" for warning in top.warnings))
    yield from decision_lines(view)
    yield from changed_section(view.changed)
    yield from _measured(view)
    if view.unmeasured:
        yield from ("", "## Not measured", "", *(f"- {sentence(said)}" for said in view.unmeasured))
    yield from data_sections(view)
    for plugin, blocks in view.added.items():
        yield from ("", f"## What plugin {cell(plugin)} adds")
        yield from block_lines(blocks, view.pictures)
    yield from _search(view)
    yield from _training(view)
    yield from _environment(view)


def _measured(view: View) -> Iterator[str]:
    """Dimension by dimension: the scores of all its scorers, then what each has to show."""
    subject, told = view.headline.subject, False
    for one in view.measured:
        yield from ("", f"## {one.question}")
        blocks = one.metrics()
        if is_paired(blocks) and not told:
            told = True
            yield from ("", f"The interval of a value is two-sided. How {subject} stands to another system is told")
            yield "row by row, on the one-sided 95% bounds on which gates decide as well."
        if blocks:
            yield ""
            yield from table(score_columns(blocks, subject), score_rows(blocks))
        for scored in one.scorers:
            yield from _scorer(scored, view)


def _scorer(scored: Scored, view: View) -> Iterator[str]:
    looked = f" It looked for {scored.looks_for}." if scored.looks_for else ""
    tried = f" It tried {scored.tried} rows, drawn at random." if scored.tried else ""
    failed = f" {scored.failed:,} of {scored.samples:,} samples could not be scored." if scored.failed else ""
    about = f"{scored.summary}{looked}{tried}{failed}".strip()
    if about or scored.blocks:
        yield from ("", f"### {cell(scored.alias)}")
        yield from (["", sentence(about)] if about else [])
        yield from block_lines(scored.blocks, view.pictures)


def _search(view: View) -> Iterator[str]:
    search = view.search
    if search is None:
        return
    yield from ("", "## Search", "")
    yield from map(sentence, search.told)
    yield from ("", *bullets(f"{name}: {cell(written)}" for name, written in search.figures))
    shown = [search.importance, search.finalists, search.trials]
    yield from block_lines([block for block in shown if block is not None], view.pictures)


def _training(view: View) -> Iterator[str]:
    course = view.course
    if course is None:
        return
    yield from ("", "## Training", "")
    yield f"Method: {cell(course.method) or 'unknown'}{f' ({sentence(course.setting)})' if course.setting else ''}."
    if course.proof:
        yield sentence(course.proof)
    if course.product:
        yield f"SHA-256 of what it left: {cell(course.product)}."
    yield from ("", *bullets(f"{name}: {cell(written)}" for name, written in course.figures))
    yield from (f"- {which} loss: {first} at first, {last} at last" for which, first, last in course.losses)


def _environment(view: View) -> Iterator[str]:
    where = view.provenance
    yield from ("", "## Environment", "")
    yield from table(
        (Column("Of"), Column("What"), Column("Value")),
        ((group.name, name, written) for group in where.groups for name, written in group.facts),
    )
    if where.packages:
        yield from ("", f"Packages: {', '.join(cell(f'{name} {version}') for name, version in where.packages)}.")
    if where.installed:
        yield from ("", f"In all {len(where.installed):,} packages were installed; `manifest.json` lists them.")
    yield ""
    yield from table(
        (Column("Stage"), Column("Took", "right"), Column("Peak memory so far", "right"), Column("Of it")),
        ((stage.stage, stage.took, stage.peak, stage.note) for stage in where.stages),
    )
    elapsed = f" From the first start to the end of the last stage: {where.elapsed}." if where.elapsed else ""
    yield from ("", f"The stages together: {where.took}.{elapsed}", "")
    yield from (f"Repeat it{f' (at {cell(where.code)})' if where.code else ''}:", "")
    # A fence longer than any run of backticks inside, so that nothing in a command can close it.
    commands = [
        command for command in (where.run_again, where.run_resolved, where.gate_again, where.report_again) if command
    ]
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(commands))), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}sh", *commands, fence)
