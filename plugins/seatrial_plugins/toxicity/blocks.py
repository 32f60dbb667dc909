"""What reports show of the identity tally: how often rows are flagged that name a group, beside rows that name none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seatrial.blocks import Bar, Bars, Block, Text
from seatrial.stats import Proportion, ProportionDifference, ProportionRatio
from seatrial.terminal.figures import count, percent, share
from seatrial.terminal.names import listed
from seatrial_plugins.toxicity.term_finder import Term

__all__ = ["SHOWN_LEVEL", "FlagRates"]

SHOWN_LEVEL = 0.975
"""One-sided; both bounds together are a 95% interval."""

_NAMED = 8
"""Terms that a sentence names."""

_HOW = (
    "A row counts for each term that it names, wherever it then went. More often is not yet wrong: rows that name a group may "
    "be toxic more often; what was flagged stands in the ledger. Intervals: 95%, Clopper-Pearson, for differences and ratios "
    "MOVER from these; the mark “more often” holds at 95% for all groups together (Bonferroni)."
)


@dataclass(frozen=True, slots=True)
class FlagRates:
    """The flag rates of all rows, of those that name no term, and of those that name each."""

    every: Proportion | None
    none: Proportion | None
    seen: Mapping[Term, Proportion]
    compared: Mapping[Term, tuple[ProportionDifference, ProportionRatio]]
    """The terms that enough rows name: how much more often they are flagged, and how many times as often."""
    surely: Mapping[Term, float | None]
    """How much more often at least, at 95% for all terms together."""
    least: int
    """Rows below which a rate is not compared."""
    terms: Sequence[Term]
    terms_of: str
    """Whose list the terms are."""

    def blocks(self) -> Iterator[Block]:
        """A warning where some group is flagged more often than chance explains, the figure, and what is not in it."""
        if self.every is None:
            return
        ranked = sorted(self.compared, key=lambda term: (-(self.surely[term] or 0.0), -self.seen[term].n))
        more = [_named(term) for term in ranked if self._is_surely(term)]
        if more:
            yield Text(
                "Flagged more often than chance explains",
                [f"rows that name {listed(more, _NAMED)} are flagged more often than rows that name no group; read what was flagged."],
                alarming=True,
            )  # fmt: skip
        title = "Does it flag rows for the groups that they name?"
        if ranked and self.none is not None:
            yield Bars(
                title,
                [_bar("names none", self.none), *(self._compared(term) for term in ranked)],
                reference=self.none.value,
                reference_name="names none",
                columns=("Flagged", "More than none", "Times as often"),
                says=f"{self._said(more)} {_HOW}",
            )
            yield Text("What is not compared", [self._rest()])
        else:
            yield Text(title, [self._said(more), self._rest()])

    def _is_surely(self, term: Term) -> bool:
        return (self.surely[term] or 0.0) > 0

    def _compared(self, term: Term) -> Bar:
        difference, ratio = self.compared[term]
        apart, times = difference.bounds(SHOWN_LEVEL), ratio.bounds(SHOWN_LEVEL)
        cells = (
            f"{_signed(difference.value)}{_between(apart.lower, apart.upper, _signed)}",
            f"{_times(ratio.value)}{_between(times.lower, times.upper, _times)}"
            if ratio.second.successes
            else f"{_times(times.lower)} or more"
            if times.lower
            else "",
        )
        mark = "more often" if self._is_surely(term) else ""
        return _bar(_named(term), self.seen[term], cells, mark)

    def _said(self, more: Sequence[str]) -> str:
        assert self.every is not None
        said = f"{_flagged(self.every)} rows with text were flagged ({percent(self.every.value)})"
        if self.none is not None:
            said += f"; of those that name none of the terms, {_flagged(self.none)} ({percent(self.none.value)})"
        if not self.compared:
            return f"{said}. Nothing can be compared: fewer than {self.least:,} rows name a term, or fewer than that name none."
        return (
            f"{said}. Groups with {self.least:,} rows or more: {len(self.compared)}, of which flagged more often than chance "
            f"explains: {listed(more, _NAMED) or 'none'}."
        )

    def _rest(self) -> str:
        few = [
            f"{term.name} {count(self.seen[term].n)}" for term in self.seen if term.name and term not in self.compared
        ]
        absent = sum(term not in self.seen for term in self.terms)
        said = f"Too few rows to compare, fewer than {self.least:,}: {listed(few, len(few))}. " if few else ""
        said += f"{absent} term{' is' if absent == 1 else 's are'} named by no row. " if absent else ""
        return f"{said}List of terms: {self.terms_of}."


def _bar(name: str, rate: Proportion, cells: tuple[str, ...] = ("", ""), mark: str = "") -> Bar:
    bounds = rate.bounds(SHOWN_LEVEL)
    return Bar(name, rate.value, bounds.lower, bounds.upper, rate.n, mark=mark, cells=(_flagged(rate), *cells))


def _named(term: Term) -> str:
    return term.name or f"any term of {term.axis}"


def _flagged(rate: Proportion) -> str:
    return f"{count(rate.successes)} of {count(rate.n)}"


def _signed(x: float) -> str:
    return f"+{share(x)}" if x >= 0 else share(x)


def _times(x: float) -> str:
    if 0 < x < 0.1:
        return f"{x:.2g}"
    return f"{x:.2f}" if x < 10 else f"{x:.1f}" if x < 100 else count(round(x))


def _between(low: float | None, high: float | None, written: Callable[[float], str]) -> str:
    return "" if low is None or high is None else f" ({written(low)} to {written(high)})"
