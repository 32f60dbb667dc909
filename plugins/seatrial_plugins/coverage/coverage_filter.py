"""The coverage filter: notes of every row, and what they come to once all are known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from seatrial import Absent, Row, Rows, SplitFindings
from seatrial.data.searching import search_all
from seatrial.errors import UsageError
from seatrial.model import CountsTokens, Encoder
from seatrial.rows.table import batches
from seatrial_plugins.coverage import Dimension
from seatrial_plugins.coverage.conclusion import COMPARED, Conclusion, Limits
from seatrial_plugins.coverage.distribution import uncounted
from seatrial_plugins.coverage.languages import LANGUAGE_PACKAGE
from seatrial_plugins.coverage.nearness import NEAR_METRICS, NEAR_TOPICS
from seatrial_plugins.coverage.notes import NoteTaker, installed
from seatrial_plugins.coverage.unmatched import UNMATCHED_METRICS

__all__ = ["Coverage"]

_WHAT = {
    "topic": "topics",
    "neighbours": "near train rows",
    "tokens": "lengths in tokens",
    "language": "languages",
}


class Coverage:
    """Compares what train and the held-out rows are about (`SearchingFilter`)."""

    alone = True

    def __init__(
        self,
        *,
        dimensions: Sequence[Dimension],
        neighbours: bool,
        limits: Limits,
        seed: int,
        encoder: Encoder | Absent | None,
        tokenizer: CountsTokens | Absent | None,
    ) -> None:
        if not 0 <= seed < 2**32:
            raise UsageError(f"coverage: seed is {seed}; a number from 0 to {2**32 - 1} is meant")
        self._limits = limits
        self._seed = seed
        wanted = dict.fromkeys(dimensions)
        lacks: dict[str, str] = {}  # what is wanted → why it is not had
        if isinstance(encoder, Absent):
            lacks |= dict.fromkeys((("topic",) if "topic" in wanted else ()), encoder.reason)
            lacks |= {"neighbours": encoder.reason} if neighbours else {}
        elif "topic" in wanted and not installed(["sklearn"]):
            lacks["topic"] = "scikit-learn is not installed; `pip install scikit-learn`"
        if isinstance(tokenizer, Absent) and "tokens" in wanted:
            lacks["tokens"] = tokenizer.reason
        if "language" in wanted and not installed([LANGUAGE_PACKAGE]):
            lacks["language"] = "py3langid is not installed; `pip install py3langid`"
        self._lacks = self._missing(lacks, wanted, neighbours=neighbours, embeds=not isinstance(encoder, Absent))
        self._dimensions = tuple(name for name in wanted if name not in lacks)
        self._neighbours = neighbours and "neighbours" not in lacks
        self._notes = NoteTaker(
            None if isinstance(encoder, Absent) else encoder,
            None if isinstance(tokenizer, Absent) else tokenizer,
            "language" in self._dimensions,
        )
        self.unseen = "; ".join(f"{what} ({reason})" for what, reason in _by_reason(lacks))
        """What cannot be had, and why."""

    def compare(self, train: Rows, held_out: Rows) -> SplitFindings:
        """What the rows come to, in this process."""
        return SplitFindings.of(search_all(self, train, held_out))

    def index(self, held_out: Rows) -> None:
        """Nothing is looked up."""

    def search(self, index: Any, rows: Sequence[Row]) -> pa.Table:
        """The notes of some train rows."""
        del index
        return self._notes.take(rows, "train")

    def conclude(self, index: Any, found: pa.Table, train: Rows, held_out: Rows) -> SplitFindings:
        """Count, cluster, name and compare."""
        del index
        table = pa.concat_tables([found, *(self._notes.take(batch) for batch in batches(held_out))])
        concluded = Conclusion(self._dimensions, self._limits, table).drawn(
            train, held_out, neighbours=self._neighbours, seed=self._seed
        )
        return replace(concluded, missing={**concluded.missing, **self._lacks})

    @staticmethod
    def _missing(
        lacks: Mapping[str, str], wanted: Collection[str], *, neighbours: bool, embeds: bool
    ) -> dict[str, str]:
        """Metric → why it cannot be had, from what is lacking."""
        missing: dict[str, str] = {}
        for name, why in lacks.items():
            if name == "neighbours":
                missing |= dict.fromkeys((*NEAR_METRICS, *UNMATCHED_METRICS), why)
            else:
                missing |= uncounted(name, why).missing
            if name in {"neighbours", "topic"} and neighbours and "topic" in wanted:
                missing[NEAR_TOPICS] = why
            if name in {"neighbours", "topic"} and not embeds:
                missing |= {f"{split}_{measure}": why for split in COMPARED for measure in ("vendi", "similarity")}
        return missing


def _by_reason(lacks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for reason in dict.fromkeys(lacks.values()):
        yield " and ".join(_WHAT[what] for what, why in lacks.items() if why == reason), reason.rstrip(".")
