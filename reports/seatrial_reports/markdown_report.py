"""report.md: the trial in brief, for a pull request or a terminal. What comes out of data stays text on GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from seatrial.display.legible import one_line
from seatrial.reporting import Result
from seatrial.store import atomic_file
from seatrial_reports.comparison import MetricBlock
from seatrial_reports.view import View, build_view

__all__ = ["MarkdownReport", "cell", "render_markdown"]

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#!|~$])")
_LIMIT = 300
"""Characters of one cell."""


class MarkdownReport:
    """Writes report.md."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """One file."""
        path = folder / "report.md"
        with atomic_file(path) as part:
            part.write_text(render_markdown(build_view(result)), encoding="utf-8")
        return [path]


def cell(text: str) -> str:
    """Text on one line that Markdown shows as it is: no markup, HTML, link, mention, formula or table border in it."""
    escaped = _PUNCTUATION.sub(r"\\\1", one_line(text, _LIMIT))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub makes links of bare addresses and of @names, escaped or not: an empty comment breaks them.
    escaped = escaped.replace("://", "&#58;//").replace("@", "@<!-- -->")
    escaped = re.sub(r"(?i)\bwww\.", lambda found: f"{found[0][:-1]}&#46;", escaped)
    # At the start of a line these would begin a list, a rule or a heading.
    return re.sub(r"^(\d*)([-+=.)])(?=[\s=+-]|$)", r"\1\\\2", escaped)


def render_markdown(view: View) -> str:
    """The document."""
    return "\n".join(_document(view)).rstrip() + "\n"


def _document(view: View) -> Iterator[str]:
    top = view.headline
    yield f"# {top.sign} {top.word}: {cell(top.suite) or 'trial'}"
    yield ""
    yield f"**{top.meaning}** {cell(top.reason)}"
    yield ""
    about = [
        f"On trial: {cell(top.model)} ({top.subject})" if top.model else "",
        cell(top.started),
        f"{top.took} of work",
    ]
    yield " · ".join(part for part in about if part)
    if top.description:
        yield from ("", cell(top.description))
    if top.warnings:
        yield from ("", "## Warnings", "", *(f"- ⚠ {cell(warning)}" for warning in top.warnings))
    if top.state != "data":
        yield from _decisions(view)
    yield from _scores(view)
    yield from _data(view)
    yield from _failures(view)
    for section in view.sections:
        yield from ("", f"## {cell(section.title)}", "")
        for paragraph in section.paragraphs:
            yield from (cell(paragraph), "")
        if section.columns:
            yield from _table(section.columns, section.rows)
    yield from _environment(view)


def _decisions(view: View) -> Iterator[str]:
    top = view.headline
    yield from ("", "## Can this ship?", "")
    if top.gates:
        yield from _table(
            ("Gate", "Decision", "Severity", "Value", "One-sided 95% bounds", "n", "Reason"),
            ((g.condition, g.shown, g.severity, g.value, g.bounds, g.n, g.reason) for g in top.gates),
        )
    else:
        yield "No gates."


def _scores(view: View) -> Iterator[str]:
    blocks = view.comparison.all()
    if not blocks:
        return
    yield from ("", "## Counts" if view.headline.state == "data" else "## Scores", "")
    yield from _table(("Metric", "System", "Value", "95% interval", "n"), _score_rows(blocks))


def _score_rows(blocks: Sequence[MetricBlock]) -> Iterator[Sequence[str]]:
    for block in blocks:
        for line in block.lines:
            shown = f"{line.value}: {line.missing}" if line.value == "missing" and line.missing else line.value
            yield block.metric, line.system, shown, line.interval, line.n


def _data(view: View) -> Iterator[str]:
    data = view.data
    if data.flow:
        yield from ("", "## Data", "")
        yield from _table(
            ("Stage", "In", "Dropped", "Kept", "Adds up"),
            (
                (s.name, f"{s.rows_in:,}", f"{s.dropped:,}", f"{s.rows_out:,}", "yes" if s.adds_up else "NO")
                for s in data.flow
            ),
        )
    if data.cover.splits:
        yield from ("", "Split: " + ", ".join(f"{name} {n:,}" for name, n in data.cover.splits) + ".")
    rules = [(f, r) for f in data.filters for r in f.rules]
    if rules:
        yield ""
        yield from _table(
            ("Filter", "Rule", "Action", "Findings", "Rows dropped", "For example"),
            (
                (
                    f.filter,
                    r.rule,
                    r.action,
                    f"{r.findings:,}",
                    f"{r.dropped:,}",
                    one_line(r.examples[0].detail or r.examples[0].excerpt, 120) if r.examples else "",
                )
                for f, r in rules
            ),
        )
    if data.leak_filters or data.leaks_total:
        yield from ("", f"Leakage: {data.leaks_total:,} finding{'' if data.leaks_total == 1 else 's'}.")
    if data.leak_groups:
        yield ""
        yield from _table(
            ("Held against train", "By", "Items", "Found in train, by rule"),
            (
                (g.name, g.filter, f"{g.items:,}", ", ".join(f"{rule} {found:,}" for rule, found in g.contaminated))
                for g in data.leak_groups
            ),
        )
    if data.naive:
        yield from ("", "What a naive split would have reported (an estimate):", "")
        yield from _table(("Measured on", "Value", "95% interval", "n"), data.naive.lines)


def _failures(view: View) -> Iterator[str]:
    for block in view.failures:
        yield from ("", f"## Failures: {cell(block.scorer)}", "", f"{block.wrong:,} of {block.n:,} answers are wrong.")
        worst = [group for group in block.by_class if group.right < group.n][:5]
        if worst:
            yield ""
            yield from _table(
                ("Class", "Right", "Accuracy", "95% interval"),
                ((g.name, f"{g.right} of {g.n}", g.accuracy, g.interval) for g in worst),
            )


def _environment(view: View) -> Iterator[str]:
    where = view.provenance
    yield from ("", "## Environment", "")
    yield from _table(("What", "Value"), (*where.facts, *((f"package {name}", v) for name, v in where.packages)))
    yield from ("", "Repeat it:", "")
    # A fence longer than any run of backticks inside, so that nothing in a command can close it.
    commands = [command for command in (where.run_again, where.gate_again, where.report_again) if command]
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(commands))), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}sh", *commands, fence)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(cell, header))} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(map(cell, row))} |"
