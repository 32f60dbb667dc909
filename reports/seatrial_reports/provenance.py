"""Provenance: what the run was made of, where it ran, how long each stage took, and how to repeat it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from seatrial.legible import one_line
from seatrial.reporting import Result
from seatrial_reports.facts import flat, mapping, sequence
from seatrial_reports.numbers import duration, memory

__all__ = ["Provenance", "StageLine", "build_provenance"]

_ELSEWHERE = {"packages", "command", "stages"}


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage's cost."""

    stage: str
    took: str
    peak: str
    resumed: bool
    width: float
    """Percent of the longest stage."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that repeating the run needs."""

    facts: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    stages: tuple[StageLine, ...]
    run_again: str
    gate_again: str
    report_again: str


def build_provenance(result: Result) -> Provenance:
    """From the manifest and the stages' records."""
    longest = max((record.seconds for record in result.records), default=0.0)
    folder = shlex.quote(one_line(f"runs/{result.folder.name}"))
    return Provenance(
        facts=tuple(
            (name, _written(name, value))
            for name, value in flat({k: v for k, v in result.manifest.items() if k not in _ELSEWHERE})
        ),
        packages=tuple(flat(mapping(result.manifest, "packages"))),
        stages=tuple(
            StageLine(
                stage=record.stage,
                took=duration(record.seconds),
                peak=memory(record.peak_bytes) if record.peak_bytes else "",
                resumed=record.resumed,
                width=round(100 * record.seconds / longest, 2) if longest else 0.0,
            )
            for record in result.records
        ),
        run_again=_command(result),
        gate_again=f"seatrial gate {folder}",
        report_again=f"seatrial report {folder}",
    )


def _written(name: str, value: str) -> str:
    return memory(float(value)) if name.endswith("bytes") and value.isdecimal() else value


def _command(result: Result) -> str:
    """The command as it was typed: the program without its folder, every argument quoted for a shell."""
    words = [one_line(str(word)) for word in sequence(result.manifest, "command")]
    return shlex.join([PurePath(words[0]).name, *words[1:]]) if words else ""
