"""Filtering: what each filter looked for, what it found, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.blocks import Block
from seatrial.runs.result import Result
from seatrial.terminal.figures import count
from seatrial_reports.columns import grouped, numbered, truths
from seatrial_reports.evidence import Example, quote_all
from seatrial_reports.facts import entries, flag, mapping, text, whole
from seatrial_reports.handed import filter_blocks
from seatrial_reports.pairs import Pairs, build_pairs

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["FILTER_STAGES", "FilterBlock", "RuleLine", "build_filters"]

FILTER_STAGES = ("read", "clean", "deduplicate", "decontaminate")
"""The stages that find something about rows, in the order in which they run."""

EXAMPLES = 3
"""Examples shown of each rule, …"""

TO_READ = 20
"""… and of one whose rows were kept as they are, for a person to look at."""

LOOKED_AT = 1_000
"""Entries of a rule among which examples are looked for."""

_DONE = {"drop": "dropped", "redact": "redacted", "repair": "repaired", "flag": "flagged and kept"}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule and one action of a filter."""

    rule: str
    summary: str
    """What it looks for; "" where the run does not say."""
    version: str
    action: str
    findings: int
    rows: int
    dropped: int
    """Rows that this rule took out: the first drop of a row counts."""
    examples: tuple[Example, ...]

    @property
    def done(self) -> str:
        """What came of it: `31 rows dropped`, `300 rows flagged and kept`, `23 findings in 20 rows redacted`."""
        rows = _rows(self.rows)
        if self.action == "drop" and self.dropped < self.rows:
            said = f"{rows}, {count(self.dropped)} dropped by it (the rest were out already)"
        else:
            said = f"{rows} {_DONE.get(self.action, self.action)}"
        return f"{count(self.findings)} findings in {said}" if self.findings > self.rows else said


@dataclass(frozen=True, slots=True)
class FilterBlock:
    """One filter of the suite."""

    stage: str
    filter: str
    plugin: str
    summary: str
    weak: bool
    """It rests on a weak detector: what it does not find is not shown to be absent."""
    unseen: str
    """What it does not look for although one might expect it."""
    missing: tuple[str, ...]
    """What it could not measure, and why."""
    findings: int
    rows: int
    """Rows that its findings are about."""
    dropped: int
    outcomes: tuple[str, ...]
    """`305 rows dropped`, `2 rows flagged and kept`, …"""
    rules: tuple[RuleLine, ...]
    pairs: Pairs | None
    """Rows with the ones that they were matched with, of a filter that holds train against what is held out."""
    blocks: tuple[Block, ...]
    """What it has to show besides."""


@dataclass(frozen=True, slots=True)
class _Tally:
    findings: int
    dropped: int
    rows: np.ndarray
    """The rows that it is about, by number."""
    shown: tuple[int, ...]
    """Where its examples stand in the ledger."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What one line of the report is about."""

    stage: str
    filter: str
    plugin: str
    rule: str
    version: str
    action: str


def build_filters(result: Result) -> tuple[FilterBlock, ...]:
    """Every filter that ran, also those that found nothing, in the order in which they ran."""
    tallies = _tally(result.ledger)
    names = {f"{number}": tally.shown for number, tally in enumerate(tallies.values())}
    quoted = list(quote_all(result, names).values())
    examples = dict(zip(tallies, quoted, strict=True))
    ran = {
        (stage, text(one, "filter")): one for stage in FILTER_STAGES for one in entries(result.facts(stage), "filters")
    }
    # Readers find what is no row, and are no filters of the suite.
    for key in tallies:
        ran.setdefault((key.stage, key.filter), {"plugin": key.plugin})
    order = {stage: place for place, stage in enumerate(FILTER_STAGES)}
    blocks = []
    for (stage, name), facts in sorted(ran.items(), key=lambda item: order.get(item[0][0], len(order))):
        mine = {key: tally for key, tally in tallies.items() if (key.stage, key.filter) == (stage, name)}
        blocks.append(_block(result, stage, name, facts, mine, examples))
    return tuple(blocks)


