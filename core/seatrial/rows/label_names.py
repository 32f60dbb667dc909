"""Label names: the renaming of labels that a suite asks for, and whether the data has the labels that it renames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from seatrial.terminal.legible import one_line

__all__ = ["LabelNames"]

_REMEMBERED = 1_000
"""Different labels that are kept to be named in a message."""

_LISTED = 8
"""Labels that a message lists."""


class LabelNames(Mapping[str, str]):
    """Old name → new name, in one source; remembers which labels were looked up."""

    def __init__(self, names: Mapping[str, str], possible: set[str] | None = None) -> None:
        """`possible` is shared by all sources of a suite: the names that a source has, or that it may have unread."""
        self._names = dict(names)
        self._possible = set() if possible is None else possible
        self._looked_at = "the data"
        self._met: set[str] = set()
        self._others: dict[str, None] = {}
        """Labels that are not renamed, in the order in which they came."""

    def __getitem__(self, label: str) -> str:
        if label in self._names:
            self._met.add(label)
            self._possible.add(label)
        elif len(self._others) < _REMEMBERED:
            self._others[label] = None
        return self._names[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def leave_unread(self, looked_at: str) -> None:
        """Say that the source has more rows, any label of which may be renamed.

        Args:
            looked_at: what was read, such as `what was read of it (limit: 3)`.
        """
        self._looked_at = looked_at
        self._possible.update(self._names)

    @property
    def complete(self) -> bool:
        """Whether each name was met."""
        return len(self._met) == len(self._names)

    @property
    def useless(self) -> bool:
        """Whether the source's rows have labels, and no source that renames any of its names has that label.

        A small source that happens to have none of them is no fault of the suite: that another source has some shows that
        they are spelled as the files write them.
        """
        return bool(self._names and self._others and self._possible.isdisjoint(self._names))

    @property
    def problem(self) -> str | None:
        """Which names are no label of the source, with the nearest of its labels that are not renamed; None where all are."""
        missing = [name for name in self._names if name not in self._met]
        if not missing:
            return None
        said = ", ".join(f"{_quoted(name)}{self._nearest(name)}" for name in missing[:_LISTED])
        more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        there = sorted([*self._met, *self._others])
        if not there:
            return f"`labels:` renames {said}{more}, and no row of {self._looked_at} has a label"
        labels = ", ".join(map(_quoted, there[:_LISTED])) + (", …" if len(there) > _LISTED else "")
        return f"`labels:` renames {said}{more}; {self._looked_at} has no such label, but {labels}"

    def _nearest(self, name: str) -> str:
        spelled = {label.lower(): label for label in self._others}
        near = get_close_matches(name.lower(), spelled, n=1, cutoff=0.5)
        return f" (did you mean {_quoted(spelled[near[0]])}?)" if near else ""


def _quoted(label: str) -> str:
    return f"'{one_line(label, 60)}'"
