"""Judging: the scores and the verdict of a run, from what its nodes left; the run itself and `seatrial gate` come here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import StoreError, UsageError
from seatrial.evaluation.samples import read_samples
from seatrial.evaluation.scores import Metric, Score
from seatrial.evaluation.scoring import scores_of
from seatrial.evaluation.summary import DATA, exact_score
from seatrial.plugin.component import ScorerComponent
from seatrial.plugin.host import Host
from seatrial.runs import contracts
from seatrial.runs.broken_files import broken_warnings
from seatrial.runs.earlier_gates import changed_gates
from seatrial.runs.events import Record
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import blame
from seatrial.runs.store import digest_path, write_json
from seatrial.stored import read_record, undamaged
from seatrial.suite.file import Chosen, Suite
from seatrial.verdict.codec import from_json, to_json
from seatrial.verdict.completeness import flag_missing, unscored
from seatrial.verdict.data_metrics import (
    DATA_METRICS,
    OF_DATA,
    data_gaps,
    data_values,
    filter_gaps,
    filter_values,
)
from seatrial.verdict.evidence import LoadSamples, SavedEvidence, ScoredAs, earlier_runs
from seatrial.verdict.families import by_holm
from seatrial.verdict.judgement import flag_best_baseline, flag_unmeasured, judge
from seatrial.verdict.settlement import settle
from seatrial.verdict.verdict import Decision, Gate, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "by_full_name",
    "data_gates",
    "data_scores",
    "earlier_samples",
    "filter_metrics",
    "judge_data",
    "judge_run",
    "judged_digests",
    "produced_metrics",
    "read_judgement",
    "records_of",
    "refuse_other_judgement",
    "samples_of",
    "write_judgement",
]


def judge_run(folder: RunFolder, suite: Suite, host: Host) -> tuple[list[Score], Verdict]:
    """Every score and the verdict, from the samples and facts that the stages left; no model is needed.

    Raises:
        StoreError: samples are missing or changed since they were written.
    """
    subject = suite.subject
    metrics, tables = samples_of(folder, suite)
    scores: list[Score] = []
    for alias, table in tables.items():
        scores += scores_of(alias, metrics[alias], table, subject)
    of_filters = filter_metrics(suite, host)
    scores += data_scores(folder, of_filters, suite.gates)
    evidence = SavedEvidence(
        subject=subject,
        scores=scores,
        metrics=by_full_name(metrics) | DATA_METRICS | of_filters,
        tables=tables,
        load=earlier_samples(folder, suite, host),
    )
    decisions = _decisions(suite.gates, evidence, host)
    decisions += unscored(evidence, list(tables), decisions)
    warnings = [
        *_broken_files(folder),
        *changed_gates(folder, suite.gates),
        *_on_learned_rows(suite),
        *flag_missing(evidence, decisions),
        *flag_best_baseline(evidence, aside=_held_level(decisions)),
        *flag_unmeasured(evidence, [chosen.metric for chosen in suite.gates]),
    ]
    return scores, judge(decisions, warnings)


def _held_level(decisions: Sequence[Decision]) -> set[str]:
    """The scorers of bundles whose gates are a family, by their names, `FAMILY-…`: a suite's own gate sets no scorer aside."""
    scorers = [(decision.metric.partition("/")[0], decision.family) for decision in decisions if decision.family]
    return {alias for alias, family in scorers if alias.startswith(f"{family}-")}


def earlier_samples(folder: RunFolder, suite: Suite, host: Host) -> LoadSamples:
    """Reads the samples of other runs, where they measured what this run's suite measures."""
    scorers = {}
    for chosen in suite.score:
        if (provided := host.find("scorers", chosen.name)) is not None:
            selects = provided.component.selects
            scorers[chosen.alias] = ScoredAs(chosen.resolved(), selects, partial(_measured, chosen, provided.component))
    return earlier_runs(Path.cwd(), own=folder.path, scorers=scorers)


def _measured(chosen: Chosen, component: ScorerComponent[Any], replaced: Mapping[str, object]) -> list[str]:
    """The full names of what a scorer measures with other options; none where it takes no such options."""
    try:
        return [f"{chosen.alias}/{one.name}" for one in component.metrics_for({**chosen.options, **replaced})]
    except UsageError:
        return []


def data_gates(suite: Suite, host: Host) -> list[Chosen]:
    """The suite's gates that its data stages alone can decide: those on counts of the data, and on what filters measure."""
    known = OF_DATA | filter_metrics(suite, host).keys()
    return [chosen for chosen in suite.gates if chosen.metric in known]


