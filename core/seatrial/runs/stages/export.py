"""Export: the cleaned rows as files that other programs read, one of each kind a split."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from seatrial.data.dataset import IMAGES, shape_of, write_jsonl, write_parquet
from seatrial.rows.table import FileRows, open_rows
from seatrial.runs.events import Artifact
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress
from seatrial.runs.stages.split import SETS
from seatrial.runs.store import atomic_folder

__all__ = ["Export"]


@dataclass(frozen=True, slots=True)
class Export:
    """Writes `dataset/<split>.jsonl` and `dataset/<split>.parquet` for every split that has rows."""

    sets: tuple[str, ...] = SETS

    name = "export"
    inputs = ("decontaminate",)
    reads = None
    reusable = True

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Split by split."""
        splits = {name: open_rows(given.files[name]) for name in self.sets}
        filled = {name: rows for name, rows in splits.items() if len(rows)}
        shape = shape_of(filled.values())
        with atomic_folder(folder / "dataset") as part:
            for done, (name, rows) in enumerate(filled.items()):
                progress(done, len(filled), {})
                write_parquet(part / f"{name}.parquet", rows.tables(), shape)
                write_jsonl(part / f"{name}.jsonl", rows, shape)
            if shape.images:
                names = {image.file_name for rows in filled.values() for row in rows for image in row.images}
                (part / IMAGES).mkdir()
                for name in sorted(names):
                    shutil.copyfile(folder / "data/images" / name, part / IMAGES / name)
        progress(len(filled), len(filled), {})
        facts: dict[str, object] = {"layout": shape.layout, **{name: len(rows) for name, rows in filled.items()}}
        if shape.layout == "messages" and (lost := _without_options(filled.values())):
            facts["warnings"] = [f"export: {lost}"]
        return Artifact({"dataset": folder / "dataset"}, facts)


def _without_options(splits: Iterable[FileRows]) -> str:
    """What the layout `messages` does not hold of rows: what else could have been answered; "" where nothing is lost."""
    formats = Counter(name for rows in splits for name in rows.column("format").to_pylist())
    lost = {"choices": formats["choice"], "labels": formats["text-label"]}
    said = " and ".join(f"of {count:,} rows their {what}" for what, count in lost.items() if count)
    return (
        f"the dataset is written as messages, which hold the answer alone: {said} are not in it; for those, run "
        "`seatrial data` on sources of one kind of rows"
        if said
        else ""
    )
