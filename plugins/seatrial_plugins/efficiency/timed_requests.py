"""The probe `time`: warm-up, then timed requests, one transcript each."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from seatrial import Row, System, Task, Times, Timing, Transcript
from seatrial.errors import StageError
from seatrial.evaluation.probe import Progress

__all__ = ["LEAST_WARM_UPS", "MOST_WARM_UPS", "TimeProbe", "end_to_end_ms", "settled"]

LEAST_WARM_UPS, MOST_WARM_UPS = 4, 10
"""Bounds of the warm-up. The first requests pay for kernel selection, allocation and caches."""

_STABLE = 0.05
"""How far the median of three may move, of its size, from one warm-up request to the next."""


def end_to_end_ms(timing: Timing) -> float:
    """From the prompt to the last token, in milliseconds."""
    return timing.ttft_ms + sum(timing.gaps_ms)


def settled(times: list[float]) -> bool:
    """Whether the median of the last three times is within 5% of the median of the three before the last one."""
    if len(times) < LEAST_WARM_UPS:
        return False
    before, now = statistics.median(times[-4:-1]), statistics.median(times[-3:])
    return abs(now - before) <= _STABLE * before


@dataclass(frozen=True, slots=True)
class _WarmUp:
    """What the warm-up of one batch size gave."""

    requests: int
    first_ms: float
    """The first request of all, cold."""
    stable: bool


@dataclass(frozen=True, slots=True)
class TimeProbe:
    """Times requests of each batch size, one at a time."""

    batch: tuple[int, ...]
    prompt: int
    new: int
    requests: int
    merged: bool

    def run(
        self,
        system: System,
        task: Task,
        rows: Sequence[Row],  # noqa: ARG002 - prompts are random
        progress: Progress,
    ) -> Iterator[Transcript]:
        """One transcript a request, batch size by batch size. A request that fails is one with an `error`.

        Raises:
            StageError: the system cannot be timed.
        """
        model: object = system.model
        if not isinstance(model, Times):
            raise StageError(f"latency: {system.name} cannot be timed: its model has no decode loop of its own.")
        with model.serving() if self.merged else nullcontext("separate") as adapter:
            yield from self._requests(model, adapter, task, progress)

    def _requests(self, model: Times, adapter: str, task: Task, progress: Progress) -> Iterator[Transcript]:
        done, total = 0, len(self.batch) * self.requests
        for size in self.batch:
            try:
                warm_up = self._warm_up(model, size, task.seed)
            except Exception as error:  # noqa: BLE001  # a batch that doesn't fit leaves the others to be timed
                failure = f"the warm-up failed: {type(error).__name__}: {error}"
                yield from (self._failed(size, number, failure) for number in range(1, self.requests + 1))
                done += self.requests
                progress(done, total)
                continue
            for number in range(1, self.requests + 1):
                yield self._request(model, size, number, task.seed, warm_up, adapter)
                done += 1
                progress(done, total)

    def _time(self, model: Times, size: int, seed: int) -> Timing:
        return model.time_request(batch=size, prompt_tokens=self.prompt, new_tokens=self.new, seed=seed)

    def _warm_up(self, model: Times, size: int, seed: int) -> _WarmUp:
        times: list[float] = []
        while len(times) < MOST_WARM_UPS and not settled(times):
            times.append(end_to_end_ms(self._time(model, size, seed - 1 - len(times))))
        return _WarmUp(len(times), times[0], settled(times))

    def _request(self, model: Times, size: int, number: int, seed: int, warm_up: _WarmUp, adapter: str) -> Transcript:
        try:
            timing = self._time(model, size, seed + number)
        except Exception as error:  # noqa: BLE001  # one request that fails is one missing sample, not a lost stage
            return self._failed(size, number, f"{type(error).__name__}: {error}")
        return Transcript(
            self._name(size, number),
            prompt_hash=f"random:{seed + number}:{size}x{self.prompt}",
            detail={
                "batch": size,
                "prompt_tokens": self.prompt,
                "new_tokens": self.new,
                "adapter": adapter,
                "warm_up_requests": warm_up.requests,
                "warm_up_stable": warm_up.stable,
                "first_request_ms": warm_up.first_ms,
                "ttft_ms": timing.ttft_ms,
                "gaps_ms": list(timing.gaps_ms),
                "peak_bytes": timing.peak_bytes,
            },
        )

    def _failed(self, size: int, number: int, error: str) -> Transcript:
        return Transcript(self._name(size, number), detail={"batch": size}, error=error)

    def _name(self, size: int, number: int) -> str:
        return f"request-{number:03d}@b{size}"