def judge_data(folder: RunFolder, suite: Suite, host: Host) -> tuple[list[Score], Verdict]:
    """Every count and the verdict on the data, from the facts that the data stages left.

    Gates on what a model does are left aside, which a warning says.
    """
    of_filters = filter_metrics(suite, host)
    gates = data_gates(suite, host)
    scores = data_scores(folder, of_filters, gates)
    evidence = SavedEvidence(subject=DATA, scores=scores, metrics=DATA_METRICS | of_filters, tables={})
    aside = list(dict.fromkeys(chosen.metric for chosen in suite.gates if chosen not in gates))
    warnings = [*_broken_files(folder), *changed_gates(folder, suite.gates)]
    if aside:
        warnings.append(f"not decided, since no model was trained or scored: the gates on {', '.join(aside)}")
    return scores, judge(_decisions(gates, evidence, host), warnings)


def _decisions(gates: Sequence[Chosen], evidence: SavedEvidence, host: Host) -> list[Decision]:
    decisions = []
    for chosen in gates:
        provided = host.find("gates", chosen.name)
        if provided is None:
            raise UsageError(f"gate {chosen.name!r}: its plugin is not installed")
        who = f"gate {chosen.name} on {chosen.metric}"
        with blame("gate", who, provided.distribution):
            gate: Gate = provided.component.build(**chosen.options)
            decision = gate.decide(evidence.copy())
        named = f"gate: {who} (plugin {provided.distribution})"
        decision = contracts.one(decision, Decision, named)
        decisions.append(
            settle(
                decision,
                metric=chosen.metric,
                severity=chosen.severity,
                who=named,
                missing=evidence.missing(chosen.metric),
                most=evidence.most(chosen.metric),
            )
        )
    return by_holm(decisions)


def write_judgement(folder: RunFolder, scores: Sequence[Score], verdict: Verdict) -> None:
    """Write scores.json and verdict.json."""
    write_json(folder / "scores.json", {"scores": [to_json(score) for score in scores]})
    write_json(folder / "verdict.json", to_json(verdict))


def read_judgement(folder: RunFolder) -> tuple[list[Score], Verdict]:
    """The scores and the verdict as they were written down.

    Raises:
        StoreError: they are missing or damaged, or the verdict does not follow from its gates' decisions.
    """
    with undamaged(folder / "scores.json"):
        scores = [from_json(Score, score) for score in folder.read_json("scores.json")["scores"]]
    verdict = from_json(Verdict, folder.read_json("verdict.json"))
    follows = judge(verdict.decisions).state
    if verdict.state != follows:
        raise StoreError(
            f"{folder / 'verdict.json'}: it says {verdict.state}, and from its gates' decisions follows {follows}; it was altered"
        )
    return scores, verdict


def judged_digests(folder: RunFolder) -> dict[str, str]:
    """What scores.json and verdict.json are, to be held against them when plugins have been at work."""
    return {name: digest_path(folder / name) for name in ("scores.json", "verdict.json") if (folder / name).is_file()}


def refuse_other_judgement(folder: RunFolder, judged: Mapping[str, str], when: str) -> None:
    """Refuse a judgement that is not the one that was made.

    Args:
        folder: the run.
        judged: what `judged_digests` gave when the gates had decided.
        when: what was at work since then, for the message.

    Raises:
        StoreError: a file of it was altered or taken away.
    """
    now = judged_digests(folder)
    if other := [name for name, digest in judged.items() if now.get(name) != digest]:
        raise StoreError(
            f"{folder / other[0]}: a plugin altered it after the gates had decided ({when}), so there is no verdict; leave that "
            "plugin out (--no-plugin), and the same command decides again"
        )


def data_scores(folder: RunFolder, of_filters: Mapping[str, Metric], gates: Sequence[Chosen] = ()) -> list[Score]:
    """What the stages counted and the suite's filters measured, as scores; what a filter did not measure is missing.

    So is what a stage could not count, where a gate holds it: a set without slices is no news. Of several trainings (seeds)
    the worst counts.
    """
    gated = {chosen.metric for chosen in gates}
    found: dict[str, list[float]] = {}
    gaps: dict[str, str] = {}
    refused: dict[str, str] = {}
    with undamaged(folder / "nodes"):
        for record in records_of(folder, folder.read_json("manifest.json")):
            facts = {record.base: record.facts}
            gaps |= data_gaps(facts) | filter_gaps(facts)
            for name, value in (data_values(facts) | filter_values(facts)).items():
                found.setdefault(name, []).append(value)
                low, high = _limits(of_filters, name)
                if not low <= value <= high:
                    refused[name] = f"{record.stage} told {value:g}, and it lies from {low:g} to {high:g}"
    worst = {"lower": max, "higher": min}
    return [
        exact_score(
            name,
            worst[metric.better](found[name]) if name in found and name not in refused else None,
            better=metric.better,
            unit=metric.unit,
            summary=metric.summary,
            missing=refused.get(name) or (None if name in found else gaps.get(name)),
        )
        for name, metric in [*DATA_METRICS.items(), *of_filters.items()]
        if name in found or name in of_filters or (name in gaps and name in gated)
    ]


