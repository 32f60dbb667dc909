"""Image: a train row that shows a picture which a held-out row shows, whatever is said beside it.

Of pictures alone, since a question is often the same for all of them ("Which digit is this?"): rules of words leave rows that
show pictures to this rule and to `exact`, which compares words and pictures together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from seatrial import Row, Span
from seatrial_plugins.decontamination.batch import Batch
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.overlap import Found, Overlap
from seatrial_plugins.decontamination.row_by_row import RowByRow
from seatrial_plugins.decontamination.texts import Runs, Side, compared_images

__all__ = ["SharedImage"]


class SharedImage(RowByRow):
    """Compares the digests of pictures' bytes."""

    name = "image"

    def __init__(self, held_out: HeldOut, on: Side) -> None:
        super().__init__(on)
        alike: defaultdict[tuple[frozenset[str], int], list[int]] = defaultdict(list)
        for index, (row, group) in enumerate(zip(held_out.rows, held_out.groups.tolist(), strict=True)):
            if shown := compared_images(row, on):
                alike[shown, group].append(index)
        self._shown = {rows[0]: shown for (shown, _), rows in alike.items()}
        self._alike = {rows[0]: tuple(rows) for rows in alike.values()}
        self._by_image: defaultdict[str, list[int]] = defaultdict(list)
        for item, shown in self._shown.items():
            for digest in sorted(shown):
                self._by_image[digest].append(item)

    def find(self, batch: Batch) -> Iterator[Overlap]:
        """The held-out rows that show one of the row's pictures; the score is the share of theirs that it shows."""
        for index, row in enumerate(batch.rows):
            own = compared_images(row, self.on)
            items = {item for digest in own if digest in self._by_image for item in self._by_image[digest]}
            for item in sorted(items):
                yield Overlap(index, item, len(own & self._shown[item]) / len(self._shown[item]))

    def looked_for(self) -> Iterable[int]:
        """Every row that shows a picture."""
        return self._alike

    def alike(self, item: int) -> tuple[int, ...]:
        """The held-out rows that show the same pictures."""
        return self._alike[item]

    def spans(self, row: Row, runs: Runs | None) -> tuple[Span, ...]:
        """A picture has no characters."""
        del row, runs
        return ()

    def says(self, found: Found) -> str:
        """How many of its pictures."""
        return (
            "shows the same picture, byte for byte" if found.score == 1 else f"shows {found.score:.0%} of its pictures"
        )
