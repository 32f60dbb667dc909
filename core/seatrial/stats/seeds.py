"""The mean over training seeds: its bounds hold how far the seeds differ, beside the items' chance."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace

from seatrial.stats.bounds import GATE_LEVEL, Bounds, Estimate

__all__ = ["SeedMean", "SeedScores"]


@dataclass(frozen=True, slots=True)
class SeedScores:
    """One system's scores, one for each seed that it was trained with."""

    values: tuple[float, ...]
    limits: tuple[float, float] | None = None
    """The smallest and largest score there can be; None: not known."""

    def distances(self, level: float = GATE_LEVEL) -> tuple[float, float]:
        """How far the mean over all seeds may lie below and above that of these, each one-sided at `level`.

        Student's t with one degree of freedom fewer than there are seeds. Between limits the seeds' spread is taken to be
        what it would be at the bound, not what it is here, with the variance function μ²(1-μ)² (Wedderburn 1974,
        Biometrika 61:439; constant on the logit scale): near a limit the scores of seeds are skewed, and those that
        come out close together lie nearer to it than the mean. For 2 to 5 seeds of an accuracy of 0.95 with a standard
        deviation of 0.02 and endless items, plain t lies beyond the truth 7.8 to 9.4% of the time instead of 5%, this
        5.0 to 5.4%; with the chance of up to 3,000 items beside it (`SeedMean`), at most 5.0%.
        """
        from scipy.special import stdtrit

        count = len(self.values)
        half = float(stdtrit(count - 1, level)) * statistics.stdev(self.values) / math.sqrt(count)
        if self.limits is None:
            return half, half
        low, high = self.limits
        width, mean = high - low, math.fsum(self.values) / count
        share = min(1.0, max(0.0, (mean - low) / width))
        below, above = _at_the_bound(share, half / width), _at_the_bound(1 - share, half / width)
        return min(width * below, mean - low), min(width * above, high - mean)

    def negated(self) -> SeedScores:
        """The same scores with the other sign: less is more."""
        limits = None if self.limits is None else (-self.limits[1], -self.limits[0])
        return SeedScores(tuple(-value for value in self.values), limits)


@dataclass(frozen=True, slots=True)
class SeedMean:
    """A mean over seeds of what each seed's items estimate.

    Items and seeds are crossed random effects: every seed answers the same items (Searle, Casella and McCulloch 1992,
    Variance Components; for training seeds, Bouthillier et al. 2021, arXiv 2103.03098). The distance from the mean to
    the items' bounds, averaged over seeds as if they erred alike, and the distance that the seeds leave
    (`SeedScores.distances`) are added as squares (MOVER: Zou and Donner 2008, Statistics in Medicine 27:1693). What an
    item and a seed have to do with each other is counted in both, which makes the bounds wider. With normal effects
    of any size a bound lies beyond the truth at most 4.4% (2 seeds), 4.7% (3) or 4.8% (5) of the time; with the sum of the
    variances and Satterthwaite's degrees of freedom, which are large where the seeds agree by luck, 8.3%, 6.2%, 5.3%.

    The seeds' scores are taken to be normal but for the skew of `SeedScores`. A training that collapses once in ten times
    is not seen in three.
    """

    estimates: tuple[Estimate, ...]
    """Of each seed; of two systems with seeds each, of every pair."""
    systems: tuple[SeedScores, ...]
    """Of each system that was trained with several seeds, as it enters the mean."""

    @property
    def value(self) -> float:
        """The mean of the seeds' values."""
        return math.fsum(estimate.value for estimate in self.estimates) / len(self.estimates)

    @property
    def n(self) -> int:
        """How many observations each seed has; on average, where they differ."""
        return max(1, round(sum(estimate.n for estimate in self.estimates) / len(self.estimates)))

    def bounds(self, level: float = GATE_LEVEL) -> Bounds:
        """One-sided bounds, where the items of every seed give some."""
        each = [estimate.bounds(level) for estimate in self.estimates]
        seeds = [scores.distances(level) for scores in self.systems]
        lowers = [bounds.lower for bounds in each if bounds.lower is not None]
        uppers = [bounds.upper for bounds in each if bounds.upper is not None]
        lower = upper = None
        if len(lowers) == len(each):
            items = self.value - math.fsum(lowers) / len(lowers)
            lower = self.value - math.hypot(items, *(below for below, _ in seeds))
        if len(uppers) == len(each):
            items = math.fsum(uppers) / len(uppers) - self.value
            upper = self.value + math.hypot(items, *(above for _, above in seeds))
        methods = " and ".join(dict.fromkeys(bounds.method for bounds in each))
        missing = next((bounds.missing for bounds in each if bounds.missing), None)
        return Bounds(lower, upper, level, f"{methods}, seeds by Student t (MOVER)", missing)

    def at(self, n: int) -> SeedMean:
        """The same finding on `n` items; the seeds stay as many and as far apart."""
        return replace(self, estimates=tuple(_at(estimate, n / self.n) for estimate in self.estimates))


def _at(estimate: Estimate, factor: float) -> Estimate:
    return estimate.at(max(1, round(estimate.n * factor)))


def _at_the_bound(share: float, half: float) -> float:
    """How far below `share` the bound L lies where (share - L)/L(1 - L) is half/share(1 - share); `half` at least."""
    spread = share * (1 - share)
    if spread <= 0 or half <= 0:
        return half
    total = half + spread
    bound = 2 * share * spread / (total + math.sqrt(max(0.0, total * total - 4 * half * share * spread)))
    return max(half, share - bound)