def _block(
    result: Result,
    stage: str,
    name: str,
    facts: Mapping[str, object],
    tallies: Mapping[_Key, _Tally],
    examples: Mapping[_Key, Sequence[Example]],
) -> FilterBlock:
    said = mapping(facts, "rules")
    found, dropped = whole(facts, "findings"), whole(facts, "dropped")
    return FilterBlock(
        stage=stage,
        filter=name,
        plugin=text(facts, "plugin"),
        summary=text(facts, "summary"),
        weak=flag(facts, "weak"),
        unseen=text(facts, "unseen"),
        missing=_missing(mapping(facts, "missing")),
        findings=found if found is not None else sum(tally.findings for tally in tallies.values()),
        dropped=dropped if dropped is not None else sum(tally.dropped for tally in tallies.values()),
        rows=_distinct(tally.rows for tally in tallies.values()),
        outcomes=_outcomes(tallies),
        rules=tuple(
            RuleLine(
                rule=key.rule,
                summary=text(said, key.rule),
                version=key.version,
                action=key.action,
                findings=tally.findings,
                rows=len(tally.rows),
                dropped=tally.dropped,
                examples=tuple(examples[key]),
            )
            for key, tally in tallies.items()
        ),
        pairs=build_pairs(result, stage, name) if stage == "decontaminate" else None,
        blocks=filter_blocks(facts),
    )


def _missing(why: Mapping[str, object]) -> tuple[str, ...]:
    """Reasons, each once, with what they keep from being known."""
    metrics: dict[str, list[str]] = {}
    for metric, reason in why.items():
        metrics.setdefault(str(reason), []).append(metric)
    return tuple(f"{', '.join(names)}: {reason}" for reason, names in metrics.items())


def _distinct(rows: Iterable[np.ndarray]) -> int:
    """How many different rows, by number."""
    import numpy as np

    listed = list(rows)
    return len(np.unique(np.concatenate(listed))) if listed else 0


def _outcomes(tallies: Mapping[_Key, _Tally]) -> tuple[str, ...]:
    """What became of rows, whichever rules found them."""
    done = []
    dropped = sum(tally.dropped for tally in tallies.values())
    if dropped:
        done.append(f"{_rows(dropped)} dropped")
    for action in ("redact", "repair", "flag"):
        found = [tally.rows for key, tally in tallies.items() if key.action == action]
        if found:
            done.append(f"{_rows(_distinct(found))} {_DONE[action]}")
    return tuple(done)


def _rows(n: int) -> str:
    return f"{count(n)} row{'' if n == 1 else 's'}"


def _tally(ledger: pa.Table) -> dict[_Key, _Tally]:
    """Counts by stage, filter, plugin, rule, version and action, in the order in which these first appear."""
    import numpy as np

    keys, group = grouped(ledger, ("stage", "filter", "plugin", "rule", "rule_version", "action"))
    findings = np.bincount(group, minlength=len(keys))
    dropped = np.bincount(group[truths(ledger["decisive"])], minlength=len(keys))
    ids, row = grouped(ledger, ("row",))
    pairs, _ = numbered(group * len(ids) + row)
    of_key, row_of_key = np.divmod(pairs, max(len(ids), 1))
    tallies = {}
    for number, key in enumerate(keys):
        most = TO_READ if key[-1] == "flag" else EXAMPLES
        shown = _shown(ledger, np.flatnonzero(group == number), most)
        tallies[_Key(*key)] = _Tally(int(findings[number]), int(dropped[number]), row_of_key[of_key == number], shown)
    return tallies


def _shown(ledger: pa.Table, places: np.ndarray, most: int) -> tuple[int, ...]:
    """The first places with different excerpts, looked for among the first thousand."""
    import pyarrow as pa

    seen: dict[str, int] = {}
    near = places[:LOOKED_AT]
    for place, excerpt in zip(near.tolist(), ledger["excerpt"].take(pa.array(near)).to_pylist(), strict=True):
        seen.setdefault(excerpt or "", place)
        if len(seen) == most:
            break
    return tuple(seen.values())
