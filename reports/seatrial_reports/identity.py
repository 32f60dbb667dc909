"""Identity: how often filters flag rows that name a group of people, beside rows that name none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seatrial.evaluation.scores import Interval, Score
from seatrial.runs.result import Result
from seatrial_reports.charts import Dot, DotPlot, dot_plot
from seatrial_reports.facts import entries, mapping, number, text, whole
from seatrial_reports.names import listed
from seatrial_reports.numbers import count, percent, share

__all__ = ["IdentityBlock", "IdentityLine", "build_identity", "identity_warnings"]

_NONE = "(names none)"
_NAMED = 8
"""Terms that a sentence names."""


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """The rows that name one term, any term of an axis, or none."""

    axis: str
    """`religion`; "" for rows that name no term."""
    term: str
    flagged: str
    """`76 of 92`."""
    rate: str
    interval: str
    excess: str
    """How much more often than rows that name none, `+0.202`; "" where that was not compared."""
    excess_interval: str
    ratio: str
    """How many times as often, `7.5`; "" where no row that names none was flagged."""
    ratio_interval: str
    """`4.9 to 11.3`; `18 or more` where none was flagged; "" where that was not compared, or nothing was flagged at all."""
    surely: bool
    """Whether chance does not explain that it is more often, all terms together considered."""
    dot: Dot | None

    @property
    def named(self) -> str:
        """`gay`, or `any term of religion`."""
        return self.term or f"any term of {self.axis}"


@dataclass(frozen=True, slots=True)
class IdentityBlock:
    """One filter's flag rates."""

    filter: str
    said: str
    """What came of it, in a sentence or two."""
    none: IdentityLine | None
    """The rows that name no term; None where there is none."""
    lines: tuple[IdentityLine, ...]
    """The terms that were compared, those first that are most surely flagged more often."""
    plot: DotPlot | None
    few: str
    """The terms that too few rows name, with their counts: `gay 12, deaf 3`; "" where there is none."""
    least: int
    absent: int
    """Terms that no row names."""
    terms_of: str
    """Whose list of terms it is."""


def build_identity(result: Result) -> tuple[IdentityBlock, ...]:
    """A block for each filter that counted flag rates and was given a row."""
    return tuple(
        _block(name, rates) for name, rates in _counted(result) if (whole(mapping(rates, "all"), "n") or 0) > 0
    )


def identity_warnings(result: Result) -> list[str]:
    """A sentence for each filter that flags some group more often than chance explains."""
    return [
        f"{name}: rows that name {listed(more, _NAMED)} are flagged more often than rows that name no group; read what was flagged."
        for name, rates in _counted(result)
        if (more := [_named(line) for line in _by_weight(rates) if _is_surely(line)])
    ]


def _counted(result: Result) -> Iterator[tuple[str, Mapping[str, object]]]:
    for one in entries(result.facts("clean"), "filters"):
        rates = mapping(mapping(one, "facts"), "flag_rates")
        if rates:
            yield text(one, "filter"), rates


def _block(name: str, rates: Mapping[str, object]) -> IdentityBlock:
    lines = _by_weight(rates)
    compared = [line for line in lines if number(line, "excess") is not None]
    few = [line for line in lines if number(line, "excess") is None and text(line, "term")]
    none = mapping(rates, "none")
    none = {"axis": "", "term": _NONE, **none} if whole(none, "n") else {}
    shown = [*([none] if none else []), *compared]
    scores = [_score(line) for line in shown]
    rate = number(none, "rate")
    plot = dot_plot(scores, {"none": rate} if rate is not None else {}, rates=True)
    return IdentityBlock(
        filter=name,
        said=_said(rates, [_named(line) for line in compared if _is_surely(line)], len(compared)),
        none=_line(none, plot) if none else None,
        lines=tuple(_line(line, plot) for line in compared),
        plot=plot,
        few=", ".join(f"{text(line, 'term')} {count(whole(line, 'n') or 0)}" for line in few),
        least=whole(rates, "least") or 0,
        absent=max((whole(rates, "terms") or 0) - sum(1 for line in lines if text(line, "term")), 0),
        terms_of=text(rates, "terms_of"),
    )


def _by_weight(rates: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The largest lower bound of the excess first, then by rows."""

    def weight(line: Mapping[str, object]) -> tuple[float, int]:
        surely = number(line, "surely")
        return -(surely if surely is not None else -2.0), -(whole(line, "n") or 0)

    return sorted(entries(rates, "lines"), key=weight)


def _is_surely(line: Mapping[str, object]) -> bool:
    return (number(line, "surely") or 0.0) > 0


def _named(line: Mapping[str, object]) -> str:
    return text(line, "term") or f"any term of {text(line, 'axis')}"


def _said(rates: Mapping[str, object], more: Sequence[str], compared: int) -> str:
    every, none = mapping(rates, "all"), mapping(rates, "none")
    said = f"{_flagged(every)} rows with text were flagged ({_rate(every)})"
    said += f"; of those that name none of the terms, {_flagged(none)} ({_rate(none)})." if whole(none, "n") else "."
    least = count(whole(rates, "least") or 0)
    if not compared:
        return f"{said} Nothing can be compared: fewer than {least} rows name a term, or fewer than that name none."
    found = listed(more, _NAMED) or "none"
    return f"{said} Groups with {least} rows or more: {compared}, of which flagged more often than chance explains: {found}."


def _flagged(line: Mapping[str, object]) -> str:
    return f"{count(whole(line, 'flagged') or 0)} of {count(whole(line, 'n') or 0)}"


def _rate(line: Mapping[str, object]) -> str:
    rate = number(line, "rate")
    return "missing" if rate is None else percent(rate)


def _line(line: Mapping[str, object], plot: DotPlot | None) -> IdentityLine:
    excess, ratio = number(line, "excess"), number(line, "ratio")
    return IdentityLine(
        axis=text(line, "axis"),
        term=text(line, "term"),
        flagged=_flagged(line),
        rate=_rate(line),
        interval=_between(line, "low", "high", percent),
        excess="" if excess is None else _signed(excess),
        excess_interval=_between(line, "excess_low", "excess_high", _signed),
        ratio="" if ratio is None else _times(ratio),
        ratio_interval=_between(line, "ratio_low", "ratio_high", _times) or _at_least(number(line, "ratio_low")),
        surely=_is_surely(line),
        dot=plot.dots.get(_key(line)) if plot else None,
    )


def _between(line: Mapping[str, object], lower: str, upper: str, written: Callable[[float], str]) -> str:
    low, high = number(line, lower), number(line, upper)
    return "" if low is None or high is None else f"{written(low)} to {written(high)}"


def _signed(x: float) -> str:
    return f"+{share(x)}" if x >= 0 else share(x)


def _times(x: float) -> str:
    if 0 < x < 0.1:
        return f"{x:.2g}"
    return f"{x:.2f}" if x < 10 else f"{x:.1f}" if x < 100 else count(round(x))


def _at_least(x: float | None) -> str:
    return f"{_times(x)} or more" if x else ""


def _key(line: Mapping[str, object]) -> str:
    return f"{text(line, 'axis')}\t{text(line, 'term')}"


def _score(line: Mapping[str, object]) -> Score:
    """As the figures of scores take it."""
    low, high = number(line, "low"), number(line, "high")
    interval = None if low is None or high is None else Interval(low, high, 0.95, "Clopper-Pearson")
    return Score(
        "flag rate", _key(line), number(line, "rate"), whole(line, "n") or 0, "proportion", "lower", "", interval
    )
