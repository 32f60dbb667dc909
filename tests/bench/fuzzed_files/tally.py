"""Tally: what became of all files, by what was done to them and by what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from fuzzed_files.files import Made
from fuzzed_files.passage import NONE_USABLE, READ, Outcome

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """What became of all files."""

    failures: int = 0
    by_command: int = 0
    counted: int = 0
    """Files whose records were counted without a reader."""
    outcomes: list[Outcome] = field(default_factory=list)
    kinds: dict[str, list[Outcome]] = field(default_factory=dict)
    forms: dict[str, list[Outcome]] = field(default_factory=dict)
    slowest: tuple[float, str] = (0.0, "")

    def add(self, outcome: Outcome, made: Made, name: str, *, by_command: bool) -> None:
        """Count one file."""
        self.failures += bool(outcome.wrong)
        self.by_command += by_command
        self.counted += made.records is not None
        self.outcomes.append(outcome)
        for names, found in ((made.kinds, self.kinds), (made.forms, self.forms)):
            for each in names:
                found.setdefault(each, []).append(outcome)
        if not by_command:
            self.slowest = max(self.slowest, (outcome.seconds, name))

    def __str__(self) -> str:
        words = Counter(each.word for each in self.outcomes)
        layouts = sum((each.layouts for each in self.outcomes), Counter())
        return "\n".join(
            [
                f"{'':32}{'files':>7}{'some row kept':>15}{'none usable':>13}{'read':>9}{'kept':>9}{'dropped':>9}",
                *_lines(sorted(self.kinds.items())),
                "",
                *_lines((f"written as {form}", found) for form, found in sorted(self.forms.items())),
                "",
                *_lines([("all files", self.outcomes)]),
                f"rows kept: {', '.join(f'{count:,} {layout}' for layout, count in layouts.most_common())}",
                f"{len(self.outcomes):,} files: {', '.join(f'{count:,} {word}' for word, count in words.most_common())}",
                f"{self.by_command:,} of them by `seatrial data`; the records of {self.counted:,} were counted a second time",
                f"slowest in this process: {self.slowest[0]:.1f} s, file {self.slowest[1]}; failures: {self.failures}",
            ]
        )


def _lines(groups: Iterable[tuple[str, list[Outcome]]]) -> list[str]:
    """A line a group."""
    lines = []
    for name, outcomes in groups:
        usable, none = (sum(each.word == word for each in outcomes) for word in (READ, NONE_USABLE))
        counts = [sum(getattr(each, what) for each in outcomes) for what in ("read", "kept", "dropped")]
        lines.append(f"{name:32}{len(outcomes):>7,}{usable:>15,}{none:>13,}" + "".join(f"{one:>9,}" for one in counts))
    return lines
