"""Every error that seatrial raises on purpose.

    SeatrialError                 says what happened, where, and what to do
    ├── UsageError          (2)   a wrong argument, path or combination of options
    │   ├── SuiteError      (2)   the suite file: all of its problems at once
    │   ├── SourceError     (2)   a source that cannot be resolved or read
    │   └── PluginError     (2)   a plugin that is broken, blocked or clashes with another
    └── StageError          (3)   a stage of a run failed
        ├── ContractError   (3)   a component gave what its protocol does not allow
        ├── TrainingError   (3)   training diverged, or the adapter is not what it should be
        └── StoreError      (3)   a run folder is damaged, incomplete or in use

The number is the process's exit code. A plain Python exception out of a component is a `StageError`
that names the plugin; its traceback goes to the run's log, never to the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

__all__ = [
    "ContractError",
    "PluginError",
    "Problem",
    "SeatrialError",
    "SourceError",
    "StageError",
    "StoreError",
    "SuiteError",
    "TrainingError",
    "UsageError",
    "did_you_mean",
]


class SeatrialError(Exception):
    """An error whose message is meant for the user."""

    exit_code = 3


class UsageError(SeatrialError):
    """A wrong argument, path or combination of options."""

    exit_code = 2


class SourceError(UsageError):
    """A source of data or weights that cannot be resolved or read."""


class PluginError(UsageError):
    """A plugin that is broken, unknown, or clashes with another."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a suite file, at the place where it stands."""

    line: int
    """1-based line in the file; 0 where the problem has no line of its own (a `--set` override)."""
    key: str
    """Dotted path of the key, such as `train.r` or `gates[0].metric`."""
    message: str
    """What is wrong and what would be accepted."""
    origin: str = ""
    """The file, or the `--set` argument, that the problem stands in."""

    def __str__(self) -> str:
        place = f"{self.origin}:{self.line}" if self.line else self.origin
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class SuiteError(UsageError):
    """All the problems of one suite, in the order of their lines."""

    def __init__(self, problems: Sequence[Problem], path: Path | None = None) -> None:
        self.problems = tuple(sorted(problems))
        self.path = path
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StageError(SeatrialError):
    """A stage of a run failed; what came before it is kept."""


class ContractError(StageError):
    """A component gave what its protocol does not allow; the message names it and its plugin."""


class TrainingError(StageError):
    """Training diverged, or produced an adapter that changes nothing."""


class StoreError(StageError):
    """A run folder that is damaged, incomplete or in use by another process."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'train'?)` with the name nearest to a mistyped one, or "" where none is near. Case does not count."""
    spelled = {one.lower(): one for one in sorted(known, reverse=True)}
    near = get_close_matches(name.lower(), spelled, n=1, cutoff=0.6)
    return f" (did you mean '{spelled[near[0]]}'?)" if near else ""
