"""Preflight: everything that can be checked of a suite before a GPU is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from seatrial.errors import StageError
from seatrial.model import ChecksRows, CountsTokens
from seatrial.plugin.host import Host
from seatrial.runs.readiness import as_trained, looks_of, model_tokenizer, unready
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.store import cache_folder
from seatrial.runs.tracking import unable
from seatrial.runs.workbench import Workbench

if TYPE_CHECKING:
    from seatrial.rows import Row
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
            if date := getattr(model, "date", ""):
                by = "as `date` says" if suite.date else "the day on which the run begins, unless the suite says `date`"
                yield f"its chat template asks for today's date, and is told {date}: {by}"
        tokenizer = None if only_data else model_tokenizer(bench)
        looks = looks_of(stages)
        for look in looks:
            row = look.first
            yield f"rows of {look.address}: {row.format}, first from {row.file}:{row.line}"
            if look.labels:
                yield f"warning: {look.address}: {look.labels}"
            for warning in look.warnings:
                yield f"warning: {look.address}: {warning}"
            if not only_data:
                seen = f", {_tokens(tokenizer, row)}" if tokenizer is not None else ""
                yield f"prompt of it{seen}: {row.input_text[:120]!r}"
                taught = suite.train is not None
                rows = [replace(row, split="train") if taught and not row.split else row for row in look.kinds]
                for row, problem in _problems(tokenizer, as_trained(rows, stages, bench)):
                    yield f"warning: {look.address}: {row.file}:{row.line}: {problem}"
        for warning in unready(stages, looks, bench):
            yield f"warning: {warning}"
        for warning in unable(suite.tracking, bench):
            yield f"warning: {warning}"
        yield f"stages: {' → '.join(stage.name for stage in stages)}"
    yield f"{suite.name}: ready"


def _problems(tokenizer: object, rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
    """What keeps the model from reading the rows as they are meant."""
    if isinstance(tokenizer, ChecksRows):
        for row in rows:
            yield from ((row, said) for _, said in tokenizer.problems([row]))


def _tokens(tokenizer: CountsTokens, row: Row) -> str:
    """How many, or why they cannot be counted: one row that a filter will drop is no fault of the suite."""
    try:
        (count,) = tokenizer.count_tokens([row.turns], [row.tools])
    except StageError as error:
        return str(error)
    return f"{count} tokens with its answer"
