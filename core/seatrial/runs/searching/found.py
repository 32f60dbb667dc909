"""What a search found, for whoever asked for it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """The end of a search."""

    folder: Path
    """The run folder that it stands in; `seatrial run` with the same suite goes on there."""
    suite: str
    facts: Mapping[str, Any]
    """As in the report: `trials`, `finalists`, `chosen`, `importance` and more. JSON values."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The settings that were chosen."""
        return cast("Mapping[str, Any]", self.facts["chosen"]["options"])

    @property
    def trials(self) -> Sequence[Mapping[str, Any]]:
        """Each trial: `number`, `options`, `state`, `loss`, `stages`, `seconds` and more."""
        return cast("Sequence[Mapping[str, Any]]", self.facts["trials"])

    @property
    def finalists(self) -> Sequence[Mapping[str, Any]]:
        """Those that were trained on all train rows, the suite's own settings (`drawn: own`) among them."""
        return cast("Sequence[Mapping[str, Any]]", self.facts["finalists"])
