"""A saved run: opened again to be judged, reported, or asked more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from seatrial.blocks import Block
from seatrial.blocks.codec import from_json as from_block
from seatrial.data.ledger import ledger_schema
from seatrial.errors import StoreError, SuiteError, UsageError, did_you_mean
from seatrial.plugin.host import Host
from seatrial.runs import contracts, digests
from seatrial.runs.events import Record
from seatrial.runs.judging import (
    by_full_name,
    data_scores,
    filter_metrics,
    produced_metrics,
    read_judgement,
    records_of,
    samples_of,
)
from seatrial.runs.part_files import part_folder
from seatrial.runs.result import Described, Result
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.since import with_since
from seatrial.runs.stages import blame
from seatrial.runs.store import contents
from seatrial.stored import read_record, undamaged
from seatrial.suite.complaints import listed
from seatrial.suite.file import Suite, load_suite

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["judges", "kept_suite", "load_result", "load_saved", "only_data_of", "suite_of", "write_reports"]


def load_result(path: Path, host: Host) -> Result:
    """A run as reports see it, what plugins add included.

    Raises:
        UsageError: it is no run folder.
        StoreError: the run has no verdict yet, or a file of it is damaged.
    """
    folder = RunFolder.open(path)
    only_data = only_data_of(folder)
    if not (folder / ("verdict.json" if judges(folder) else "ledger.parquet")).is_file():
        raise _unfinished(folder, "its data stages are not finished" if only_data else "the run has no verdict yet")
    manifest = folder.read_json("manifest.json")
    manifest.pop("finished", None)
    suite = suite_of(folder, host)
    scores, verdict = (
        read_judgement(folder) if judges(folder) else (data_scores(folder, filter_metrics(suite, host)), None)
    )
    metrics, samples = ({}, {}) if only_data else samples_of(folder, suite)
    result = Result(
        folder=folder.path,
        suite=suite.resolved(),
        manifest=manifest,
        records=records_of(folder, manifest),
        scores=scores,
        verdict=verdict,
        ledger=_ledger(folder),
        training=_training(folder),
        samples=samples,
        metrics=by_full_name(metrics),
        components=_components(folder, manifest),
        blocks=_blocks(records_of(folder, manifest)),
    )
    return replace(result, added=host.report_blocks(result.handed_out()))


def load_saved(path: Path, host: Host) -> Result:
    """As `load_result`, with a warning where the run is not finished: then nobody can tell whether it is as it was written."""
    result = load_result(path, host)
    if result.verdict is None or digests.is_recorded(RunFolder(path)):
        return result
    said = "the run is not finished, so whether its files are as they were written can't be told; the command that started it goes on"
    return replace(result, verdict=replace(result.verdict, warnings=(*result.verdict.warnings, said)))


def _components(folder: RunFolder, manifest: Mapping[str, Any]) -> list[Described]:
    with undamaged(folder / "manifest.json"):
        return [read_record(Described, one, "component") for one in manifest.get("components", ())]


def _blocks(records: Sequence[Record]) -> dict[str, list[Block]]:
    """Scorer → what it has to show, as its node kept it."""
    return {
        record.instance: [from_block(block, f"{record.stage}.blocks") for block in cast("list[object]", found)]
        for record in records
        if record.base == "score" and (found := record.facts.get("blocks"))
    }


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


def write_reports(
    path: Path, host: Host, *, kinds: Sequence[str] | None, to: Path | None, since: Path | None = None
) -> list[Path]:
    """Write reports of a saved run; the suite's kinds where none are named.

    Args:
        path: The run folder.
        host: The loaded plugins.
        kinds: Of the reports; None for those of the suite.
        to: Where to; None for the run's own folder.
        since: An earlier run, for what changed since; None for the one that a gate compares with, if any.

    Raises:
        UsageError: no plugin brings a kind of that name, or the earlier run is none.
        StoreError: the run, or the earlier one, is not as it was written.
    """
    folder = RunFolder.open(path)
    digests.refuse_altered(folder, but=digests.REPORTED)
    suite = suite_of(folder, host)
    result = with_since(load_saved(path, host), suite, host, since)
    wanted = {chosen.name: chosen.options for chosen in suite.report}
    if kinds:
        wanted = {kind: wanted.get(kind, {}) for kind in kinds}
    if to is not None:
        return _written(result, host, wanted, to)
    report = folder / "report"
    with folder.lock(), part_folder(report) as part:
        written = [path.relative_to(part) for path in _written(result, host, wanted, part)]
        names = sorted(contents(part))
        for name in names:
            (report / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).replace(report / name)
        folder.renew("report", written=names)
        digests.renew(folder)
    return [report / path for path in written]


def _written(result: Result, host: Host, wanted: Mapping[str, Mapping[str, Any]], target: Path) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for kind, options in wanted.items():
        provided = host.find("reports", kind)
        if provided is None:
            names = host.names("reports")
            raise UsageError(f"{kind}: no such report{did_you_mean(kind, names)}; there are: {listed(names)}")
        who = f"report {kind}"
        with blame("report", who, provided.distribution):
            paths = provided.component.build(**options).write(result.handed_out(), target)
            written.extend(contracts.files(paths, target, f"report: {who} (plugin {provided.distribution})"))
    return written


def only_data_of(folder: RunFolder) -> bool:
    """Whether the data stages alone were run."""
    return folder.read_json("manifest.json").get("kind") == "data"


def judges(folder: RunFolder) -> bool:
    """Whether the run comes to a verdict; one of the data stages alone does where its suite has gates on data."""
    gated = "gate" in folder.read_json("manifest.json").get("stages", ()) or (folder / "verdict.json").is_file()
    return not only_data_of(folder) or gated


def kept_suite(folder: RunFolder) -> Path:
    """The file of the suite that the run keeps.

    Raises:
        StoreError: it is missing.
    """
    kept = folder / "suite.yaml"
    if not kept.is_file():
        raise StoreError(
            f"{folder.path}: its suite.yaml is missing; put it back, or get the run folder again from who made it"
        )
    return kept


def suite_of(folder: RunFolder, host: Host) -> Suite:
    """The suite as the run resolved it; it was in order then, so what is wrong now has come with another version."""
    kept = kept_suite(folder)
    try:
        return load_suite(kept, host, produced=produced_metrics(folder), only_data=only_data_of(folder))
    except SuiteError as error:
        version = folder.read_json("manifest.json").get("seatrial", "unknown")
        raise UsageError(
            f"{folder.path}: the run's suite does not fit the plugins that are installed now: {error}\n"
            f"Use those that it was run with: seatrial {version} and the plugins that its manifest.json names"
        ) from error


def _ledger(folder: RunFolder) -> pa.Table:
    import pyarrow.parquet as pq

    path = folder / "ledger.parquet"
    if not path.is_file():
        return ledger_schema().empty_table()
    with undamaged(path):
        return pq.read_table(path, schema=ledger_schema())


def _training(folder: RunFolder) -> list[dict[str, float]]:
    """The steps of the first training."""
    logs = sorted((folder / "training").glob("*.jsonl"))
    if not logs:
        return []
    with undamaged(logs[0]):
        return [dict(json.loads(line)) for line in logs[0].read_text(encoding="utf-8").splitlines()]
