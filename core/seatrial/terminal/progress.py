"""A run while it goes: a line for each finished stage, and in a terminal a bar for the one that is busy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING

from seatrial.plugin.hooks import hookimpl
from seatrial.runs.events import Plan, Record, Step
from seatrial.runs.result import Result
from seatrial.terminal.figures import figure
from seatrial.terminal.measures import duration
from seatrial.terminal.screen import Screen, clean, styled

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

__all__ = ["LOSS_LINES", "SILENCE", "RunProgress"]

SILENCE = 30.0
"""Seconds without a line, after which a plain log is told how far a stage is."""

LOSS_LINES = 10
"""Lines about the loss that a plain log gets of one training, evaluations not counted."""

_LOSSES = {"loss": "loss", "validation_loss": "validation loss"}


class RunProgress:
    """A plugin that watches a run. With `live`, it draws bars; `silent`, it says nothing."""

    def __init__(
        self,
        stream: IO[str],
        *,
        live: bool = False,
        silent: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._screen = Screen(stream, live=live)
        self._live = live
        self._silent = silent
        self._stages: tuple[str, ...] = ()
        self._finished: list[str] = []
        self._tenths: dict[str, int] = {}
        self._clock = clock
        self._spoken = clock()
        """When the log got its last line."""
        self._begun: tuple[str, float, int] = ("", 0.0, 0)
        """The stage that is busy, when its first step came, and how far it was then."""
        self._bars: Progress | None = None
        self._bar: tuple[str, TaskID] | None = None

    @hookimpl
    def seatrial_run_started(self, plan: Plan) -> None:
        """Say what runs where, and what an earlier process left."""
        self._stages = plan.stages
        self._say(f"Trial {clean(plan.suite)}: {len(plan.stages)} stages, in {clean(str(plan.folder))}")
        if plan.resumed:
            self._say(
                f"  It was begun before: {len(plan.resumed)} of them were done, and those that still fit are taken"
            )
        if plan.changed:
            said = ", ".join(f"{clean(name)} {clean(was)}" for name, was in plan.changed.items())
            self._say(f"  Begun with other versions: {said}; what depends on them is made anew")
        self._next_bar()

    @hookimpl
    def seatrial_step_logged(self, step: Step) -> None:
        """Move the stage's bar; in a plain log, now and then a line with the loss, or how far it is."""
        if self._live:
            self._move_bar(step)
        elif self._silent:
            return
        elif step.values and self._worth_a_line(step):
            self._say(f"  {clean(step.stage)}: step {step.done} of {step.total}, {_losses(step.values)}")
        else:
            self._now_and_then(step)

    @hookimpl
    def seatrial_stage_finished(self, record: Record) -> None:
        """One line: the stage, what came out of it, and how long it took."""
        self._finished.append(record.stage)
        self._drop_bar()
        took = duration(record.seconds)
        if record.resumed:
            took = f"from {clean(record.taken_from)}" if record.taken_from else "earlier result"
        place = f"{len(self._finished)}/{len(self._stages)}" if self._stages else ""
        said = [f"✓ {place:>5} {clean(record.stage)}", took, _outcome(record)]
        self._say("  ".join(part for part in said if part))
        for warning in record.warnings:
            self._say(f"  Warning: {clean(warning)}")
        for note in record.notes:
            self._say(f"  Note: {clean(note)}")
        self._next_bar()

    @hookimpl
    def seatrial_run_finished(self, result: Result) -> None:
        """Take the bars away; the command prints the verdict."""
        del result
        self.close()

    def close(self) -> None:
        """Take the bars away, also after an error. May be called twice."""
        self._drop_bar()
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _say(self, line: str) -> None:
        """A line about the run: above the bars, or in the log."""
        if self._bars is not None:
            self._bars.console.print(styled(line), soft_wrap=True)
        elif self._live:
            self._screen.line(styled(line))
        elif not self._silent:
            self._spoken = self._clock()
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def _now_and_then(self, step: Step) -> None:
        """How far a stage is that has said nothing for a while, and how long it will still take at this pace."""
        now = self._clock()
        if self._begun[0] != step.stage:
            self._begun = (step.stage, now, step.done)
        _, since, before = self._begun
        if now - self._spoken < SILENCE or not step.total or step.done >= step.total:
            return
        done = step.done - before
        left = f", about {duration((now - since) * (step.total - step.done) / done)} left" if done > 0 else ""
        self._say(f"  {clean(step.stage)}: {100 * step.done // step.total}%{left}")

    def _worth_a_line(self, step: Step) -> bool:
        """Every evaluation, and the loss about ten times in a training."""
        if "validation_loss" in step.values:
            return True
        tenth = LOSS_LINES * step.done // max(step.total, 1)
        if tenth <= self._tenths.get(step.stage, 0):
            return False
        self._tenths[step.stage] = tenth
        return True

    # ---- bars -----------------------------------------------------------------------------------------------------

    def _next_bar(self) -> None:
        """Show the stage that comes next as busy: how much there is to do, its first step will say."""
        waiting = [stage for stage in self._stages if stage not in self._finished]
        if self._live and waiting:
            self._start_bar(waiting[0])

    def _start_bar(self, stage: str) -> TaskID:
        if self._bars is None:
            self._bars = _bars(self._screen.console())
            self._bars.start()
        self._drop_bar()
        task = self._bars.add_task(clean(stage), total=None, note="")
        self._bar = (stage, task)
        return task

    def _move_bar(self, step: Step) -> None:
        task = self._bar[1] if self._bar and self._bar[0] == step.stage else self._start_bar(step.stage)
        assert self._bars is not None
        self._bars.update(task, completed=step.done, total=step.total)
        if step.values:
            self._bars.update(task, note=_losses(step.values))

    def _drop_bar(self) -> None:
        if self._bars is not None and self._bar is not None:
            self._bars.remove_task(self._bar[1])
        self._bar = None


def _bars(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f}%", markup=False),
        TimeElapsedColumn(),
        TextColumn("left:", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        transient=True,
        # Of the last half minute alone, as it is by default, steps that take longer never give a pace.
        speed_estimate_period=3600,
    )


def _losses(values: Mapping[str, float]) -> str:
    return ", ".join(f"{said} {figure(values[name])}" for name, said in _LOSSES.items() if name in values)


def _outcome(record: Record) -> str:
    """The one thing to know about what a stage did."""
    counts = {name: f"{n:,}" for name, n in record.facts.items() if isinstance(n, int)}
    if {"read", "rows", "problems"} <= counts.keys():
        return f"{counts['read']} records, {counts['rows']} rows, {counts['problems']} unusable"
    if {"rows_in", "dropped", "rows_out"} <= counts.keys():
        return f"{counts['rows_in']} rows in, {counts['dropped']} dropped, {counts['rows_out']} kept"
    if record.stage == "split":
        return ", ".join(f"{name} {counts[name]}" for name in ("train", "validation", "test") if name in counts)
    if {"steps", "supervised_tokens"} <= counts.keys():
        return f"{counts['steps']} steps, {counts['supervised_tokens']} supervised tokens"
    return ""
