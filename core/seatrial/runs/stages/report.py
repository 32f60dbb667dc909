"""Report: the finished run as files for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.runs import answers
from seatrial.runs.events import Artifact
from seatrial.runs.result import Report as Writer
from seatrial.runs.result import Result
from seatrial.runs.stages import Progress, blame
from seatrial.runs.store import RunFolder, atomic_folder

__all__ = ["NamedReport", "Report"]


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A kind of report, built with the suite's options, and who provides it."""

    name: str
    plugin: str
    version: str
    writer: Writer
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Writes every report of the suite into `report/`."""

    reports: Sequence[NamedReport]
    result: Callable[[], Result]
    """Loads the run as reports see it, what plugins add included."""
    after: tuple[str, ...]

    name = "report"

    def parts(self) -> object:
        """The kinds of report."""
        return [[report.name, report.plugin, report.version, dict(report.options)] for report in self.reports]

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """One report after another."""
        del given
        result = self.result()
        written: list[str] = []
        with atomic_folder(folder / "report") as part:
            for done, report in enumerate(self.reports):
                progress(done, len(self.reports), {})
                who = f"report {report.name}"
                with blame(self.name, who, report.plugin):
                    paths = report.writer.write(result, part)
                    named = answers.files(paths, part, f"{self.name}: {who} (plugin {report.plugin})")
                    written.extend(path.relative_to(part).as_posix() for path in named)
            progress(len(self.reports), len(self.reports), {})
        return Artifact({"report": folder / "report"}, {"files": written})
