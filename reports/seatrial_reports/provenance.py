"""Provenance: what the run was made of, where it ran, how long each stage took, and how to repeat it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from seatrial.display.legible import one_line
from seatrial.reporting import Result
from seatrial_reports.facts import entries, flat, mapping, sequence, text
from seatrial_reports.numbers import duration, memory

__all__ = ["Provenance", "StageLine", "build_provenance"]

_ELSEWHERE = {"packages", "plugins", "command", "stages"}


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
    """"" where nothing was decided."""
    report_again: str


def build_provenance(result: Result) -> Provenance:
    """From the manifest and the stages' records."""
    longest = max((record.seconds for record in result.records), default=0.0)
    folder = shlex.quote(one_line(result.folder.as_posix()))
    named = flat({name: value for name, value in result.manifest.items() if name not in _ELSEWHERE})
    return Provenance(
        facts=(*((name, _written(name, value)) for name, value in named), *_plugins(result)),
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
        gate_again=f"seatrial gate {folder}" if result.verdict else "",
        report_again=f"seatrial report {folder}",
    )


def _plugins(result: Result) -> list[tuple[str, str]]:
    """One line a distribution: which plugins it brought."""
    brought: dict[str, list[str]] = {}
    for plugin in entries(result.manifest, "plugins"):
        origin = f"{text(plugin, 'distribution')} {text(plugin, 'version')}".strip()
        brought.setdefault(origin, []).append(text(plugin, "plugin"))
    return [(f"plugins of {origin}", ", ".join(names)) for origin, names in brought.items()]


def _written(name: str, value: str) -> str:
    return memory(float(value)) if name.endswith("bytes") and value.isdecimal() else value


def _command(result: Result) -> str:
    """The command as it was typed: the program without its folder, every argument quoted for a shell."""
    words = [one_line(str(word)) for word in sequence(result.manifest, "command")]
    return shlex.join([PurePath(words[0]).name, *words[1:]]) if words else ""
