"""Efficiency: how long an answer takes, and how much memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from seatrial import Metric, Probe, ProbeComponent, Scorer, ScorerComponent, hookimpl
from seatrial.errors import UsageError

__all__ = [
    "PERCENTILES",
    "latency",
    "latency_metrics",
    "minimum_requests",
    "seatrial_probes",
    "seatrial_scorers",
    "time_probe",
]

PERCENTILES = (50, 90, 99)

_TIMES = (
    ("ttft", "Time to the first token: the prompt goes in, the first new token comes out."),
    ("tpot", "Time per output token after the first, (e2e - TTFT)/(n - 1), one value a request."),
    ("e2e", "Time from the prompt to the last new token."),
)


def minimum_requests(percentile: float) -> int:
    """The fewest requests that can bound a percentile at 99% confidence: 7 for p50, 44 for p90, 459 for p99.

    The smallest n with q^n ≤ 0.01: n requests, none of them over the bound, as in MLPerf LoadGen's early stopping.
    """
    return math.ceil(math.log(0.01) / math.log(percentile / 100))


def latency_metrics(
    *, batch: Sequence[int] | None = None, prompt: int = 128, new: int = 32, requests: int = 44
) -> tuple[Metric, ...]:
    """The metrics of `latency` with these options: of batch size 1 by plain names, of others with `@b8`.

    A percentile that so few requests cannot support is not among them, so a gate on it is refused before the run.
    """
    metrics: list[Metric] = []
    for size in _checked(batch, prompt, new, requests):
        suffix = "" if size == 1 else f"@b{size}"
        shape = f"batch {size}, {prompt} prompt tokens, {new} new ones, {requests} requests"
        for name, summary in _TIMES:
            metrics.extend(
                Metric(
                    name=f"{name}_p{q}_ms{suffix}",
                    column=f"{name}_ms{suffix}",
                    kind="percentile",
                    q=float(q),
                    better="lower",
                    unit="ms",
                    summary=f"{summary} {shape}.",
                )
                for q in PERCENTILES
                if requests >= minimum_requests(q)
            )
        metrics.append(
            Metric(
                name=f"tokens_per_second{suffix}",
                column=f"tokens_per_second{suffix}",
                kind="mean",
                better="higher",
                unit="tokens/s",
                summary=f"New tokens of the whole batch by the time from prompt to last token. {shape}.",
            )
        )
        metrics.append(
            Metric(
                name=f"peak_bytes{suffix}",
                column=f"peak_bytes{suffix}",
                kind="maximum",
                better="lower",
                unit="bytes",
                summary=f"Most memory during a request: allocated on the GPU, resident in the process on a CPU. {shape}.",
            )
        )
    return tuple(metrics)


def latency(
    *,
    batch: list[int] | None = None,
    prompt: int = 128,
    new: int = 32,
    requests: int = 44,
    adapter: Literal["merged", "separate"] = "merged",
) -> Scorer:
    """Time requests one after another: greedy decoding with a key-value cache, a fixed number of new tokens.

    Warm-up requests come first, until their median is stable (at least 4, at most 10); they are not counted. The rows
    are not read: prompts are random tokens.

    Args:
        batch: prompts decoded together in one request, each size timed by itself; `[1]` where nothing is said.
        prompt: tokens of each prompt.
        new: new tokens of each prompt, end of turn ignored; at least 2.
        requests: timed requests of each batch size. A percentile needs its minimum (MLPerf LoadGen, 99% confidence):
            p50 7 requests, p90 44, p99 459; one that falls short is not reported.
        adapter: `merged` times the model as it is usually served, the adapter folded into the weights; `separate` with the
            adapter's own layers beside them, as they are trained and scored. Where folding would change what the model
            says (quantised or shared weights), it is timed beside them too, and each sample says why.
    """
    del adapter  # the probe's
    sizes = _checked(batch, prompt, new, requests)
    from seatrial_plugins.efficiency.latency_scorer import LatencyScorer

    metrics = latency_metrics(batch=sizes, prompt=prompt, new=new, requests=requests)
    return LatencyScorer(sizes, frozenset(metric.column for metric in metrics))


def time_probe(
    *,
    batch: list[int] | None = None,
    prompt: int = 128,
    new: int = 32,
    requests: int = 44,
    adapter: Literal["merged", "separate"] = "merged",
) -> Probe:
    """Time requests of random prompts, with the options of the scorer `latency`.

    Args:
        batch: as for the scorer.
        prompt: as for the scorer.
        new: as for the scorer.
        requests: as for the scorer.
        adapter: as for the scorer.
    """
    from seatrial_plugins.efficiency.timed_requests import TimeProbe

    sizes = _checked(batch, prompt, new, requests)
    return TimeProbe(batch=sizes, prompt=prompt, new=new, requests=requests, merged=adapter == "merged")


def _checked(batch: Sequence[int] | None, prompt: int, new: int, requests: int) -> tuple[int, ...]:
    """The batch sizes, where the options can be timed.

    Raises:
        UsageError: they cannot.
    """
    sizes = [1] if batch is None else batch
    for option, value, least in (("prompt", prompt, 1), ("new", new, 2), ("requests", requests, 1)):
        if value < least:
            raise UsageError(f"latency: {option} is {value}; give at least {least}.")
    if not sizes or min(sizes) < 1 or len(set(sizes)) < len(sizes):
        raise UsageError(f"latency: batch is {sizes}; give different sizes of at least 1, such as [1, 8].")
    return tuple(sizes)


def _asks(**options: Any) -> Mapping[str, Any]:
    return options


def _metrics(
    *,
    batch: list[int] | None = None,
    prompt: int = 128,
    new: int = 32,
    requests: int = 44,
    adapter: Literal["merged", "separate"] = "merged",  # noqa: ARG001  # changes values, not which there are
) -> tuple[Metric, ...]:
    """`latency_metrics` with the defaults of `latency`."""
    return latency_metrics(batch=batch, prompt=prompt, new=new, requests=requests)


@hookimpl
def seatrial_probes() -> Iterable[ProbeComponent[Probe]]:
    """The probe `time`."""
    yield ProbeComponent(
        "time",
        time_probe,
        "Timed requests of random prompts, one after another.",
        needs=frozenset({"times"}),
        asks_rows=False,
    )


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """The scorer `latency`."""
    yield ScorerComponent(
        "latency",
        latency,
        "Time to the first token, time per token, throughput and peak memory of single requests.",
        probe="time",
        asks=_asks,
        dimension="efficiency",
        metrics=_metrics,
        looks_for="slow answers",
        comparable=False,
    )
