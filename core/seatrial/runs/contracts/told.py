"""What components tell besides records: measures, facts, counts, clusters, and how training goes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from numbers import Integral
from typing import TYPE_CHECKING

from seatrial.data.filters import Measured
from seatrial.data.policy import named_row
from seatrial.errors import ContractError
from seatrial.runs.contracts.series import mapping, not_numbers, said
from seatrial.runs.contracts.shown import blocks

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["clusters", "counts", "facts", "step", "told"]


def step(values: object, who: str) -> dict[str, float]:
    """What a training method logs at a step.

    Raises:
        ContractError: `step` or `steps` is no whole number, or a value is no finite number.
    """
    logged = mapping(values, f"{who}, as a logging step,")
    if problem := not_numbers(logged, "values", missing=False):
        raise ContractError(f"{who} logged a step: {problem}")
    for name in ("step", "steps"):
        if not isinstance(logged.get(name), Integral):
            raise ContractError(f"{who} logged a step whose `{name}` is {said(logged.get(name))}, not a whole number")
    for name, value in logged.items():
        if not math.isfinite(value):
            raise ContractError(
                f"{who} logged {value} for {name!r} at step {logged['step']}; training that diverges must end"
            )
    return {name: int(value) if isinstance(value, Integral) else float(value) for name, value in logged.items()}


def clusters(answer: object, rows: pa.ChunkedArray, who: str) -> Mapping[str, str]:
    """Row id → cluster id.

    Args:
        answer: as the component gave it.
        rows: the ids of those that it was given.
        who: the component, for errors.

    Raises:
        ContractError: it is no mapping of text to text, or names a row that the component was not given.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    named = mapping(answer, f"{who}, as its clusters,")
    for row, cluster in named.items():
        if not isinstance(row, str) or not isinstance(cluster, str):
            raise ContractError(f"{who} put {said(row)} into a cluster by {said(cluster)}; both are ids, text")
    ids = pa.array(list(named), pa.string())
    if len(strange := ids.filter(pc.invert(pc.is_in(ids, value_set=rows)))):
        raise ContractError(
            f"{who} put {named_row(strange[0].as_py())} into a cluster, which is none of the rows it was given"
        )
    return named


def counts(answer: object, who: str) -> Mapping[str, int]:
    """What a filter counted in a batch.

    Raises:
        ContractError: it is no mapping of names to whole numbers.
    """
    counted = mapping(answer, who)
    for name, count in counted.items():
        if not isinstance(name, str) or not isinstance(count, Integral):
            raise ContractError(f"{who} counted {said(count)} by {said(name)}; it must count whole numbers by names")
    return counted


def told(measured: Measured, who: str, declared: Collection[str]) -> None:
    """Refuse what a component tells besides its findings, where a run folder cannot hold it or it is not what was declared.

    Args:
        measured: what it tells.
        who: the component, for errors.
        declared: the names of its metrics.

    Raises:
        ContractError: a measure is no number, a reason no text, or a fact no JSON value; a measure is none of its metrics, or
            one of these has neither a measure nor a reason why not.
    """
    if problem := not_numbers(mapping(measured.measures, f"{who}, as its measures,"), "measures", missing=False):
        raise ContractError(f"{who}: {problem}")
    for name, reason in mapping(measured.missing, f"{who}, as what is missing,").items():
        if not isinstance(name, str) or not isinstance(reason, str):
            raise ContractError(
                f"{who} gave {said(reason)} for {said(name)}; it must say in words why a metric is missing"
            )
    facts(measured.facts, who)
    for name, value in measured.measures.items():
        if not math.isfinite(value):
            raise ContractError(
                f"{who} measured {value} for {name!r}; where there is no number, it must say why in `missing`"
            )
    known = {*measured.measures, *measured.missing}
    if undeclared := sorted(known - {*declared}):
        there = f"those that it declares are: {', '.join(sorted(declared))}" if declared else "it declares no metrics"
        raise ContractError(f"{who} measured {undeclared[0]!r}, which is none of its metrics; {there}")
    if both := sorted({*measured.measures} & {*measured.missing}):
        raise ContractError(f"{who} gave a measure of {both[0]!r}, and a reason in `missing` why there is none")
    if untold := sorted({*declared} - known):
        raise ContractError(
            f"{who} declares the metric {untold[0]!r}, and gave neither a measure of it nor a reason in `missing`"
        )
    blocks(measured.blocks, who)


def facts(answer: object, who: str) -> None:
    """Refuse facts that a run folder cannot hold.

    Raises:
        ContractError: they are no JSON values by name.
    """
    try:
        json.dumps(mapping(answer, f"{who}, as its facts,"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ContractError(f"{who} told facts that JSON cannot hold: {error}") from error
