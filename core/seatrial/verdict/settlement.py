"""Settlement: what a gate decided, held against what was asked of it, before anything rests on it."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, cast, get_args

from seatrial.errors import ContractError
from seatrial.verdict.verdict import Decision, Outcome, Severity

__all__ = ["settle", "without_nan"]

NOT_A_NUMBER = "the number was NaN or infinite"

_NUMBERS = ("value", "lower", "upper")

_COUNTS = ("n", "needed_n", "clusters", "seeds")


def settle(
    decision: Decision,
    *,
    metric: str,
    severity: Severity,
    who: str,
    missing: str | None = None,
    most: int | None = None,
) -> Decision:
    """The decision that is judged, saved and reported.

    It is of the metric and severity that the suite gives, its numbers are finite or None, and it passes only with a value, on
    something, on no more than was scored, and where there is a score. A decision that says otherwise is an error, with the
    gate's own reason behind it.

    Args:
        decision: as the gate gave it.
        metric: the one that it was asked about.
        severity: the suite's.
        who: the gate and its plugin, for the message.
        missing: why the metric has no score; None where it has one.
        most: how many rows were scored; None where that is not known.

    Raises:
        ContractError: a field is of a type that no decision has.
    """
    decision = _typed(decision, who)
    wrong = []
    if decision.metric != metric:
        wrong.append(f"it was asked about {metric} and decided on {decision.metric}")
    if decision.severity != severity:
        wrong.append(f"the suite gives it severity {severity} and it took {decision.severity}")
    decision = without_nan(replace(decision, metric=metric, severity=severity))
    if decision.outcome == "pass":
        if decision.value is None:
            wrong.append("it passed without a value")
        if decision.n == 0:
            wrong.append("it passed on nothing: its n is 0")
        if most is not None and decision.n > most:
            wrong.append(f"it passed on {decision.n} rows, and {most} were scored")
        lower, upper = decision.lower, decision.upper
        if lower is not None and upper is not None and lower > upper:
            wrong.append(f"it passed with a lower bound of {lower:g} above the upper one of {upper:g}")
        if missing is not None:
            wrong.append(f"it passed without a score: {missing}")
    if not wrong:
        return decision
    return replace(decision, outcome="error", reason=f"{'; '.join(wrong)} (its reason: {decision.reason})")


def without_nan(decision: Decision) -> Decision:
    """The decision with null for each number that is NaN or infinite, a note of it in the reason, and no pass."""
    bad = {
        name: None for name in _NUMBERS if (number := getattr(decision, name)) is not None and not math.isfinite(number)
    }
    if not bad:
        return decision
    outcome = "error" if decision.outcome == "pass" else decision.outcome
    noted = f"{decision.reason} ({', '.join(bad)}: {NOT_A_NUMBER})"
    return replace(decision, outcome=outcome, reason=noted, **cast("dict[str, Any]", bad))


def _typed(decision: Decision, who: str) -> Decision:
    """The decision with plain numbers in place of others', such as numpy's.

    Raises:
        ContractError: a field is of another type.
    """
    said: dict[str, Any] = {}
    for name in ("metric", "condition", "reason", "method"):
        _check(isinstance(getattr(decision, name), str), decision, name, "text", who)
    for name, known in (("outcome", get_args(Outcome)), ("severity", get_args(Severity))):
        value = getattr(decision, name)
        _check(isinstance(value, str) and value in known, decision, name, f"one of {', '.join(known)}", who)
    for name in _NUMBERS:
        value = getattr(decision, name)
        number = value.__class__ is not bool and isinstance(value, float | Real)
        _check(value is None or number, decision, name, "a number or None", who)
        said[name] = None if value is None else float(value)
    for name in _COUNTS:
        value = getattr(decision, name)
        count = value.__class__ is not bool and isinstance(value, Integral) and int(value) >= 0
        _check(count or (value is None and name != "n"), decision, name, "a whole number from 0 up", who)
        said[name] = None if value is None else int(value)
    return replace(decision, **said)


def _check(holds: bool, decision: Decision, name: str, wanted: str, who: str) -> None:
    if not holds:
        raise ContractError(f"{who} decided with {getattr(decision, name)!r:.80} as its `{name}`, not {wanted}")
