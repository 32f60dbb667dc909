"""What reports show of timed requests: how long they took, one distribution a time and batch size."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.blocks import Block, Distribution
from seatrial.evaluation.scorer import Scored

__all__ = ["latency_blocks"]

_TIMES = {
    "ttft_ms": "Time to the first token",
    "tpot_ms": "Time per output token after the first",
    "e2e_ms": "Time from the prompt to the last token",
}

_BINS = 20


def latency_blocks(scored: Scored) -> Iterator[Block]:
    """The requests of the system on trial, by time."""
    import numpy as np
    import pyarrow.compute as pc

    mine = scored.samples.filter(pc.equal(scored.samples["system"], scored.subject))
    for column in mine.column_names:
        name, _, batch = column.removeprefix("value:").partition("@b")
        if name not in _TIMES:
            continue
        times = mine[column].drop_null().to_numpy()
        times = times[np.isfinite(times)]
        if len(times) < 2:
            continue
        low, high = float(times.min()), float(times.max())
        alike = high - low <= 1e-9 * high  # too near to each other for bins of any width
        counts, edges = np.histogram(times, 1 if alike else _BINS, (low - 0.5, high + 0.5) if alike else (low, high))
        yield Distribution(
            f"{_TIMES[name]}, batch {batch or 1}",
            edges.tolist(),
            counts.tolist(),
            "ms",
            marks=(("median", float(np.median(times))), ("slowest", float(times.max()))),
            says=f"{len(times):,} requests.",
        )
