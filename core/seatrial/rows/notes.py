"""Notes: what is noticed of one source while its records become rows, and told once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from unicodedata import category, normalize

from seatrial.rows.record_values import quoted_key
from seatrial.terminal.legible import one_line

__all__ = ["Notes"]

_SEPARATORS = re.compile(r"[_-]")

_REMEMBERED = 1_000
"""Different keys and labels that are kept to be named."""

_LISTED = 8
"""Of them, how many a sentence names."""


class Notes:
    """Keys that were left aside, labels that differ in their spelling alone, answers that seem to count from 1, and pictures that
    are spoken of and not there.
    """

    def __init__(self) -> None:
        self._known: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._met: dict[str, str] = {}
        self._alike: dict[str, list[str]] = {}
        self._zeros = 0
        self._beyond = 0
        self._indices = 0
        self._unpictured = 0

    def leave(self, key: object, *, known: bool, of: str = "") -> None:
        """A key of a record says something that becomes no part of its row.

        Args:
            key: the key.
            known: whether another layout reads it.
            of: where it stands in the record, such as `messages`.
        """
        counts = self._known if known else self._unknown
        name = quoted_key(key) + (f" of {of}" if of else "")
        if name in counts or len(counts) < _REMEMBERED:
            counts[name] += 1

    def label(self, written: str, read: str) -> None:
        """A label, as the source writes it and as it was read."""
        if written in self._met or len(self._met) == _REMEMBERED:
            return
        self._met[written] = read
        self._alike.setdefault(_spelling(read), []).append(written)

    def index(self, number: int, count: int) -> None:
        """An answer that is a number, of a question with so many choices."""
        self._indices += 1
        self._zeros += number == 0
        self._beyond += number == count

    def unpictured(self) -> None:
        """A text says where a picture stands, and its record has none."""
        self._unpictured += 1

    @property
    def counts_from_one(self) -> bool:
        """Whether the source's answers seem to count their choices from 1: none is 0, and some are the number of choices."""
        return bool(self._beyond and not self._zeros)

    def left_aside(self) -> dict[str, int]:
        """Key → records in which it was left aside, the commonest first."""
        return dict((self._known + self._unknown).most_common())

    def warnings(self) -> Iterator[str]:
        """What may have changed what the rows say."""
        if self._known:
            yield (
                f"{_listed(self._known)}: left aside, though other layouts read {'it' if len(self._known) == 1 else 'them'}; "
                "`columns:` or `format:` says what is meant"
            )
        if self._unpictured:
            yield (
                f"{self._unpictured:,} texts say `<image>`, and their records have no `images`: they are read as words; "
                "`columns:` names the key of the pictures"
            )
        for spelled in self._alike.values():
            if len({written.strip() for written in spelled}) > 1:
                yield self._spelled(spelled)

    def _spelled(self, written: Sequence[str]) -> str:
        names = ", ".join(f"'{one_line(label, 60)}'" for label in [*dict.fromkeys(map(str.strip, written))][:_LISTED])
        if len({self._met[label] for label in written}) == 1:
            return f"read as one label: {names}"
        return f"labels that differ in white space, case, separators or what is not seen only: {names}; `labels:` makes them one"

    def remarks(self) -> Iterator[str]:
        """What else was left aside."""
        if self._unknown:
            yield f"keys that no layout reads were left aside: {_listed(self._unknown)}"


def _spelling(label: str) -> str:
    """What is left of a label without case, white space and separators, how its signs are composed, and what is not seen."""
    seen = "".join(sign for sign in normalize("NFKC", label) if category(sign) != "Cf")
    return " ".join(_SEPARATORS.sub(" ", seen.casefold()).split())


def _listed(counts: Counter[str]) -> str:
    some = counts.most_common(_LISTED)
    more = f" and {len(counts) - len(some)} more" if len(counts) > len(some) else ""
    return ", ".join(f"{name} ({count:,})" for name, count in some) + more
