"""Scoring: one scorer's samples of every system become scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seatrial.evaluation.scores import Metric, Score
from seatrial.evaluation.summary import applies, summarise

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["scores_of"]


def scores_of(alias: str, metrics: Sequence[Metric], samples: pa.Table, subject: str) -> list[Score]:
    """Every metric of every system, system by system in the order of the samples.

    A metric that does not apply to a system is left out, but for the one on trial: there it is missing, with a reason.
    """
    import pyarrow.compute as pc

    scores: list[Score] = []
    for system in dict.fromkeys(samples["system"].to_pylist()):
        own = samples.filter(pc.equal(samples["system"], system))
        scores += [
            summarise(metric, alias, system, own) for metric in metrics if system == subject or applies(metric, own)
        ]
    return scores
