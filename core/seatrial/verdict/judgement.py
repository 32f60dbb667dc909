"""The verdict: what all decisions say together, and what a reviewer must see beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from seatrial.evaluation.scores import Metric
from seatrial.evaluation.summary import applies
from seatrial.terminal.figures import figure, sample_size
from seatrial.verdict import Decision, Outcome, Verdict
from seatrial.verdict.comparison import COMPARABLE, PairedComparison, compare
from seatrial.verdict.evidence import SavedEvidence

__all__ = ["flag_best_baseline", "flag_unmeasured", "judge"]

GRAVEST_FIRST: tuple[Outcome, ...] = ("error", "fail", "inconclusive", "pass")
"""The order in which outcomes prevail: exit codes 3, 1, 4, 0."""

SAID: dict[Outcome, str] = {
    "error": "could not be decided",
    "fail": "failed",
    "inconclusive": "inconclusive",
    "pass": "passed",
}


def judge(decisions: Sequence[Decision], warnings: Sequence[str] = ()) -> Verdict:
    """The verdict on a run: the gravest outcome among the gates that decide.

    Error before fail before inconclusive before pass. A gate of severity `warn` that doesn't pass becomes a warning; one that
    could not be decided is an error as a blocking one is, since a number that was asked for is missing. Where nothing
    decides, the verdict is inconclusive.

    Args:
        decisions: of every gate, in the suite's order.
        warnings: what else a reviewer must see; they come first.
    """
    raised = [
        _sentence(decision) for decision in decisions if decision.severity == "warn" and decision.outcome != "pass"
    ]
    seen = tuple(dict.fromkeys([*warnings, *raised]))
    deciding = [decision for decision in decisions if decision.decides]
    if not deciding:
        return Verdict(
            "inconclusive", "no gate decides: the suite has no gate of severity block", tuple(decisions), seen
        )
    state = next(outcome for outcome in GRAVEST_FIRST if any(decision.outcome == outcome for decision in deciding))
    return Verdict(state, _reason(state, deciding), tuple(decisions), seen)


def _reason(state: Outcome, deciding: Sequence[Decision]) -> str:
    blocking = "blocking " if all(decision.severity == "block" for decision in deciding) else ""
    total = f"{len(deciding)} {blocking}gate{'s' if len(deciding) > 1 else ''}"
    if state == "pass":
        return f"{total} passed" if len(deciding) == 1 else f"all {total} passed"
    decisive = [decision for decision in deciding if decision.outcome == state]
    first = f"{decisive[0].condition}: {decisive[0].reason}"
    more = "" if len(decisive) == 1 else f" (and {len(decisive) - 1} more)"
    return f"{len(decisive)} of {total} {SAID[state]}: {first}{more}"


def _sentence(decision: Decision) -> str:
    return f"gate {SAID[decision.outcome]}: {decision.condition}: {decision.reason}"


def flag_best_baseline(evidence: SavedEvidence, *, aside: Collection[str] = ()) -> list[str]:
    """One warning for each metric on which the subject is not shown to beat the best of base, few-shot and classifiers.

    Looked at are metrics where higher is better, of a kind that can be paired and without a unit (accuracies, F1),
    that were scored on other systems too. Shown means: the one-sided 95% lower bound of the paired difference to *each*
    of them is above 0. No correction for several comparisons is needed, since all of them must hold (intersection-union
    test). The sentence names the best of those that are not beaten, and says so where that one is
    shown to be better. What can't be compared is said too.

    Args:
        evidence: the run's.
        aside: scorers of a bundle whose gates are a family: nobody asks the subject to be better at these tasks, but no worse.
    """
    warnings = []
    for name, metric in evidence.metrics.items():
        if name.partition("/")[0] in aside:
            continue
        others = [
            system
            for system in evidence.systems(name)
            if system != evidence.subject and applies(metric, evidence.samples(name, system))
        ]
        if others and metric.kind in COMPARABLE and metric.better == "higher" and not metric.unit:
            warnings.extend(_not_beaten(evidence, name, metric, others))
    return warnings


def flag_unmeasured(evidence: SavedEvidence, gated: Sequence[str]) -> list[str]:
    """One warning for each gated metric that could not be measured on all rows, where its descriptor calls that a gap."""
    import pyarrow.compute as pc

    warnings = []
    for name in dict.fromkeys(gated):
        metric, samples = evidence.metric(name), evidence.samples(name, evidence.subject)
        score = evidence.score(name, evidence.subject)
        if metric is None or not metric.unmeasured or samples is None or (score is not None and score.value is None):
            continue
        rows = len(samples["row"].unique())
        column = samples[f"value:{metric.gap or metric.column}"]
        without = samples.filter(pc.and_(column.is_null(), samples["error"].is_null()))
        if gap := len(without["row"].unique()):
            warnings.append(f"{name}: {gap} of {rows} rows have no number ({metric.unmeasured}); it is of the rest")
    return warnings


def _not_beaten(evidence: SavedEvidence, name: str, metric: Metric, others: Sequence[str]) -> list[str]:
    subject = evidence.subject
    ours = evidence.samples(name, subject)
    warnings = []
    unbeaten: list[tuple[str, PairedComparison]] = []
    for other in others:
        score = evidence.score(name, other)
        if score is not None and score.value is None:
            continue  # that it is missing is said by itself
        found = compare(metric, (subject, ours), (other, evidence.samples(name, other)), same_prompts=other == "base")
        if isinstance(found, str):
            warnings.append(f"{name}: {subject} can't be compared with {other}: {found}")
            continue
        lower = found.improvement.bounds().lower
        if lower is None or lower <= 0:
            unbeaten.append((other, found))
    if unbeaten:
        other, found = max(unbeaten, key=lambda pair: pair[1].other_value)
        warnings.insert(0, f"{name}: {_standing(subject, other, found)}")
    return warnings


def _standing(subject: str, other: str, found: PairedComparison) -> str:
    """In words, how the subject stands to a system that it is not shown to beat: it may be shown to be worse."""
    bounds = found.improvement.bounds()
    said = "is not shown to beat"
    shown = f"one-sided 95% lower bound {bounds.lower:+.3f}" if bounds.lower is not None else ""
    if bounds.lower is not None and bounds.upper is not None and bounds.upper < 0:
        said, shown = "is worse than", f"one-sided 95% bounds {bounds.lower:+.3f} and {bounds.upper:+.3f}"
    return (
        f"{subject} {figure(found.subject_value)} {said} {other} {figure(found.other_value)} "
        f"(difference {found.improvement.value:+.3f}, {shown or bounds.missing}, "
        f"{sample_size(found.n, found.clusters, found.seeds)})"
    )