def _limits(of_filters: Mapping[str, Metric], name: str) -> tuple[float, float]:
    """The smallest and largest value that there can be: of a count, 0 and no end."""
    if name in DATA_METRICS:
        return 0, math.inf
    metric = of_filters.get(name)
    return metric.limits if metric is not None and metric.limits is not None else (-math.inf, math.inf)


def filter_metrics(suite: Suite, host: Host) -> dict[str, Metric]:
    """Full name → what the suite's filters measure."""
    metrics: dict[str, Metric] = {}
    for chosen in suite.filters:
        provided = host.find("filters", chosen.name)
        if provided is None:
            raise UsageError(f"filter {chosen.name!r}: its plugin is not installed")
        produced = provided.component.metrics_for(chosen.options)
        metrics |= {f"{chosen.alias}/{metric.name}": metric for metric in produced}
    return metrics


def produced_metrics(folder: RunFolder) -> dict[str, tuple[Metric, ...]]:
    """Alias of each scorer that the run scored by → the metrics that it produced, as it declared them then."""
    found = {}
    with undamaged(folder / "nodes"):
        for mark in folder.markers():
            if isinstance(told := mark.facts.get("metrics"), list) and mark.stage.startswith("score["):
                alias = mark.stage.removeprefix("score[").removesuffix("]")
                found[alias] = tuple(read_record(Metric, one, f"{mark.stage}.metrics") for one in told)
    return found


def samples_of(folder: RunFolder, suite: Suite) -> tuple[dict[str, tuple[Metric, ...]], dict[str, pa.Table]]:
    """Per scorer of the suite: its metrics, and the samples it left."""
    produced, tables = produced_metrics(folder), dict[str, "pa.Table"]()
    for chosen in suite.score:
        if folder.finished(f"score[{chosen.alias}]") is None:
            raise StoreError(
                f"{folder / 'samples'}: the samples of {chosen.alias} are missing, or changed since they were written"
            )
        path = folder / f"samples/{chosen.alias}.parquet"
        with undamaged(path):
            tables[chosen.alias] = read_samples(path)
    return {alias: produced[alias] for alias in tables}, tables


def by_full_name(metrics: Mapping[str, tuple[Metric, ...]]) -> dict[str, Metric]:
    """`alias/metric` → the metric, of what `samples_of` gave."""
    return {f"{alias}/{metric.name}": metric for alias, listed in metrics.items() for metric in listed}


_LEARNED = {
    "train": "rows that the model was trained on: it says nothing about others",
    "validation": "validation rows, by which the best step and settings are chosen: it flatters",
}


def _on_learned_rows(suite: Suite) -> list[str]:
    """One warning for each scorer that a gate holds to rows which training has seen."""
    gated = {chosen.metric.partition("/")[0] for chosen in suite.gates}
    return [
        f"{chosen.alias}: scored on {_LEARNED[chosen.on]} (`on: {chosen.on}`)"
        for chosen in suite.score
        if suite.train is not None and chosen.alias in gated and chosen.on in _LEARNED
    ]


def _broken_files(folder: RunFolder) -> list[str]:
    """What a verdict on the rows that could be read must say: how many could not is unknown."""
    with undamaged(folder / "nodes"):
        read = folder.record("read")
        broken = read.facts.get("broken_files") if read else None
        listed = broken if isinstance(broken, list) else []
        return [f"{address}: {warning}" for address, warning in broken_warnings(listed)]


def records_of(folder: RunFolder, manifest: Mapping[str, Any]) -> list[Record]:
    """What the run's nodes left, in their order."""
    # A report cannot tell of itself: leaving it out, one that is written again says what the first one said.
    with undamaged(folder / "manifest.json"):
        stages = [str(stage) for stage in manifest["stages"] if stage != "report"]
    records = (folder.record(stage) for stage in stages)
    return [record for record in records if record is not None]
