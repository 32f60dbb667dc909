"""The privacy filter: a finding for each kind of datum in a row, with a placeholder for each place."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seatrial.data.findings import Finding, Span
from seatrial.rows import Check, Row, ToolResult, Turn
from seatrial.rows.parts import text_in
from seatrial_plugins.privacy.datum import Datum, Recogniser
from seatrial_plugins.privacy.notations import in_ascii
from seatrial_plugins.privacy.repetitions import Repetitions

__all__ = ["PrivacyFilter"]

_PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]{1,40})_(\d{1,9})>")


class PrivacyFilter:
    """Looks through every turn with each recogniser; what an earlier one found, a later one cannot find again."""

    def __init__(self, recognisers: Sequence[Recogniser]) -> None:
        self._recognisers = tuple(recognisers)
        finds_names = any(recogniser.kind == "name" for recogniser in recognisers)
        self.unseen = "" if finds_names else "names of people and places, for which no spaCy model is named (`model`)"

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """One finding for each row and kind, its score the number of places; nothing found is in its words."""
        for row in rows:
            yield from self._inspect_row(row)

    def _inspect_row(self, row: Row) -> Iterable[Finding]:
        turns = row.all_turns
        texts = [in_ascii(turn.content) for turn in turns]
        searched = [self._search(text) for text in texts]
        known = Repetitions(
            (text[datum.start : datum.end], datum, recogniser)
            for text, (data, _) in zip(texts, searched, strict=True)
            for datum, recogniser in data
        )
        found = [sorted([*data, *known.find(rest)], key=_start) for data, rest in searched]
        if any(found):
            placeholders = _Placeholders.beyond(texts)
            spans: dict[Recogniser, list[Span]] = defaultdict(list)
            for index, data in enumerate(found):
                for datum, recogniser in data:
                    replacement = placeholders.of(datum.label or recogniser.label, datum.value)
                    spans[recogniser].append(Span(index, datum.start, datum.end, replacement))
            for recogniser in self._recognisers:
                if spans[recogniser]:
                    yield _finding(row, recogniser, spans[recogniser])
        yield from self._out_of_reach(row, known)

    def _search(self, text: str) -> tuple[list[tuple[Datum, Recogniser]], str]:
        """What stands in a text, without overlaps, and the text without it."""
        data: list[tuple[Datum, Recogniser]] = []
        signs: dict[re.Pattern[str], bool] = {}
        for recogniser in self._recognisers:
            sign = recogniser.sign
            if sign is not None:
                if sign not in signs:
                    signs[sign] = bool(sign.search(text))
                if not signs[sign]:
                    continue
            found = list(recogniser.find(text))
            if found:
                text = _blotted(text, found)
                data += ((datum, recogniser) for datum in found)
        return data, text

    def _out_of_reach(self, row: Row, known: Repetitions) -> Iterable[Finding]:
        # A span points into a turn's content; what stands elsewhere in the row would survive redaction.
        places = [(place, text) for index, turn in enumerate(row.all_turns) for place, text in _beside(index, turn)]
        places += [("its tools", json.dumps(row.tools, ensure_ascii=False))] if row.tools else []
        places += [("its tests", row.expected.code)] if isinstance(row.expected, Check) else []
        # A choice that is the answer as well follows its turn.
        answer = row.target
        places += [(f"choice {index}", choice) for index, choice in enumerate(row.choices) if choice != answer]
        places += [(name, text) for name, text in (("its slice", row.slice), ("its group", row.group)) if text]
        found = []
        for place, text in places:
            data, rest = self._search(in_ascii(text))
            found += [(place, recogniser.name) for _, recogniser in [*data, *known.find(rest)]]
        if found:
            names = ", ".join(dict.fromkeys(f"{name} in {place}" for place, name in found))
            yield Finding(row.id, "unredactable", f"where redaction does not reach: {names}", float(len(found)))


def _start(found: tuple[Datum, Recogniser]) -> int:
    return found[0].start


def _beside(index: int, turn: Turn) -> Iterable[tuple[str, str]]:
    """What a turn holds beside its words, and where."""
    if turn.plain:
        return
    results = [part for part in turn.parts if isinstance(part, ToolResult)]
    said = [
        *(f"{call.name} {text_in(call)} {call.id}" for call in turn.calls),
        *(f"{r.name} {r.call}" for r in results),
    ]
    if text := " ".join(said).strip():
        yield f"turn {index}'s tool calls", text
    if turn.name:
        yield f"turn {index}'s speaker", turn.name
    if turn.reasoning:
        yield f"turn {index}'s reasoning", turn.reasoning


def _blotted(text: str, found: Sequence[Datum]) -> str:
    """The text with NUL where data stand, so that no later recogniser finds them, or a part of them, again."""
    pieces: list[str] = []
    done = 0
    for datum in found:
        pieces += (text[done : datum.start], "\0" * (datum.end - datum.start))
        done = datum.end
    return "".join([*pieces, text[done:]])


def _finding(row: Row, recogniser: Recogniser, spans: Sequence[Span]) -> Finding:
    turns = ", ".join(dict.fromkeys(f"{span.turn} ({row.all_turns[span.turn].role})" for span in spans))
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

    def of(self, label: str, value: str) -> str:
        if (label, value) not in self.given:
            self.last[label] = self.last.get(label, 0) + 1
            self.given[label, value] = f"<{label}_{self.last[label]}>"
        return self.given[label, value]
