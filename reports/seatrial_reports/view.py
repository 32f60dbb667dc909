"""The view: all that any report shows of a run, computed once; each format only writes it down."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seatrial.runs.result import Result, Section
from seatrial_reports.attacks import AttackBlock, build_attacks
from seatrial_reports.brief import Figure, build_brief, build_data_brief
from seatrial_reports.comparison import Comparison, build_comparison
from seatrial_reports.course import Course, build_course
from seatrial_reports.datatrail import DataTrail, build_data_trail
from seatrial_reports.failures import FailureBlock, build_failures
from seatrial_reports.headline import Headline, build_headline
from seatrial_reports.provenance import Provenance, build_provenance
from seatrial_reports.unmeasured import build_unmeasured

__all__ = ["View", "build_view"]


@dataclass(frozen=True, slots=True)
class View:
    """A run, subject by subject. Strings that come out of data stand as they are: whoever writes them escapes them."""

    headline: Headline
    brief: tuple[Figure, ...]
    comparison: Comparison
    attacks: tuple[AttackBlock, ...]
    failures: tuple[FailureBlock, ...]
    course: Course | None
    data: DataTrail
    unmeasured: tuple[str, ...]
    """What a reader might take as shown and is not."""
    provenance: Provenance
    sections: tuple[Section, ...]


def build_view(result: Result) -> View:
    """Compute every subject; needs no model and no plugin."""
    # A ledger comes in many pieces, and taking entries out of thousands of them is slow.
    result = replace(result, ledger=result.ledger.combine_chunks())
    comparison, data = build_comparison(result), build_data_trail(result)
    return View(
        headline=build_headline(result),
        brief=build_data_brief(result, data) if result.only_data else build_brief(result, comparison),
        comparison=comparison,
        attacks=build_attacks(result),
        failures=build_failures(result),
        course=build_course(result),
        data=data,
        unmeasured=build_unmeasured(result, data.filters, comparison),
        provenance=build_provenance(result),
        sections=tuple(result.sections),
    )
