"""The identity tally: how often rows are flagged that name a group, beside rows that name none.

A filter that throws away every sentence naming a group shows here: Dixon et al. (2018), "Measuring and mitigating unintended
bias in text classification". Where nobody has said which rows are truly toxic, what can be seen is the statistical
parity difference (Dwork et al., 2012, "Fairness through awareness"): the rate of the group less that of the others; and
their ratio, which tells 2% against 0.1% from 52% against 50.1%.

The ratio is that of the rows that are flagged. The four-fifths rule (29 CFR 1607.4 D) compares those that are selected:
of rows that are kept, where few are flagged, any filter would satisfy it (98% against 99.9%).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from seatrial import Measured, Metric, Row
from seatrial.blocks import Block
from seatrial.errors import UsageError
from seatrial.stats import GATE_LEVEL, Proportion, ProportionDifference, ProportionRatio
from seatrial_plugins.toxicity.blocks import SHOWN_LEVEL, FlagRates
from seatrial_plugins.toxicity.identity_terms import OURS
from seatrial_plugins.toxicity.term_finder import Term, TermFinder

__all__ = ["METRICS", "IdentityTally"]

PARITY_DIFFERENCE = Metric(
    "parity_difference",
    "",
    "exact",
    "lower",
    "How much more often rows that name some identity term are flagged than rows that name none (statistical parity "
    "difference), of the term with the largest lower bound: that bound, at 95% for all terms together.",
    limits=(-1.0, 1.0),
)
"""Over 0, some group is flagged more often than chance explains. A gate on it fails where an excess is shown."""

PARITY_DIFFERENCE_UPPER = Metric(
    "parity_difference_upper",
    "",
    "exact",
    "lower",
    "How much more often, at most, rows that name some identity term are flagged than rows that name none: the largest "
    "upper bound of the terms that enough rows name, at 95% for all of them together.",
    limits=(-1.0, 1.0),
)
"""A gate on it passes only where it is shown of every term that is compared; more rows bring it down to the difference."""

PARITY_RATIO = Metric(
    "parity_ratio",
    "",
    "exact",
    "lower",
    "How many times as often rows that name some identity term are flagged as rows that name none, of the term with the "
    "largest lower bound: that bound, at 95% for all terms together.",
    "times",
)
"""Over 1 exactly where the difference is over 0. A bound, so it is there also where no row that names none was flagged, and
0 where none was flagged at all."""

PARITY_RATIO_UPPER = Metric(
    "parity_ratio_upper",
    "",
    "exact",
    "lower",
    "How many times as often, at most, rows that name some identity term are flagged as rows that name none: the largest "
    "upper bound of the terms that enough rows name, at 95% for all of them together.",
    "times",
)
"""Missing where no row that names none was flagged: then no ratio is too high."""

METRICS = (PARITY_DIFFERENCE, PARITY_DIFFERENCE_UPPER, PARITY_RATIO, PARITY_RATIO_UPPER)
"""What gates can hold."""

_ALL, _NONE = Term("", "all"), Term("", "none")
"""What is counted besides terms, none of which lacks an axis: all rows that were inspected, and those that name no term."""


class IdentityTally:
    """Counts rows and flagged rows by the terms they name, and by axis: rows that name any of its terms.

    Args:
        finder: the terms.
        terms_of: whose list they are, for the report.
        least: rows below which a rate is not compared.

    Raises:
        UsageError: `least` is no number of rows.
    """

    def __init__(self, finder: TermFinder, *, terms_of: str = OURS, least: int = 20) -> None:
        if least < 1:
            raise UsageError(f"toxicity: identity_least is a number of rows, at least 1, not {least}")
        self._finder = finder
        self._least = least
        self._terms_of = terms_of

    def count(self, rows: Sequence[Row], flagged: Collection[str]) -> Mapping[str, int]:
        """Rows and flagged rows by term. A row without any text is not counted: no detector was asked about it.

        Args:
            rows: what the filter inspected.
            flagged: ids of the rows in which it found something.
        """
        counts: Counter[str] = Counter()
        for row in rows:
            texts = [turn.content for turn in row.turns if turn.content.strip()]
            if not texts:
                continue
            named = self._finder.named(texts)
            for term in {_ALL, *(named or (_NONE,)), *(Term(term.axis, "") for term in named)}:
                counts[_key("rows", term)] += 1
                counts[_key("flagged", term)] += row.id in flagged
        return counts

    def conclude(self, counts: Mapping[str, int]) -> Measured:
        """The rates with their intervals; no measure where nothing can be compared."""
        if not self._finder.terms:
            return _missing("the suite names no identity term")
        every, none = _share(counts, _ALL), _share(counts, _NONE)
        axes = [Term(axis, "") for axis in dict.fromkeys(term.axis for term in self._finder.terms)]
        seen = {term: share for term in [*axes, *self._finder.terms] if (share := _share(counts, term)) is not None}
        rest = none if none is not None and none.n >= self._least else None
        compared = {
            term: (ProportionDifference(share, rest), ProportionRatio(share, rest))
            for term, share in seen.items()
            if rest is not None and share.n >= self._least
        }
        # Bonferroni: of 100 harmless terms, five would pass over a bound that holds for one.
        together = 1 - (1 - GATE_LEVEL) / max(len(compared), 1)
        apart = {term: difference.bounds(together) for term, (difference, _) in compared.items()}
        times = {term: ratio.bounds(together) for term, (_, ratio) in compared.items()}
        surely = {term: bounds.lower for term, bounds in apart.items()}
        facts = {
            "terms_of": self._terms_of,
            "terms": len(self._finder.terms),
            "least": self._least,
            "compared": len(compared),
            "all": _line(every),
            "none": _line(none),
            "lines": [
                {"axis": term.axis, "term": term.name, "surely": surely.get(term)}
                | _line(share)
                | (_excess(*compared[term]) if term in compared else {})
                for term, share in seen.items()
            ],
        }
        rates = FlagRates(every, none, seen, compared, surely, self._least, self._finder.terms, self._terms_of)
        blocks = list(rates.blocks())
        if not compared:
            return _missing(self._why_nothing(every, rest), {"flag_rates": facts}, blocks)
        measures = {
            PARITY_DIFFERENCE.name: _largest(surely.values()),
            PARITY_DIFFERENCE_UPPER.name: _largest(bounds.upper for bounds in apart.values()),
            PARITY_RATIO.name: _largest(bounds.lower for bounds in times.values()),
        }
        missing = {}
        if rest is not None and rest.successes:
            measures[PARITY_RATIO_UPPER.name] = _largest(bounds.upper for bounds in times.values())
        else:
            missing[PARITY_RATIO_UPPER.name] = "no row that names no identity term was flagged, so no ratio is too high"
        return Measured(measures, missing, {"flag_rates": facts}, blocks)

    def _why_nothing(self, every: Proportion | None, rest: Proportion | None) -> str:
        if every is None:
            return "no row with text was inspected"
        few = f"fewer than {self._least} rows name"
        return f"{few} no identity term" if rest is None else f"{few} any identity term"


def _key(what: str, term: Term) -> str:
    return f"{what}\t{term.axis}\t{term.name}"


def _share(counts: Mapping[str, int], term: Term) -> Proportion | None:
    n = counts.get(_key("rows", term), 0)
    return Proportion(counts[_key("flagged", term)], n) if n else None


def _line(share: Proportion | None) -> dict[str, object]:
    if share is None:
        return {"n": 0}
    bounds = share.bounds(SHOWN_LEVEL)
    return {
        "n": share.n,
        "flagged": int(share.successes),
        "rate": share.value,
        "low": bounds.lower,
        "high": bounds.upper,
    }


def _excess(difference: ProportionDifference, ratio: ProportionRatio) -> dict[str, object]:
    apart, times = difference.bounds(SHOWN_LEVEL), ratio.bounds(SHOWN_LEVEL)
    return {
        "excess": difference.value,
        "excess_low": apart.lower,
        "excess_high": apart.upper,
        "ratio": ratio.value if ratio.second.successes else None,
        "ratio_low": times.lower,
        "ratio_high": times.upper,
    }


def _largest(bounds: Iterable[float | None]) -> float:
    return max(bound for bound in bounds if bound is not None)


def _missing(why: str, facts: Mapping[str, object] | None = None, blocks: Sequence[Block] = ()) -> Measured:
    return Measured(missing={metric.name: why for metric in METRICS}, facts=facts or {}, blocks=blocks)
