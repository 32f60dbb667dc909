"""Records of trials: what a search knows of each, as its nodes keep it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from seatrial.runs.store import write_json
from seatrial.stored import read_record, undamaged

__all__ = ["State", "TrialRecord", "read_trials", "settings_key", "write_trials"]

State = Literal["complete", "given up", "too large", "failed"]
"""given up: by the pruner; too large: it would take more memory than the suite allows."""


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial."""

    number: int
    """From 1."""
    options: Mapping[str, Any]
    """Those that are searched and apply, with their values."""
    state: State
    loss: float | None = None
    """Mean -ln p over the validation rows' supervised tokens, at its end."""
    stages: Sequence[float] = ()
    """The same at each stage that it reached."""
    seconds: float = 0.0
    peak_bytes: int = 0
    together: int = 1
    reason: str = ""
    drawn: str = field(default="")
    """`own` for the suite's own settings, which nobody drew."""
    same_as: int = 0
    """The trial with the same settings whose outcome was taken; 0: it was trained itself."""

    @property
    def key(self) -> str:
        """Its settings, for comparing."""
        return settings_key(self.options)


def settings_key(options: Mapping[str, Any]) -> str:
    """The same text for the same values of the same options."""
    return json.dumps(options, sort_keys=True)


def write_trials(path: Path, trials: Iterable[TrialRecord]) -> None:
    """Keep them."""
    write_json(path, [asdict(one) for one in trials])


def read_trials(paths: Iterable[Path]) -> list[TrialRecord]:
    """What `write_trials` kept, in order of their numbers."""
    found: list[TrialRecord] = []
    for path in paths:
        with undamaged(path):
            listed = json.loads(path.read_text(encoding="utf-8"))
        found += [read_record(TrialRecord, one, f"{path.name}: trial") for one in listed]
    return sorted(found, key=lambda one: one.number)
