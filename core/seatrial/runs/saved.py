"""A saved run: its scores and verdict are computed here, by the run itself and by `seatrial gate` alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.data.ledger import ledger_schema
from seatrial.errors import StoreError, SuiteError, UsageError, did_you_mean
from seatrial.evaluation.samples import read_samples
from seatrial.evaluation.scores import Metric, Score
from seatrial.evaluation.summary import DATA, applies, exact_score, summarise
from seatrial.plugin.host import Host
from seatrial.runs import answers
from seatrial.runs.events import Record
from seatrial.runs.result import Result
from seatrial.runs.stages import blame
from seatrial.runs.store import RunFolder, write_json
from seatrial.suite.complaints import listed
from seatrial.suite.file import Chosen, Suite, load_suite
from seatrial.verdict import Decision, Gate, Verdict
from seatrial.verdict.codec import from_json, to_json
from seatrial.verdict.data_metrics import (
    DATA_METRICS,
    OF_DATA,
    data_gaps,
    data_values,
    filter_gaps,
    filter_values,
)
from seatrial.verdict.evidence import SavedEvidence, earlier_runs
from seatrial.verdict.judgement import flag_best_baseline, judge
from seatrial.verdict.settlement import settle

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["data_gates", "judge_data", "judge_run", "judge_saved", "load_result", "write_reports"]


def judge_run(folder: RunFolder, suite: Suite, host: Host) -> tuple[list[Score], Verdict]:
    """Every score and the verdict, from the samples and facts that the stages left; no model is needed.

    Raises:
        StoreError: samples are missing or changed since they were written.
    """
    subject = "tuned" if suite.tunes else "base"
    metrics, tables = _samples(folder, suite, host)
    scores: list[Score] = []
    for alias, table in tables.items():
        for system in _in_order(table["system"]):
            own = table.filter(_equals(table["system"], system))
            scores += [
                summarise(metric, alias, system, own)
                for metric in metrics[alias]
                if system == subject or applies(metric, own)
            ]
    of_filters = _filter_metrics(suite, host)
    scores += _counts(folder, of_filters, suite.gates)
    evidence = SavedEvidence(
        subject=subject,
        scores=scores,
        metrics=_by_full_name(metrics) | DATA_METRICS | of_filters,
        tables=tables,
        load=earlier_runs(Path.cwd()),
    )
    return scores, judge(_decisions(suite.gates, evidence, host), flag_best_baseline(evidence))


def data_gates(suite: Suite, host: Host) -> list[Chosen]:
    """The suite's gates that its data stages alone can decide: those on counts of the data, and on what filters measure."""
    known = OF_DATA | _filter_metrics(suite, host).keys()
    return [chosen for chosen in suite.gates if chosen.metric in known]


def judge_data(folder: RunFolder, suite: Suite, host: Host) -> tuple[list[Score], Verdict]:
    """Every count and the verdict on the data, from the facts that the data stages left.

    Gates on what a model does are left aside, which a warning says.
    """
    of_filters = _filter_metrics(suite, host)
    gates = data_gates(suite, host)
    scores = _counts(folder, of_filters, gates)
    evidence = SavedEvidence(subject=DATA, scores=scores, metrics=DATA_METRICS | of_filters, tables={})
    aside = list(dict.fromkeys(chosen.metric for chosen in suite.gates if chosen not in gates))
    warnings = [f"not decided, since no model was trained or scored: the gates on {', '.join(aside)}"] if aside else []
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
            decision = gate.decide(evidence)
        named = f"gate: {who} (plugin {provided.distribution})"
        decision = answers.one(decision, Decision, named)
        decisions.append(settle(decision, metric=chosen.metric, severity=chosen.severity, who=named))
    return decisions


