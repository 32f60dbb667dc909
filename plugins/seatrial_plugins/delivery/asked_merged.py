"""The probe `merge`: a model and its merged copy are asked about the same answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from seatrial import Row, SeatrialError, System, Task, Transcript
from seatrial.errors import StageError
from seatrial.evaluation.probe import Progress
from seatrial.model import Merges, offered

__all__ = ["MergeProbe"]


@dataclass(frozen=True, slots=True)
class MergeProbe:
    """Asks about each row's expected answer, with the adapter added to the weights in each of some dtypes."""

    merge_in: tuple[Literal["float32", "own"], ...]

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row; where the adapter cannot be merged, each says why."""
        model: object = system.model
        if not isinstance(model, Merges):
            raise StageError(f"merge: {system.name} has no adapter that could be merged")
        asked = [row for row in rows if row.target]
        found: dict[str, dict[str, object]] = {row.id: {} for row in asked}
        reason = ""
        for done, dtype in enumerate(self.merge_in):
            progress(done, len(self.merge_in))
            try:
                differences = model.merge_differences(
                    [system.prompt(row, task) for row in asked],
                    [row.target or "" for row in asked],
                    merge_in=dtype,
                    **offered([row.tools for row in asked]),
                )
            except SeatrialError as error:
                reason = str(error)
                break
            for row, difference in zip(asked, differences, strict=True):
                found[row.id][dtype] = asdict(difference)
        progress(len(self.merge_in), len(self.merge_in))
        for row in rows:
            prompt_hash = system.prompt_hash(row, task, (row.target or "",))
            problem = reason or (None if row.target else "the row has no expected answer")
            yield Transcript(row.id, (), prompt_hash, {} if problem else found[row.id], problem)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows cannot be asked (`seatrial.model.ChecksRows`)."""
        for row in rows:
            if not row.target:
                yield row.id, "the row has no expected answer"
