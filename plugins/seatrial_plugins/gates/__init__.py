"""Gates: a metric against a threshold, and a metric against another system or an earlier run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from seatrial import GateComponent, hookimpl
from seatrial.verdict import Gate

__all__ = ["difference", "threshold"]


def threshold(
    *,
    metric: str,
    min: float | None = None,  # noqa: A002 - the suite's word
    max: float | None = None,  # noqa: A002 - the suite's word
    severity: Literal["block", "warn", "info"] = "block",
    on: Literal["bound", "point"] = "bound",
    system: str | None = None,
) -> Gate:
    """Hold one metric against a floor, a ceiling, or both.

    Args:
        metric: full name, `choice/accuracy`.
        min: the floor: passes if the one-sided 95% lower bound reaches it, fails if the upper bound stays below it.
        max: the ceiling: passes if the upper bound stays within it, fails if the lower bound lies above it.
        severity: `block` decides the verdict, `warn` becomes a warning (an error where it could not be decided), `info` is
            only shown.
        on: `point` holds the value itself against the threshold, without regard to chance; with `severity: info` only.
        system: whose score; where none is named, the system on trial, or the data for a count of a data stage.
    """
    from seatrial_plugins.gates.against_threshold import Threshold

    return Threshold(metric, min, max, severity, on, system)


def difference(
    *,
    metric: str,
    baseline: str,
    margin: float = 0.0,
    test: Literal["paired"] = "paired",
    severity: Literal["block", "warn", "info"] = "block",
    family: str = "",
) -> Gate:
    """Hold the system on trial against another one on the same rows (one-sided non-inferiority).

    Args:
        metric: full name of a proportion or a mean, `choice/accuracy`.
        baseline: a system of this run (`base`, `majority`, …), or `run:PATH` for the same system of an earlier run.
        margin: how much worse than the baseline may be tolerated, in the metric's unit; 0 asks for at least as good.
        test: `paired`: item by item on the same rows.
        severity: `block` decides the verdict, `warn` becomes a warning (an error where it could not be decided), `info` is
            only shown.
        family: a word that several gates share: that one of them fails is then held to Holm's correction for their number, so
            that one drop among many is not mistaken for more than chance.
    """
    from seatrial_plugins.gates.against_baseline import Difference

    return Difference(metric, baseline, margin, test, severity, family)


@hookimpl
def seatrial_gates() -> Iterator[GateComponent[Gate]]:
    """The gates that a suite's `min`, `max` and `baseline` stand for."""
    yield GateComponent(
        "threshold",
        threshold,
        "A floor or a ceiling, decided on the one-sided 95% bounds of the score.",
        implied_by=frozenset({"min", "max"}),
    )
    yield GateComponent(
        "difference",
        difference,
        "No worse than another system on the same rows, by more than a margin (paired).",
        implied_by=frozenset({"baseline"}),
    )
