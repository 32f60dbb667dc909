"""Report: the finished run as files for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from seatrial.runs import contracts
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.recipe import Recipe
from seatrial.runs.result import Report as Writer
from seatrial.runs.result import Result
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress, blame
from seatrial.runs.store import atomic_folder

__all__ = ["NamedReport", "ReportNode"]


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A kind of report, built with the suite's options, and who provides it."""

    name: str
    plugin: str
    recipe: Recipe
    writer: Writer = field(metadata=RUNTIME)


@dataclass(frozen=True, slots=True)
class ReportNode:
    """Writes every report of the suite into `report/`."""

    reports: Sequence[NamedReport]
    result: Callable[[], Result] = field(metadata=RUNTIME)
    """Loads the run as reports see it, what plugins add included."""
    inputs: tuple[str, ...] = field(metadata=RUNTIME)

    name = "report"
    reads = None
    reusable = False

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
                    paths = report.writer.write(result.handed_out(), part)
                    named = contracts.files(paths, part, f"{self.name}: {who} (plugin {report.plugin})")
                    written.extend(path.relative_to(part).as_posix() for path in named)
            progress(len(self.reports), len(self.reports), {})
        return Artifact({"report": folder / "report"}, {"files": written})
