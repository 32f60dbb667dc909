"""Measured: how a judge's verdicts agree with people's, and what that leaves of a rate that it found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seatrial import Block, Scored, Table, Text
from seatrial.stats import Agreement, agreement, corrected_share, wilson_interval

__all__ = ["Measured", "agreement_table", "measured_blocks", "share"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A judge on answers that people have found good or bad."""

    good: tuple[int, int]
    """(passed, n) of the good ones: sensitivity."""
    bad: tuple[int, int]
    """(not passed, n) of the bad ones: specificity."""
    unread: tuple[str, ...]
    """Why others count nowhere: what the judge said of them could not be read."""

    @classmethod
    def of(cls, pairs: Sequence[tuple[bool, bool]], unread: Sequence[str]) -> Measured:
        """From pairs of what people and the judge say."""
        good = [passed for found_good, passed in pairs if found_good]
        bad = [passed for found_good, passed in pairs if not found_good]
        return cls((sum(good), len(good)), (len(bad) - sum(bad), len(bad)), tuple(unread))

    @property
    def agreement(self) -> Agreement | None:
        """Of people and judge; None where nothing could be read."""
        if not self.good[1] + self.bad[1]:
            return None
        hit, right = self.good[0], self.bad[0]
        return agreement([[hit, self.good[1] - hit], [self.bad[1] - right, right]])


def share(found: int, n: int) -> str:
    """A share with its interval."""
    if not n:
        return "none"
    low, high = wilson_interval(found, n)
    return f"{found} of {n} = {found / n:.3f} [{low:.3f}, {high:.3f}]"


def agreement_table(found: Agreement) -> list[tuple[str, str]]:
    """Raw agreement and kappa, as rows of a table."""
    low, high = found.raw_interval
    kappa = "none: both say the same of every item"
    if found.kappa is not None and found.kappa_interval is not None:
        kappa = f"{found.kappa:.3f} [{found.kappa_interval[0]:.3f}, {found.kappa_interval[1]:.3f}]"
    return [("agreement", f"{found.raw:.3f} [{low:.3f}, {high:.3f}], n = {found.n}"), ("Cohen's kappa", kappa)]


def measured_blocks(scored: Scored, judge: str, measured: Measured | None) -> Iterator[Block]:
    """The agreement with people, and each system's rate as judged and corrected."""
    if measured is None:
        said = (
            f"What {judge} passes is its opinion, uncorrected: how often it errs was not measured. Name answers that people have "
            "labelled under `humans`."
        )
        yield Text("An unmeasured judge", [said], alarming=True)
        return
    found = measured.agreement
    rows = agreement_table(found) if found else []
    rows += [
        ("good answers that it passes (sensitivity)", share(*measured.good)),
        ("bad answers that it does not pass (specificity)", share(*measured.bad)),
    ]
    if measured.unread:
        rows.append(
            ("answers of which it said nothing that could be read", f"{len(measured.unread)}; {measured.unread[0]}")
        )
    says = f"What {judge} says of answers that people have labelled. Intervals are two-sided, at 95%."
    yield Table("The judge against people", ["", "measured"], rows, says)
    if not measured.good[1] or not measured.bad[1]:
        missing = "good" if not measured.good[1] else "bad"
        said = f"The judge's rates are uncorrected: `humans` holds no answer that people found {missing} and the judge could grade."
        yield Text("An uncorrected rate", [said], alarming=True)
        return
    yield from _corrected(scored, judge, measured)


def _corrected(scored: Scored, judge: str, measured: Measured) -> Iterator[Block]:
    rows = []
    for system in dict.fromkeys(scored.samples["system"].to_pylist()):
        passed = _passed(scored, system)
        if not passed:
            continue
        rate, size = _sampled(passed)
        true = corrected_share((rate * size, size), measured.good, measured.bad)
        if true is None:
            said = (
                f"The judge's rates are uncorrected: on what people have labelled, {judge} is no better than chance "
                "(sensitivity + specificity ≤ 1), so that they say nothing."
            )
            yield Text("A judge that cannot tell", [said], alarming=True)
            return
        low, high = wilson_interval(rate * size, size)
        rows.append(
            (
                system,
                str(sum(map(len, passed.values()))),
                f"{rate:.3f} [{low:.3f}, {high:.3f}]",
                f"{true.value:.3f} [{true.low:.3f}, {true.high:.3f}]",
            )
        )
    says = (
        "Rogan and Gladen's estimate (1978) with Lang and Reiczigel's interval (2014), which holds the sampling error of the "
        "judge's own errors. It assumes that the judge errs on these answers as on those that people labelled. A row that several "
        "trainings answered counts once, and rows that repeat each other as though they were one (Kish's effective size, 1965); "
        "how trainings differ is in the score's interval alone. Gates decide on the rate as judged."
    )
    yield Table("Passed, corrected for the judge's errors", ["system", "rows", "as judged", "corrected"], rows, says)


def _passed(scored: Scored, system: str) -> dict[str, dict[str, list[float]]]:
    """Cluster → row → whether its answer passed, of each training that answered it."""
    found: dict[str, dict[str, list[float]]] = {}
    for one in scored.samples.select(["system", "row", "cluster", "value:passed"]).to_pylist():
        if one["system"] == system and one["value:passed"] is not None:
            cluster = found.setdefault(one["cluster"] or one["row"], {})
            cluster.setdefault(one["row"], []).append(one["value:passed"])
    return found


def _sampled(passed: Mapping[str, Mapping[str, Sequence[float]]]) -> tuple[float, int]:
    """The rate over rows, and as how many independent rows they count: (Σm)² / Σm² of clusters of m rows.

    That many draws of a yes or no vary at least as much as these means do, so that the interval is none too narrow.
    """
    rows = [sum(said) / len(said) for cluster in passed.values() for said in cluster.values()]
    sizes = [len(cluster) for cluster in passed.values()]
    return sum(rows) / len(rows), sum(sizes) ** 2 // sum(size * size for size in sizes)
