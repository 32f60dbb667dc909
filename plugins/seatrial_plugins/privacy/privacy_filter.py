"""The privacy filter: a finding for each kind of datum in a row, with a placeholder for each place."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seatrial.findings import Finding, Span
from seatrial.rows import Row
from seatrial_plugins.privacy.datum import Datum, Recogniser

__all__ = ["PrivacyFilter"]

_PLACEHOLDER = re.compile(r"<([A-Z]{2,8})_(\d{1,9})>")


class PrivacyFilter:
    """Looks through every turn with each recogniser; what an earlier one found, a later one cannot find again."""

    def __init__(self, recognisers: Sequence[Recogniser]) -> None:
        self._recognisers = tuple(recognisers)

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """One finding for each row and kind, its score the number of places; nothing found is in its words."""
        for row in rows:
            yield from self._inspect_row(row)

    def _inspect_row(self, row: Row) -> Iterable[Finding]:
        found = [self._search(turn.content) for turn in row.turns]
        if any(found):
            placeholders = _Placeholders.beyond(turn.content for turn in row.turns)
            spans: dict[str, list[Span]] = defaultdict(list)
            for index, data in enumerate(found):
                for datum, recogniser in data:
                    replacement = placeholders.of(recogniser.kind, datum.value)
                    spans[recogniser.kind].append(Span(index, datum.start, datum.end, replacement))
            for recogniser in self._recognisers:
                if spans[recogniser.kind]:
                    yield _finding(row, recogniser, spans[recogniser.kind])
        yield from self._out_of_reach(row)

    def _search(self, text: str) -> list[tuple[Datum, Recogniser]]:
        """What stands in a text, in order and without overlaps."""
        taken: list[tuple[int, int]] = []
        data = []
        for recogniser in self._recognisers:
            for datum in recogniser.find(text):
                if not _overlaps(taken, datum):
                    insort(taken, (datum.start, datum.end))
                    data.append((datum, recogniser))
        return sorted(data, key=lambda pair: pair[0].start)

    def _out_of_reach(self, row: Row) -> Iterable[Finding]:
        # A span points into a turn's content; what stands elsewhere in the row would survive redaction.
        places = [(f"turn {index}'s tool calls", turn.extra) for index, turn in enumerate(row.turns) if turn.extra]
        places += [(f"choice {index}", choice) for index, choice in enumerate(row.choices)]
        found = [(place, recogniser.name) for place, text in places for _, recogniser in self._search(text)]
        if found:
            names = ", ".join(dict.fromkeys(f"{name} in {place}" for place, name in found))
            yield Finding(row.id, "unredactable", f"where redaction does not reach: {names}", float(len(found)))


def _overlaps(taken: Sequence[tuple[int, int]], datum: Datum) -> bool:
    after = bisect_left(taken, (datum.end, 0))
    return after > 0 and taken[after - 1][1] > datum.start


def _finding(row: Row, recogniser: Recogniser, spans: Sequence[Span]) -> Finding:
    turns = ", ".join(dict.fromkeys(f"{span.turn} ({row.turns[span.turn].role})" for span in spans))
    distinct = len({span.replacement for span in spans})
    times = "once" if len(spans) == 1 else f"{len(spans)} times, {distinct} distinct"
    return Finding(
        row=row.id,
        rule=recogniser.kind,
        detail=f"{recogniser.name} {times}, in turn {turns}",
        score=float(len(spans)),
        spans=tuple(spans),
    )


@dataclass(slots=True)
class _Placeholders:
    """`<EMAIL_1>`, `<EMAIL_2>`, …: one for each value of a row, numbered as they come up."""

    given: dict[tuple[str, str], str] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    @classmethod
    def beyond(cls, texts: Iterable[str]) -> _Placeholders:
        """Numbers go on after those that stand in `texts` already, so that no two data share one."""
        last: dict[str, int] = {}
        for text in texts:
            for kind, number in _PLACEHOLDER.findall(text):
                last[kind] = max(last.get(kind, 0), int(number))
        return cls(last=last)

    def of(self, kind: str, value: str) -> str:
        if (kind, value) not in self.given:
            name = kind.upper()
            self.last[name] = self.last.get(name, 0) + 1
            self.given[kind, value] = f"<{name}_{self.last[name]}>"
        return self.given[kind, value]
