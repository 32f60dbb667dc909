"""Dimensions: what train and test hold by label, topic, length, …, as a filter counted it, and what one of them lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seatrial.reporting import Result
from seatrial_reports.facts import entries, flat, mapping, number, sequence, text, whole
from seatrial_reports.numbers import count, percent, share

__all__ = ["Bar", "Coverage", "Dimension", "Lacking", "build_coverage", "covering", "drawn_metrics"]

SHOWN = 10
"""Parts that are shown before a reader asks for all."""

_SPLITS = ("train", "validation", "test")
_DRAWN = ("train", "test")
_TITLES = {"length": "length in characters", "tokens": "length in tokens"}
_PLURALS = {"length": "bands of length", "tokens": "bands of tokens"}
_DIVERSITY = {
    "vendi": "effective number of unlike rows (Vendi score)",
    "similarity": "mean cosine of two rows",
    "distinct": "share of different word pairs (distinct-2)",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One label, topic or band."""

    name: str
    example: str
    widths: tuple[tuple[str, float], ...]
    """(split, width in percent of the plot), of train and of test."""
    counts: tuple[str, ...]
    """Rows of each split, with their share where it is drawn: `train 299 (6.8%)`, `test 39 (7.5%)`, `validation 3`."""
    gap: str
    """`none in train`, `few in train`; "" for what is no gap."""
    expected: str
    """`122 would be expected`."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """The rows by one of their sides."""

    name: str
    title: str
    plural: str
    says: str
    bars: tuple[Bar, ...]
    others: int
    """Parts that are not told one by one."""
    divergence: str
    """`0.047 bits, where chance alone gives 0.006`; "" where train and test were not compared."""
    lacks: str
    """Why it cannot be told which parts train or test lacks; "" where it can."""
    ordered: bool

    @property
    def shown(self) -> tuple[Bar, ...]:
        """The parts that are seen first: all where they have an order, else the gaps and the largest."""
        if self.ordered or len(self.bars) <= SHOWN + 2:
            return self.bars
        return (*self.gaps, *(bar for bar in self.bars if not bar.gap))[: max(SHOWN, min(len(self.gaps), 2 * SHOWN))]

    @property
    def rest(self) -> tuple[Bar, ...]:
        """The others."""
        shown = set(map(id, self.shown))
        return tuple(bar for bar in self.bars if id(bar) not in shown)

    @property
    def gaps(self) -> tuple[Bar, ...]:
        """The parts that train or test lacks."""
        return tuple(bar for bar in self.bars if bar.gap)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A kind of test rows that train lacks."""

    name: str
    size: str
    """`39 rows`."""
    labels: str
    example: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a coverage filter told."""

    filter: str
    dimensions: tuple[Dimension, ...]
    diversity: tuple[tuple[str, tuple[str, ...]], ...]
    """(what, (train, test))."""
    lonely: str
    """`30 of 3,080 (1.0%)` test rows have no near train row; `30 of 300 (10.0%), drawn from 3,000,000` where not all were
    compared; "" where nobody looked."""
    measure: str
    nearest: str
    unmatched: str
    """`177 of 3,080 (5.7%)` test rows stand among test rows alone; "" where nobody looked."""
    unmatched_why: str
    unmatched_lacks: str
    """Why kinds of test rows that train lacks could not be found; "" where they could."""
    lacking: tuple[Lacking, ...]
    absent: str
    """What it did not look for, and why."""
    empty: tuple[str, ...]
    """Dimensions that no row has a value of."""


def covering(facts: Mapping[str, object]) -> bool:
    """Whether a filter, by its facts, looked for gaps and not for leaks."""
    return "dimensions" in mapping(facts, "facts")


def drawn_metrics(result: Result) -> frozenset[str]:
    """The metrics of coverage filters that no gate holds: what they tell is drawn, and needs no table of numbers."""
    filters = {text(one, "filter") for one in entries(result.facts("leakage"), "filters") if covering(one)}
    gated = {decision.metric for decision in result.verdict.decisions} if result.verdict else set()
    metrics = {score.metric for score in result.scores}
    return frozenset(metric for metric in metrics - gated if metric.partition("/")[0] in filters)


def build_coverage(result: Result) -> tuple[Coverage, ...]:
    """One for each filter that counted dimensions; mostly one or none."""
    return tuple(_coverage(one) for one in entries(result.facts("leakage"), "filters") if covering(one))


def _coverage(filter_facts: Mapping[str, object]) -> Coverage:
    facts = mapping(filter_facts, "facts")
    near, diversity, unmatched = (mapping(facts, name) for name in ("neighbours", "diversity", "unmatched"))
    threshold = number(near, "threshold")
    return Coverage(
        filter=text(filter_facts, "filter"),
        dimensions=tuple(_dimension(one) for one in entries(facts, "dimensions")),
        diversity=tuple(_diverse(diversity)),
        lonely=_of(near, "without_neighbour"),
        measure=f"{text(near, 'measure')} below {threshold:g}" if threshold is not None else text(near, "measure"),
        nearest=", ".join(f"{name} {written}" for name, written in flat(mapping(near, "similarity_quantiles"))),
        unmatched=_of(unmatched, "rows"),
        unmatched_why=_why(unmatched),
        unmatched_lacks=text(unmatched, "lacks"),
        lacking=tuple(_lacking(one) for one in entries(unmatched, "groups")),
        absent=text(filter_facts, "unseen"),
        empty=tuple(_TITLES.get(str(name), str(name)) for name in sequence(facts, "empty")),
    )


def _of(facts: Mapping[str, object], name: str) -> str:
    """`30 of 3,080 (1.0%)` of the compared rows."""
    compared, found, of = whole(facts, "compared"), whole(facts, name), whole(facts, "of")
    if not compared or found is None:
        return ""
    drawn = f", drawn from {count(of)}" if of is not None and of > compared else ""
    return f"{count(found)} of {count(compared)} ({percent(found / compared)}){drawn}"


def _why(facts: Mapping[str, object]) -> str:
    most, neighbours = whole(facts, "most"), whole(facts, "neighbours")
    if most is None or neighbours is None:
        return ""
    return f"at most {most} of the {neighbours} nearest rows stand in train"


def _lacking(facts: Mapping[str, object]) -> Lacking:
    size = whole(facts, "size") or 0
    return Lacking(
        name=text(facts, "name"),
        size=f"{count(size)} row{'' if size == 1 else 's'}",
        labels=", ".join(f"{label} {n}" for label, n in flat(mapping(facts, "labels"))),
        example=text(facts, "example").strip(),
    )


def _dimension(facts: Mapping[str, object]) -> Dimension:
    name = text(facts, "name")
    parts = entries(facts, "parts")
    totals = {split: whole(mapping(facts, "rows"), split) or 0 for split in _SPLITS}
    largest = max(
        (
            (whole(mapping(part, "rows"), split) or 0) / totals[split]
            for part in parts
            for split in _DRAWN
            if totals[split]
        ),
        default=0.0,
    )
    divergence, chance = number(facts, "divergence"), number(facts, "chance")
    said = f"{share(divergence)} bits" if divergence is not None else ""
    return Dimension(
        name=name,
        title=_TITLES.get(name, name),
        plural=_PLURALS.get(name, f"{name}s"),
        says=text(facts, "says"),
        bars=tuple(_bar(part, totals, largest or 1.0) for part in parts),
        others=whole(facts, "others") or 0,
        divergence=f"{said}, where chance alone gives about {share(chance)}" if said and chance is not None else said,
        lacks=text(facts, "lacks"),
        ordered=name in _TITLES,
    )


def _bar(part: Mapping[str, object], totals: Mapping[str, int], largest: float) -> Bar:
    rows = mapping(part, "rows")
    counts = {split: whole(rows, split) or 0 for split in _SPLITS if totals[split]}
    shares = {split: n / totals[split] for split, n in counts.items()}
    absent, thin, expected = text(part, "absent"), text(part, "thin"), number(part, "expected")
    return Bar(
        name=text(part, "name"),
        example=text(part, "example").strip(),
        widths=tuple((split, round(100 * shares[split] / largest, 2)) for split in _DRAWN if split in shares),
        counts=tuple(
            f"{split} {count(counts[split])}{f' ({percent(shares[split])})' if split in _DRAWN else ''}"
            for split in (*_DRAWN, "validation")
            if split in counts
        ),
        gap=f"none in {absent}" if absent else f"few in {thin}" if thin else "",
        expected=f"{expected:,.0f} would be expected" if expected is not None and (absent or thin) else "",
    )


def _diverse(facts: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    splits = [mapping(facts, split) for split in _DRAWN]
    for name, what in _DIVERSITY.items():
        values = [number(split, name) for split in splits]
        if any(value is not None for value in values):
            yield what, tuple(_written(name, value) for value in values)


def _written(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if name == "vendi" else share(value)
