"""Completeness: what the suite asked for and has no score of is said, and a scorer without any ends no run well."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.evaluation.summary import DATA
from seatrial.verdict import Decision
from seatrial.verdict.evidence import SavedEvidence, scorer_of

__all__ = ["flag_missing", "unscored"]


def unscored(evidence: SavedEvidence, scorers: Sequence[str], decisions: Sequence[Decision]) -> list[Decision]:
    """A decision, `error`, for each scorer that left no score of the system on trial: the run is not complete.

    Of a scorer that the suite gives other systems only, these count. Where a blocking gate says it already, nothing is added.

    Args:
        evidence: every score of the run.
        scorers: the suite's, by alias.
        decisions: of the suite's gates.
    """
    said = {scorer_of(one.metric) for one in decisions if one.severity == "block" and one.outcome == "error"}
    found = []
    for alias in scorers:
        scores = [score for score in evidence.scores if scorer_of(score.metric) == alias]
        of = [score for score in scores if score.system == evidence.subject] or scores
        if alias in said or any(score.value is not None for score in of):
            continue
        who = of[0].system if of else evidence.subject
        why = (of[0].missing if of else None) or "it scored nothing"
        found.append(Decision(of[0].metric if of else alias, "error", "block", f"{alias} has a score of {who}", why))
    return found


def flag_missing(evidence: SavedEvidence, decisions: Sequence[Decision]) -> list[str]:
    """One warning for what a scorer should have measured of a system and did not, for one reason; gates say their own.

    What does not apply to any row (n = 0) is no fault: the scores say so themselves.
    """
    told = {(scorer_of(one.metric), one.reason) for one in decisions if one.outcome == "error"}
    gaps: dict[tuple[str, str, str], list[str]] = {}
    for score in evidence.scores:
        alias, why = scorer_of(score.metric), score.missing or "no reason is given"
        told_already = score.system == evidence.subject and (alias, why) in told
        if score.value is None and score.n > 0 and score.system != DATA and not told_already:
            gaps.setdefault((alias, score.system, why), []).append(score.metric)
    return [f"{', '.join(metrics)} of {system}: no score, {why}" for (_, system, why), metrics in gaps.items()]
