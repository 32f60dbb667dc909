"""The headline: may this ship, of which model, decided when and on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from seatrial.runs.result import Result
from seatrial.terminal.figures import rows_counted, share
from seatrial.terminal.names import listed
from seatrial.verdict import Decision, Verdict, VerdictState
from seatrial_reports.facts import entries, flag, mapping, sequence, text, whole
from seatrial_reports.handed import alarms
from seatrial_reports.numbers import amount, duration

__all__ = ["GateLine", "Headline", "build_headline", "subject"]

_ANSWERS: Mapping[VerdictState, tuple[str, str, str]] = {
    "pass": ("✓", "PASS", "May ship: every blocking gate holds."),
    "fail": ("✗", "FAIL", "Must not ship: a blocking gate does not hold."),
    "inconclusive": ("?", "INCONCLUSIVE", "Not shown to be fit to ship: the evidence does not decide."),
    "error": ("!", "ERROR", "No answer: something that the gates need is missing."),
}
"""State → (sign, word, what it means for the release)."""

_ONLY_DATA = "No model was trained or scored, so nothing is decided about one."

_DATA = ("≡", "DATA", f"What became of the data. {_ONLY_DATA}")
"""The same for a run of the data stages alone, where no gate on data decides."""

_OF_DATA: Mapping[VerdictState, str] = {
    "pass": "The data is as its gates ask.",
    "fail": "The data is not as its gates ask.",
    "inconclusive": "The gates on the data do not decide.",
    "error": "No answer: something that the gates on the data need is missing.",
}
"""State → what it means where the data stages alone ran."""

_SIGNS = {"pass": "✓ pass", "fail": "✗ fail", "inconclusive": "? inconclusive", "error": "! error"}


_COUNTED = "exact"
"""The method of gates on counts, which are no samples: an n of 1 and bounds would say nothing."""

_GATE_PLACES = 4
"""Decimals of a share beside a gate: one more than elsewhere, to see on which side of a threshold it lies."""


@dataclass(frozen=True, slots=True)
class GateLine:
    """One gate, as a row of the gates' table."""

    outcome: str
    shown: str
    """Sign and word: colour is never the only sign."""
    severity: str
    condition: str
    value: str
    bounds: str
    """The one-sided 95% bounds that decided."""
    n: str
    method: str
    """How the bounds were computed, where the reason does not say it."""
    reason: str
    tells: str
    """What the metric tells, in the words of what produced it."""


@dataclass(frozen=True, slots=True)
class Headline:
    """What stands at the top of every report."""

    state: VerdictState | Literal["data"]
    """`data` where the data stages alone ran and no gate decides."""
    only_data: bool
    """Whether the data stages alone ran: what is decided is about the data."""
    question: str
    """What the gates and warnings answer, as a heading."""
    sign: str
    word: str
    meaning: str
    reason: str
    suite: str
    description: str
    model: str
    weights: str
    """File and size: `SmolLM2-135M-Instruct.Q4_1.gguf, 134,515,008 parameters`."""
    subject: str
    started: str
    """Date and time to the minute, with the zone."""
    took: str
    """The stages' durations together; resumed stages count with what they took when they ran."""
    gates: tuple[GateLine, ...]
    warnings: tuple[str, ...]


def subject(result: Result) -> str:
    """The system on trial: `tuned`, or `base` where nothing was trained."""
    return (
        "tuned"
        if any(r.stage.partition("[")[0] == "train" for r in result.records) or _scored(result, "tuned")
        else "base"
    )


def _scored(result: Result, system: str) -> bool:
    return any(score.system == system for score in result.scores)


def build_headline(result: Result) -> Headline:
    """The verdict in words, with its gates and warnings."""
    verdict = result.verdict
    only_data, decisions = result.only_data, verdict.decisions if verdict else ()
    decided = verdict if verdict and (verdict.decides or not only_data) else None
    sign, word, meaning = _answer(decided, only_data=only_data)
    return Headline(
        state=decided.state if decided else "data",
        only_data=only_data,
        question=_question(decisions, only_data=only_data),
        sign=sign,
        word=word,
        meaning=meaning,
        reason=_brief_reason(decided) if decided else "",
        suite=text(result.suite, "name"),
        description=text(result.suite, "description"),
        model="" if only_data else _model(result),
        weights="" if only_data else _weights(result),
        subject=subject(result),
        started=_started(result),
        took=duration(sum(record.seconds for record in result.records)),
        gates=tuple(_gate_line(result, decision) for decision in decisions),
        warnings=tuple(dict.fromkeys([*(verdict.warnings if verdict else ()), *_found_warnings(result)])),
    )


