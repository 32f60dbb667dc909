"""Unicode: text that is broken, or that carries what nobody can see; repaired in the smallest stretches that do it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING

from seatrial import Finding, Row, Span
from seatrial_plugins.cleaning.invisible import invisible_stretches

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

__all__ = ["Unicode"]

Stretch = tuple[int, int, str | None]
"""Start, end, and what may stand there instead."""

_CLEAN_ASCII = re.compile(r"[\t\n\x20-\x7e]*")
# Of the C1 controls only those that Windows-1252 leaves undefined: the others are its quotes and dashes, a mojibake.
_CONTROL = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\u2028\u2029]")
_REPLACEMENT = re.compile("\ufffd")
_COMPOSABLE = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
_NAMED = 3
"""Characters that a finding names."""
_COMPARED = 1_000
"""Characters up to which changes are told apart; the comparison is quadratic."""


class Unicode:
    """Looks for each kind of fault by itself, so that each has its own finding, spans and count."""

    def __init__(self) -> None:
        self._rules: dict[str, Callable[[str], Iterable[Stretch]]] = {
            "mojibake": _mojibake,
            "control": lambda text: _each(_CONTROL, text, lambda _: ""),
            "invisible": invisible_stretches,
            "bidi": lambda text: _each(_BIDI, text, lambda _: ""),
            "line-ends": lambda text: _each(_LINE_END, text, lambda _: "\n"),
            "composition": _composition,
            "replacement-character": lambda text: _each(_REPLACEMENT, text, None),
        }

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """One finding a rule and row, with every place it was found at."""
        for row in rows:
            suspects = [
                (index, turn.content)
                for index, turn in enumerate(row.turns)
                if not _CLEAN_ASCII.fullmatch(turn.content)
            ]
            if suspects:
                yield from self._findings(row, suspects)
            faulty = [number for number, choice in enumerate(row.choices, 1) if self._is_unrepairable(choice, row)]
            if faulty:
                detail = f"{len(faulty)} of {len(row.choices)} choices, the first is choice {faulty[0]}"
                yield Finding(row.id, "unrepairable", detail, score=len(faulty))

    def _is_unrepairable(self, choice: str, row: Row) -> bool:
        """Whether a choice has something to repair, and is no turn that a span can point into."""
        if choice == row.target or _CLEAN_ASCII.fullmatch(choice):
            return False
        return any(to_repair is not None for find in self._rules.values() for *_, to_repair in find(choice))

    def _findings(self, row: Row, suspects: Sequence[tuple[int, str]]) -> Iterator[Finding]:
        for rule, find in self._rules.items():
            spans = tuple(
                Span(index, start, end, replacement)
                for index, text in suspects
                for start, end, replacement in find(text)
            )
            if spans:
                yield Finding(row.id, rule, _detail(rule, spans, row), score=len(spans), spans=spans)


def _each(pattern: re.Pattern[str], text: str, replacement: Callable[[str], str] | None) -> Iterator[Stretch]:
    for match in pattern.finditer(text):
        yield match.start(), match.end(), None if replacement is None else replacement(match.group())


def _mojibake(text: str) -> Iterator[Stretch]:
    """What ftfy's decoding heuristic changes, line by line."""
    import ftfy

    if text.isascii():
        return
    start = 0
    for line in text.splitlines(keepends=True):
        fixed = ftfy.fix_text(line, _ftfy_options())
        if fixed != line:
            yield from _differences(line, fixed, start)
        start += len(line)


@cache
def _ftfy_options() -> TextFixerConfig:
    """Decoding faults only: ftfy's other defaults change code (entities, quotes) and Chinese punctuation (widths).

    What they do for broken text is done by the other rules here, each on its own record.
    """
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        uncurl_quotes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_terminal_escapes=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )


def _composition(text: str) -> Iterator[Stretch]:
    """What NFC changes: looked for around characters beyond ASCII, since ASCII itself never composes with ASCII."""
    if unicodedata.is_normalized("NFC", text):
        return
    for match in _COMPOSABLE.finditer(text):
        composed = unicodedata.normalize("NFC", match.group())
        if composed != match.group():
            yield _trimmed(match.group(), composed, match.start())


def _differences(before: str, after: str, offset: int) -> Iterator[Stretch]:
    """The stretches in which two texts differ; one over all of them where comparing closer would take long."""
    start, end, replacement = _trimmed(before, after, offset)
    old = before[start - offset : end - offset]
    if max(len(old), len(replacement)) > _COMPARED:
        yield start, end, replacement
        return
    for tag, one, other, new_start, new_end in SequenceMatcher(None, old, replacement, autojunk=False).get_opcodes():
        if tag != "equal":
            yield start + one, start + other, replacement[new_start:new_end]


def _trimmed(before: str, after: str, offset: int) -> tuple[int, int, str]:
    """The stretch in which two texts differ, their common beginning and end left out."""
    shorter = min(len(before), len(after))
    start = next((index for index in range(shorter) if before[index] != after[index]), shorter)
    rest = shorter - start
    end = next((index for index in range(rest) if before[-1 - index] != after[-1 - index]), rest)
    return offset + start, offset + len(before) - end, after[start : len(after) - end]


def _detail(rule: str, spans: Sequence[Span], row: Row) -> str:
    places = f"{len(spans)} place{'s' if len(spans) != 1 else ''}"
    if rule == "mojibake":
        return f"{places} decoded with the wrong character set"
    if rule == "composition":
        return f"{places} not in the composed form NFC"
    found = {character for span in spans for character in row.turns[span.turn].content[span.start : span.end]}
    names = [f"U+{ord(character):04X}" for character in sorted(found)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{places}: {', '.join(names[:_NAMED])}{more}"