def judge_saved(path: Path, host: Host) -> Verdict:
    """Compute a saved run's verdict again, and write it down.

    Raises:
        UsageError: it is no run folder, or one of the data stages alone whose suite has no gate on data.
        StoreError: the run did not get as far as its gates.
    """
    folder = RunFolder.open(path)
    only_data, suite = _only_data(folder), _suite(folder, host)
    if only_data and not _judges(folder):
        raise UsageError(f"{path}: a run of the data stages alone, without a gate on data: there is nothing to decide")
    with folder.lock():
        scores, verdict = (judge_data if only_data else judge_run)(folder, suite, host)
        write_judgement(folder, scores, verdict)
    return verdict


def write_judgement(folder: RunFolder, scores: Sequence[Score], verdict: Verdict) -> None:
    """Write scores.json and verdict.json."""
    write_json(folder / "scores.json", {"scores": [to_json(score) for score in scores]})
    write_json(folder / "verdict.json", to_json(verdict))


def load_result(path: Path, host: Host) -> Result:
    """A run as reports see it, the sections that plugins add included.

    Raises:
        UsageError: it is no run folder.
        StoreError: the run has no verdict yet, or a file of it is damaged.
    """
    folder = RunFolder.open(path)
    only_data = _only_data(folder)
    if not (folder / ("verdict.json" if _judges(folder) else "ledger.parquet")).is_file():
        raise _unfinished(folder, "its data stages are not finished" if only_data else "the run has no verdict yet")
    manifest = folder.read_json("manifest.json")
    manifest.pop("finished", None)
    suite = _suite(folder, host)
    scores, verdict = _judged(folder) if _judges(folder) else (_counts(folder, _filter_metrics(suite, host)), None)
    metrics, samples = ({}, {}) if only_data else _samples(folder, suite, host)
    result = Result(
        folder=folder.path,
        suite=suite.resolved(),
        manifest=manifest,
        records=_records(folder, manifest),
        scores=scores,
        verdict=verdict,
        ledger=_ledger(folder),
        training=_training(folder),
        samples=samples,
        metrics=_by_full_name(metrics),
    )
    return replace(result, sections=host.report_sections(result))


def _unfinished(folder: RunFolder, missing: str) -> StoreError:
    """What is missing of a run, what it ended with, and how it comes to it."""
    reason = folder.last_error()
    if reason is None:
        said = "the command that started it goes on from where it stopped"
    else:
        said = (
            f"it ended with: {reason}\nWhen that is mended, give the command that started it again: what is done stays"
        )
    return StoreError(f"{folder.path}: {missing}; {said}")


def write_reports(path: Path, host: Host, *, kinds: Sequence[str] | None, to: Path | None) -> list[Path]:
    """Write reports of a saved run; the suite's kinds where none are named.

    Raises:
        UsageError: no plugin brings a kind of that name.
    """
    result = load_result(path, host)
    folder = RunFolder.open(path)
    wanted = {chosen.name: chosen.options for chosen in _suite(folder, host).report}
    if kinds:
        wanted = {kind: wanted.get(kind, {}) for kind in kinds}
    target = to or folder / "report"
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for kind, options in wanted.items():
        provided = host.find("reports", kind)
        if provided is None:
            names = host.names("reports")
            raise UsageError(f"{kind}: no such report{did_you_mean(kind, names)}; there are: {listed(names)}")
        who = f"report {kind}"
        with blame("report", who, provided.distribution):
            paths = provided.component.build(**options).write(result, target)
            written.extend(answers.each(paths, Path, f"report: {who} (plugin {provided.distribution})"))
    return written


def _only_data(folder: RunFolder) -> bool:
    return folder.read_json("manifest.json").get("kind") == "data"


def _judges(folder: RunFolder) -> bool:
    """Whether the run comes to a verdict; one of the data stages alone does where its suite has gates on data."""
    return not _only_data(folder) or "gate" in folder.read_json("manifest.json")["stages"]


def _suite(folder: RunFolder, host: Host) -> Suite:
    """The suite as the run resolved it; it was in order then, so what is wrong now has come with another version."""
    try:
        return load_suite(folder / "suite.yaml", host, extra_metrics=DATA_METRICS, only_data=_only_data(folder))
    except SuiteError as error:
        version = folder.read_json("manifest.json").get("seatrial", "unknown")
        raise UsageError(
            f"{folder.path}: the run's suite does not fit the plugins that are installed now: {error}\n"
            f"Use those that it was run with: seatrial {version} and the plugins that its manifest.json names"
        ) from error