def _answer(verdict: Verdict | None, *, only_data: bool) -> tuple[str, str, str]:
    """Sign, word and meaning."""
    if verdict is None:
        return _DATA
    sign, word, meaning = _ANSWERS[verdict.state]
    return (sign, f"DATA {word}", f"{_OF_DATA[verdict.state]} {_ONLY_DATA}") if only_data else (sign, word, meaning)


def _question(decisions: Sequence[Decision], *, only_data: bool) -> str:
    if not only_data:
        return "Can this ship?"
    return "Is the data as its gates ask?" if decisions else "What to look at first"


def _model(result: Result) -> str:
    model = result.suite.get("model")
    named = mapping(result.suite, "model")
    return text(named, "source") or (model if isinstance(model, str) else "") or text(result.manifest, "model")


def _brief_reason(verdict: Verdict) -> str:
    """The verdict's reason without its gate's own, which stands with the gate."""
    said = verdict.reason
    for decision in verdict.decisions:
        if decision.reason:
            said = said.replace(f": {decision.reason}", "")
    return said


def _weights(result: Result) -> str:
    model = mapping(result.manifest, "model")
    parameters = whole(model, "parameters")
    return ", ".join(part for part in (text(model, "file"), f"{parameters:,} parameters" if parameters else "") if part)


def _started(result: Result) -> str:
    written = text(result.manifest, "started")
    return moment_written(written, result.records[0].started if result.records else None)


def moment_written(written: str, otherwise: datetime | None = None) -> str:
    """An ISO date and time as people write it; what is none is replaced, or stays as it is."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        if otherwise is None:
            return written
        moment = otherwise
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".strip()


def _is_share(result: Result, decision: Decision) -> bool:
    return any(s.metric == decision.metric and s.kind in {"proportion", "ratio_of_means"} for s in result.scores)


def _gate_line(result: Result, decision: Decision) -> GateLine:
    as_share = _is_share(result, decision)

    def written(x: float | None) -> str:
        if x is None:
            return ""
        return share(x, _GATE_PLACES) if as_share else amount(x)

    counted = decision.method == _COUNTED
    low, high = written(decision.lower), written(decision.upper)
    bounds = {(True, True): f"{low} to {high}", (True, False): f"≥ {low}", (False, True): f"≤ {high}"}
    return GateLine(
        outcome=decision.outcome,
        shown=_SIGNS[decision.outcome],
        severity=decision.severity,
        condition=decision.condition,
        value=written(decision.value) or "missing",
        bounds=bounds.get((bool(low), bool(high)), ""),
        n=rows_counted(decision.n, decision.clusters, decision.seeds) if decision.n and not counted else "",
        method="" if counted or decision.method in decision.reason else decision.method,
        reason=decision.reason,
        tells=next((score.summary for score in result.scores if score.metric == decision.metric), ""),
    )


def _found_warnings(result: Result) -> list[str]:
    """What a reviewer must know and no gate says: weak detectors, counts that don't add up, failed samples."""
    found: list[str] = []
    for record in result.records:
        facts = record.facts
        if record.stage in {"clean", "deduplicate", "decontaminate"}:
            rows_in, dropped, rows_out = (whole(facts, key) for key in ("rows_in", "dropped", "rows_out"))
            if None not in {rows_in, dropped, rows_out} and rows_in != (rows_out or 0) + (dropped or 0):
                found.append(f"{record.stage}: kept and dropped rows do not add up to the rows that came in.")
            found += [
                f"{text(one, 'filter')}: its detector is weak; what it does not flag is not shown to be clean."
                for one in entries(facts, "filters")
                if flag(one, "weak")
            ]
        unlearnt = sequence(mapping(facts, "composition"), "labels_not_in_train")
        if unlearnt:
            found.append(f"test has labels that train has no row of: {listed(unlearnt)}.")
        found += [str(note) for note in sequence(facts, "warnings") if isinstance(note, str)]
    found += [
        f"{one.alias}: its detector is weak; what it does not find is not shown to be absent."
        for one in result.components
        if one.kind == "scorers" and one.used and one.weak
    ]
    found += alarms(result)
    for alias, table in result.samples.items():
        failed = len(table) - table["error"].null_count
        if failed:
            found.append(f"{alias}: {failed:,} of {len(table):,} samples could not be scored.")
    if result.verdict and not result.verdict.decisions:
        found.append("The suite has no gates: nothing was held against a condition.")
    return found
