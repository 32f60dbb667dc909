"""The scorer `latency`: the times of each request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from seatrial import Block, Sample, Scored, Task, Transcript
from seatrial_plugins.efficiency.blocks import latency_blocks

__all__ = ["VALUES", "LatencyScorer"]

VALUES = ("ttft_ms", "tpot_ms", "e2e_ms", "tokens_per_second", "peak_bytes")
"""What a request gives, in the order of its values."""


@dataclass(frozen=True, slots=True)
class LatencyScorer:
    """Reads times, of each batch size into columns of its own."""

    batch: tuple[int, ...]
    columns: frozenset[str]
    """Those that a metric reads: of few requests no percentile is known, and their times stand in the detail alone."""

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a request, in order."""
        del task
        for transcript in transcripts:
            yield _sample(transcript, self.batch, self.columns)

    def blocks(self, scored: Scored) -> Iterable[Block]:
        """The distribution of each time."""
        return latency_blocks(scored)


def _sample(transcript: Transcript, sizes: Iterable[int], read: frozenset[str]) -> Sample:
    detail: Any = transcript.detail
    size = detail["batch"]
    columns = _columns(size)
    if transcript.error is not None:
        lacks = tuple(name for name in columns if name in read)
        return Sample(transcript.row, {}, slice=f"batch {size}", error=transcript.error, lacks=lacks)
    gaps = detail["gaps_ms"]
    e2e = detail["ttft_ms"] + sum(gaps)
    values = (
        detail["ttft_ms"],
        sum(gaps) / len(gaps),
        e2e,
        size * (len(gaps) + 1) / (e2e / 1000),
        float(detail["peak_bytes"]),
    )
    numbers = {name: None for one in sizes for name in _columns(one)} | dict(zip(columns, values, strict=True))
    return Sample(
        transcript.row,
        {name: value for name, value in numbers.items() if name in read},
        prompt_hash=transcript.prompt_hash,
        slice=f"batch {size}",
        detail={**detail, "ttft_ms": round(detail["ttft_ms"], 4), "gaps_ms": [round(gap, 4) for gap in gaps]},
    )


def _columns(size: int) -> list[str]:
    """What the values of requests of that batch size are called."""
    return [name if size == 1 else f"{name}@b{size}" for name in VALUES]
