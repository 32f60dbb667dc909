"""The view: all that any report shows of a run, computed once; each format only writes it down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from seatrial.blocks import Block
from seatrial.evaluation.summary import DATA
from seatrial.runs.result import Result
from seatrial_reports.brief import Figure, build_brief, build_data_brief
from seatrial_reports.changed import Changed, build_changed
from seatrial_reports.comparison import MetricBlock, build_metrics
from seatrial_reports.course import Course, build_course
from seatrial_reports.datatrail import DataTrail, build_data_trail
from seatrial_reports.dimensions import Measured, build_dimensions
from seatrial_reports.headline import Headline, build_headline
from seatrial_reports.pictures import Picture, find_pictures
from seatrial_reports.provenance import Provenance, build_provenance
from seatrial_reports.searching import SearchView, build_search
from seatrial_reports.unmeasured import build_unmeasured, told_by_filters

__all__ = ["View", "build_view"]


@dataclass(frozen=True, slots=True)
class View:
    """A run, subject by subject. Strings that come out of data stand as they are: whoever writes them escapes them."""

    headline: Headline
    brief: tuple[Figure, ...]
    measured: tuple[Measured, ...]
    """What scorers measured, dimension by dimension."""
    counts: tuple[MetricBlock, ...]
    """Counts of the data and of training, and measures of filters, that gates can hold."""
    search: SearchView | None
    """Which settings of training were tried, where the suite searches."""
    course: Course | None
    data: DataTrail
    changed: Changed | None
    """What changed since an earlier run, where one is named."""
    unmeasured: tuple[str, ...]
    """What a reader might take as shown and is not."""
    provenance: Provenance
    added: Mapping[str, Sequence[Block]]
    """Plugin → what it adds."""
    pictures: Mapping[str, Picture]
    """Digest → image, of those that blocks name."""


def build_view(result: Result) -> View:
    """Compute every subject; needs no model and no plugin."""
    # A ledger comes in many pieces, and taking entries out of thousands of them is slow.
    result = replace(result, ledger=result.ledger.combine_chunks())
    metrics, data = build_metrics(result), build_data_trail(result)
    measured, told = build_dimensions(result, metrics), told_by_filters(result, data)
    course = build_course(result)
    trained_on = [digest for example in course.masked_examples for digest in example.pictures] if course else []
    return View(
        headline=build_headline(result),
        brief=build_data_brief(result, data) if result.only_data else build_brief(result, measured),
        measured=measured,
        counts=tuple(
            block for block in metrics if all(line.system == DATA for line in block.lines) and block.metric not in told
        ),
        search=build_search(result),
        course=course,
        data=data,
        changed=build_changed(result),
        unmeasured=build_unmeasured(result, data, measured),
        provenance=build_provenance(result),
        added=result.added,
        pictures=find_pictures(result, trained_on),
    )
