"""report.md: the trial in brief, for a pull request or a terminal. What comes out of data stays text on GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seatrial.display.legible import one_line
from seatrial.reporting import Result
from seatrial.store import atomic_file
from seatrial_reports.comparison import MetricBlock
from seatrial_reports.dimensions import Dimension
from seatrial_reports.view import View, build_view

__all__ = ["MarkdownReport", "cell", "render_markdown"]

SHOWN = 5
"""Classes, confusions, mistakes and leaked rows listed; the HTML report has more."""

RATES = 12
"""Identity terms listed, those first that are most surely flagged more often."""

_LIMIT = 300
"""Characters of one cell."""

_SENTENCE = 2_000
"""Characters of a sentence outside of tables."""

_WIDEST = 44
"""Characters up to which a column is padded, so that a table is one in a terminal, too."""

_MARKUP = re.compile(r"([\\`*\[\]|~$])")
"""What begins or ends markup wherever it stands."""


class MarkdownReport:
    """Writes report.md."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """One file."""
        path = folder / "report.md"
        with atomic_file(path) as part:
            part.write_text(render_markdown(build_view(result)), encoding="utf-8")
        return [path]


def cell(text: str, limit: int = _LIMIT) -> str:
    """Text on one line that Markdown shows as it is: no markup, HTML, link, mention, formula or table border in it.

    Only what would act where it stands is escaped, so that the text can be read in a terminal as well.
    """
    escaped = _MARKUP.sub(r"\\\1", one_line(text, limit))
    # Inside a word an underscore is one; elsewhere it may begin emphasis.
    escaped = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", escaped)
    # Braces are templates to some site generators.
    escaped = re.sub(r"\{(?=[{%#])", r"{\\", escaped)
    escaped = re.sub(r"&(?=#?\w+;)", "&amp;", escaped)
    # Before a space, a digit or an equals sign, a `<` begins no tag and no template.
    escaped = re.sub(r"<(?![\s\d=])", "&lt;", escaped)
    # GitHub makes links of bare addresses, @names and #numbers, escaped or not: an empty comment breaks them.
    escaped = escaped.replace("://", "&#58;//")
    escaped = re.sub(r"(?<!\w)@(?=\w)|(?<=\w)@(?=[\w-]+\.\w)", "@<!-- -->", escaped)
    escaped = re.sub(r"(?<!&)#(?=\d)", "#<!-- -->", escaped)
    escaped = re.sub(r"(?i)\bwww\.", lambda found: f"{found[0][:-1]}&#46;", escaped)
    # At the start of a line these would begin a heading, a quotation, a list or a rule.
    escaped = re.sub(r"^(#+|>)(?=\s|>|$)", r"\\\1", escaped)
    return re.sub(r"^(\d*)([-+=.)])(?=[\s=+-]|$)", r"\1\\\2", escaped)


def render_markdown(view: View) -> str:
    """The document."""
    return "\n".join(_document(view)).rstrip() + "\n"


def _document(view: View) -> Iterator[str]:
    top = view.headline
    yield f"# {top.sign} {top.word}: {cell(top.suite) or 'trial'}"
    yield ""
    yield f"**{top.meaning}** {_said(top.reason)}"
    yield ""
    weights = f" {cell(top.weights)}" if top.weights else ""
    about = [
        f"On trial: {cell(top.model)}{weights} ({top.subject})" if top.model else "",
        cell(top.started),
        f"{top.took} of work{f' on {cell(view.provenance.machine)}' if view.provenance.machine else ''}",
    ]
    yield " · ".join(part for part in about if part)
    if top.description:
        yield from ("", _said(top.description))
    if view.brief:
        yield ""
        yield from _bullets(
            f"{figure.name}: **{cell(figure.written)}**{f' ({cell(figure.beside)})' if figure.beside else ''}"
            for figure in view.brief
        )
    if top.warnings:
        yield from ("", "## Warnings", "", *(f"- ⚠ {_said(warning)}" for warning in top.warnings))
    if top.state != "data":
        yield from _decisions(view)
    yield from _scores(view)
    yield from _failures(view)
    if view.unmeasured:
        yield from ("", "## Not measured", "", *(f"- {_said(said)}" for said in view.unmeasured))
    yield from _data(view)
    yield from _identity(view)
    yield from _coverage(view)
    yield from _leakage(view)
    for section in view.sections:
        yield from ("", f"## {cell(section.title)}", "")
        for paragraph in section.paragraphs:
            yield from (_said(paragraph), "")
        if section.columns:
            yield from _table([_Column(name) for name in section.columns], section.rows)
    yield from _training(view)
    yield from _environment(view)


def _decisions(view: View) -> Iterator[str]:
    top = view.headline
    yield from ("", "## Can this ship?", "")
    if not top.gates:
        yield "No gates."
        return
    yield from _table(
        (
            _Column("Decision"),
            _Column("Severity"),
            _Column("Gate"),
            _Column("Value", "right"),
            _Column("One-sided 95% bounds", "right"),
            _Column("n", "right"),
        ),
        ((g.shown, g.severity, g.condition, g.value, g.bounds, g.n) for g in top.gates),
    )
    reasons = [f"- {g.shown}: {_said(g.condition)}: {_said(g.reason)}" for g in top.gates if g.outcome != "pass"]
    if reasons:
        yield from ("", *reasons)


def _scores(view: View) -> Iterator[str]:
    comparison, counts = view.comparison, view.comparison.counts
    titles = (
        ("Scores on the same rows", comparison.compared),
        (f"Measured on {view.headline.subject} only", comparison.alone),
        ("Speed and memory", comparison.costs),
        ("Counts", counts),
    )
    for title, blocks in titles:
        if blocks:
            yield from ("", f"## {title}", "")
            if _paired(blocks):
                yield f"The interval of a value is two-sided. How {view.headline.subject} stands to another system is told"
                yield "row by row, on the one-sided 95% bounds on which gates decide as well."
                yield ""
            yield from _table(_score_columns(blocks, view.headline.subject), _score_rows(blocks))


def _score_columns(blocks: Sequence[MetricBlock], subject: str) -> list[_Column]:
    columns = [
        _Column("Metric"),
        _Column("System"),
        _Column("Value", "right"),
        _Column("95% interval", "right"),
        _Column("n", "right"),
    ]
    return [*columns, _Column(f"Row by row, {subject} is (one-sided 95% bounds)")] if _paired(blocks) else columns


def _paired(blocks: Sequence[MetricBlock]) -> bool:
    return any(block.paired for block in blocks)


def _score_rows(blocks: Sequence[MetricBlock]) -> Iterator[Sequence[str]]:
    paired = _paired(blocks)
    for block in blocks:
        for line in block.lines:
            shown = f"{line.value}: {line.missing}" if line.value == "missing" and line.missing else line.value
            row = (block.metric, line.system, shown, line.interval, line.n)
            rival = line.rival
            against = f"{rival.said}{f' ({rival.bounds})' if rival.bounds else ''}" if rival else ""
            yield (*row, against) if paired else row


def _data(view: View) -> Iterator[str]:
    data = view.data
    if data.flow:
        yield from ("", "## Data", "")
        yield from _table(
            (_Column("Stage"), *(_Column(name, "right") for name in ("In", "Dropped", "Kept")), _Column("Adds up")),
            (
                (s.name, f"{s.rows_in:,}", f"{s.dropped:,}", f"{s.rows_out:,}", "yes" if s.adds_up else "NO")
                for s in data.flow
            ),
        )
    if data.cover.splits:
        yield from ("", "Split: " + ", ".join(f"{name} {n:,}" for name, n in data.cover.splits) + ".")
    if data.cover.lonely:
        yield f"Test rows with no similar train row: {cell(data.cover.lonely)}."
    if data.loud:
        yield ""
        yield from _table(
            (_Column("Filter"), _Column("Rule"), _Column("What became of it"), _Column("For example")),
            (
                (
                    f"{block.filter}{' (weak detector)' if block.weak else ''}",
                    rule.rule,
                    rule.done,
                    one_line(rule.examples[0].detail or rule.examples[0].excerpt, 120) if rule.examples else "",
                )
                for block in data.loud
                for rule in block.rules
            ),
        )
    if data.quiet:
        named = (f"{block.filter}{' (weak detector)' if block.weak else ''}" for block in data.quiet)
        yield from ("", f"Found nothing: {', '.join(cell(name) for name in named)}.")
    if data.naive:
        yield from ("", "What a naive split would have reported (an estimate):", "")
        yield from _table(
            (_Column("Measured on"), *(_Column(name, "right") for name in ("Value", "95% interval", "n"))),
            data.naive.lines,
        )


def _identity(view: View) -> Iterator[str]:
    for block in view.data.identity:
        yield from ("", f"## Flag rates by identity term: {cell(block.filter)}", "", _said(block.said))
        if block.lines and block.none:
            yield ""
            yield from _table(
                (
                    _Column("Rows that name"),
                    *(_Column(name, "right") for name in ("Flagged", "Rate", "95% interval", "More than none")),
                    _Column("95% interval of that", "right"),
                ),
                (
                    (line.named, line.flagged, line.rate, line.interval, line.excess, line.excess_interval)
                    for line in (block.none, *block.lines[:RATES])
                ),
            )
            if len(block.lines) > RATES:
                yield from (
                    "",
                    f"{len(block.lines) - RATES:,} more groups: see index.html.",
                )
        if block.few:
            yield from ("", f"Too few rows to compare (fewer than {block.least:,}): {_said(block.few)}.")


def _coverage(view: View) -> Iterator[str]:
    """What train or test lacks; the counts of all parts stand in the HTML report."""
    for cover in view.data.coverage:
        yield from ("", "## Coverage", "")
        yield from _table(
            (
                _Column("Rows by"),
                _Column("In test, none or few in train"),
                _Column("In train, none or few in test"),
                _Column("Parts", "right"),
                _Column("Divergence"),
            ),
            (
                (
                    one.title,
                    *(_gaps(one, split) for split in ("train", "test")),
                    f"{len(one.bars) + one.others:,}",
                    one.divergence or "not compared",
                )
                for one in cover.dimensions
            ),
        )
        said = [f"Test rows with no near train row: {cell(cover.lonely)}."] if cover.lonely else []
        said += [f"Test rows that stand among test rows alone: {cell(cover.unmatched)}."] if cover.unmatched else []
        said += [
            f"Lacking: {cell(one.name)} ({one.size}{f': {cell(one.labels)}' if one.labels else ''})."
            for one in cover.lacking[:SHOWN]
        ]
        said += [
            f"{what[0].upper()}{what[1:]}, train and test: {' · '.join(value for value in values if value)}."
            for what, values in cover.diversity
        ]
        said += [f"Not looked for: {cell(cover.absent)}."] if cover.absent else []
        for line in said:
            yield from ("", line)


def _gaps(one: Dimension, split: str) -> str:
    found = [bar for bar in one.gaps if bar.gap.endswith(f" in {split}")]
    if not found:
        return "none" if one.divergence else "not compared"
    named = "; ".join(one_line(bar.name, 60) for bar in found[:SHOWN])
    return f"{len(found)}: {named}{'; …' if len(found) > SHOWN else ''}"


def _leakage(view: View) -> Iterator[str]:
    leaks = view.data.leaks
    if not leaks.filters and not leaks.pairs:
        return
    yield from ("", "## Leakage", "")
    if not leaks.pairs:
        yield f"Looked for by {', '.join(cell(name) for name in leaks.filters)}: nothing was found."
    else:
        yield f"Rows that give away what the model is tested on: {leaks.rows:,}; dropped of these: {leaks.dropped:,}."
    if leaks.groups:
        yield ""
        yield from _table(
            (
                _Column("Texts"),
                _Column("Looked for by"),
                _Column("Items", "right"),
                _Column("Given away", "right"),
                _Column("By rule"),
            ),
            (
                (
                    group.name,
                    group.filter,
                    group.items,
                    group.given_away,
                    ", ".join(f"{rule} {n}" for rule, n in group.by_rule),
                )
                for group in leaks.groups
            ),
        )
    if leaks.pairs:
        yield ""
        yield from _table(
            (_Column("Train row"), _Column("Gives away"), _Column("Found by"), _Column("Shared text")),
            (
                (
                    pair.train_place or pair.train_row,
                    pair.other_place or pair.other_row,
                    ", ".join(pair.rules),
                    one_line(pair.other_text, 120),
                )
                for pair in leaks.pairs[:SHOWN]
            ),
        )
        if leaks.pairs_total > SHOWN:
            yield from ("", f"{leaks.pairs_total - SHOWN:,} more: see index.html or the ledger.")


def _failures(view: View) -> Iterator[str]:
    for block in view.failures:
        yield from ("", f"## Failures: {cell(block.scorer)}", "", f"{block.wrong:,} of {block.n:,} answers are wrong.")
        worst = [group for group in block.by_class if group.right < group.n][:SHOWN]
        if worst:
            yield ""
            yield from _table(
                (_Column("Class"), *(_Column(name, "right") for name in ("Right", "Accuracy", "95% interval"))),
                ((g.name, f"{g.right} of {g.n}", g.accuracy, g.interval) for g in worst),
            )
        if block.confusions:
            yield ""
            yield from _table(
                (
                    _Column("Right would be"),
                    _Column("Answered"),
                    _Column("Times", "right"),
                    _Column("The other way round", "right"),
                ),
                (
                    (c.target, c.prediction, f"{c.count} of {c.of}", f"{c.back} of {c.back_of}" if c.back_of else "")
                    for c in block.confusions[:SHOWN]
                ),
            )


def _training(view: View) -> Iterator[str]:
    course = view.course
    if course is None:
        return
    yield from ("", "## Training", "")
    yield f"Method: {cell(course.method) or 'unknown'}{f' ({_said(course.setting)})' if course.setting else ''}."
    if course.proof:
        yield _said(course.proof)
    yield from ("", *_bullets(f"{name}: {cell(written)}" for name, written in course.figures))
    yield from (f"- {which} loss: {first} at first, {last} at last" for which, first, last in course.losses)


def _environment(view: View) -> Iterator[str]:
    where = view.provenance
    yield from ("", "## Environment", "")
    yield from _table(
        (_Column("Of"), _Column("What"), _Column("Value")),
        (
            *((group.name, name, written) for group in where.groups for name, written in group.facts),
            *(("Packages", name, version) for name, version in where.packages),
        ),
    )
    yield ""
    yield from _table(
        (_Column("Stage"), _Column("Took", "right"), _Column("Peak memory so far", "right"), _Column("Of it")),
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


# ---- Markdown -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    align: Literal["left", "right"] = "left"


def _said(text: str) -> str:
    """A sentence: it may be longer than a cell, and is not cut before its end."""
    return cell(text, _SENTENCE)


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    return (f"- {line}" for line in lines)


def _table(columns: Sequence[_Column], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Columns padded to their widest cell, up to a limit; a last one of texts is not: they end where they end."""
    lines = [[column.title for column in columns], *(list(row) for row in rows)]
    written = [[cell(text) for text in line] for line in lines]
    widths = [
        max(3, min(max((len(line[place]) for line in written if place < len(line)), default=3), _WIDEST))
        for place in range(len(columns))
    ]
    if columns[-1].align == "left":
        widths[-1] = 0
    rule = [
        f"{'-' * max(width - 1, 2)}{':' if column.align == 'right' else '-'}"
        for column, width in zip(columns, widths, strict=True)
    ]
    head, *body = (_padded(columns, line, widths) for line in written)
    yield from (head, f"| {' | '.join(rule)} |", *body)


def _padded(columns: Sequence[_Column], line: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        text.rjust(width) if column.align == "right" else text.ljust(width)
        for column, text, width in zip(columns, line, widths, strict=False)
    ]
    return f"| {' | '.join([*padded, *line[len(padded) :]])} |"