def _counts(folder: RunFolder, of_filters: Mapping[str, Metric], gates: Sequence[Chosen] = ()) -> list[Score]:
    """What the stages counted and the suite's filters measured, as scores; what a filter did not measure is missing.

    So is what a stage could not count, where a gate holds it: a set without slices is no news.
    """
    gated = {chosen.metric for chosen in gates}
    facts = _facts(folder)
    found, gaps = data_values(facts) | filter_values(facts), data_gaps(facts) | filter_gaps(facts)
    return [
        exact_score(
            name,
            found.get(name),
            better=metric.better,
            unit=metric.unit,
            summary=metric.summary,
            missing=None if name in found else gaps.get(name),
        )
        for name, metric in [*DATA_METRICS.items(), *of_filters.items()]
        if name in found or name in of_filters or (name in gaps and name in gated)
    ]


def _judged(folder: RunFolder) -> tuple[list[Score], Verdict]:
    """The scores and the verdict as they were written down."""
    scores = [from_json(Score, score) for score in folder.read_json("scores.json")["scores"]]
    return scores, from_json(Verdict, folder.read_json("verdict.json"))


def _filter_metrics(suite: Suite, host: Host) -> dict[str, Metric]:
    """Full name → what the suite's filters measure."""
    metrics: dict[str, Metric] = {}
    for chosen in suite.filters:
        provided = host.find("filters", chosen.name)
        if provided is None:
            raise UsageError(f"filter {chosen.name!r}: its plugin is not installed")
        produced = provided.component.metrics_for(chosen.options)
        metrics |= {f"{chosen.alias}/{metric.name}": metric for metric in produced}
    return metrics


def _samples(folder: RunFolder, suite: Suite, host: Host) -> tuple[dict[str, tuple[Metric, ...]], dict[str, pa.Table]]:
    """Per scorer of the suite: its metrics, and the samples it left."""
    metrics: dict[str, tuple[Metric, ...]] = {}
    tables: dict[str, pa.Table] = {}
    for chosen in suite.score:
        provided = host.find("scorers", chosen.name)
        if provided is None:
            raise UsageError(f"scorer {chosen.name!r}: its plugin is not installed")
        if folder.finished(f"score/{chosen.alias}") is None:
            raise StoreError(
                f"{folder / 'samples'}: the samples of {chosen.alias} are missing, or changed since they were written"
            )
        metrics[chosen.alias] = provided.component.metrics_for(chosen.options)
        tables[chosen.alias] = read_samples(folder / f"samples/{chosen.alias}.parquet")
    return metrics, tables


def _by_full_name(metrics: Mapping[str, tuple[Metric, ...]]) -> dict[str, Metric]:
    return {f"{alias}/{metric.name}": metric for alias, listed in metrics.items() for metric in listed}


def _records(folder: RunFolder, manifest: Mapping[str, Any]) -> list[Record]:
    # A report cannot tell of itself: leaving it out, one that is written again says what the first one said.
    records = (folder.record(stage) for stage in manifest["stages"] if stage != "report")
    return [record for record in records if record is not None]


def _facts(folder: RunFolder) -> dict[str, Mapping[str, object]]:
    return {record.stage: record.facts for record in _records(folder, folder.read_json("manifest.json"))}


def _ledger(folder: RunFolder) -> pa.Table:
    import pyarrow.parquet as pq

    path = folder / "ledger.parquet"
    return pq.read_table(path) if path.is_file() else ledger_schema().empty_table()


def _training(folder: RunFolder) -> list[dict[str, float]]:
    path = folder / "training.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def _equals(column: pa.ChunkedArray, value: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.equal(column, value)


def _in_order(column: pa.ChunkedArray) -> list[str]:
    return list(dict.fromkeys(column.to_pylist()))
