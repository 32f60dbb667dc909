"""A run: node by node, each wrapped by plugins, watched, written whole, and not worked again where its result is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import UsageError
from seatrial.plugin.host import Host, TrackerFailure
from seatrial.plugin.raised import telling_interrupts
from seatrial.runs import digests
from seatrial.runs.earlier import EarlierRuns
from seatrial.runs.events import Failure, Plan
from seatrial.runs.judging import refuse_other_judgement
from seatrial.runs.log_file import logged
from seatrial.runs.nodes import Clock, Nodes
from seatrial.runs.result import Result
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.runtime_options import without_runtime
from seatrial.runs.saved import load_result
from seatrial.runs.searching.found import Found
from seatrial.runs.stages import StageWork
from seatrial.runs.stages.finalists import Finalists
from seatrial.runs.store import atomic_file, digest_json, json_text, write_json
from seatrial.runs.tracking import Tracking
from seatrial.runs.workbench import Workbench
from seatrial.suite.file import Suite

__all__ = ["run", "search", "suite_digest", "work"]

if TYPE_CHECKING:
    from seatrial.runs.manifest import RunKind
    from seatrial.runs.shared_training import Leader

_RECORDS = ("suite*.yaml", "manifest.json", digests.DIGESTS, "log.jsonl")
"""What a start writes before a node is worked."""

_NO_SEARCH = "is not told of a search alone; `seatrial run` with the same suite goes on from it, and tells it"


def _now() -> datetime:
    return datetime.now(UTC)


def run(
    suite: Suite,
    host: Host,
    *,
    runs: Path = Path("runs"),
    cache: Path | None = None,
    offline: bool = False,
    fresh: bool = False,
    only_data: bool = False,
    command: Sequence[str] = (),
    clock: Clock = _now,
    leader: Leader | None = None,
) -> Result:
    """Run a suite to its verdict, or go on with the newest unfinished run of the same suite below `runs`.

    A node whose key stands in an earlier run below `runs` is taken from there.

    Args:
        suite: What to run.
        host: The loaded plugins.
        runs: Where run folders are made.
        cache: Where converted weights are kept; None takes `seatrial.runs.store.cache_folder()`.
        offline: Forbid the network; set before libraries are imported (`seatrial.runs.environment.set_offline`).
        fresh: Start another run even if an unfinished one could go on, and take nothing from earlier ones.
        only_data: Run the data stages alone; what they leave is a dataset, the ledger and the reports, and no verdict.
        command: The command line, for the manifest.
        clock: Tells the time.
        leader: Where a launcher started other processes, the way to those.

    Raises:
        StageError: a stage failed; what came before it is kept, and the same call goes on from there.
        UsageError: a source, plugin or option is wrong; nothing was run.
    """
    unfinished = None if fresh else RunFolder.newest_unfinished(runs, suite_digest(suite, host, only_data=only_data))
    folder = unfinished or RunFolder.create(runs, suite.name, clock())
    earlier = EarlierRuns(runs, but=folder.path) if not fresh else EarlierRuns(None)
    return work(
        suite,
        host,
        folder,
        earlier,
        cache=cache,
        offline=offline,
        only_data=only_data,
        command=command,
        clock=clock,
        leader=leader,
    )


def work(
    suite: Suite,
    host: Host,
    folder: RunFolder,
    earlier: EarlierRuns,
    *,
    cache: Path | None = None,
    offline: bool = False,
    only_data: bool = False,
    only: Collection[str] | None = None,
    command: Sequence[str] = (),
    clock: Clock = _now,
    leader: Leader | None = None,
) -> Result:
    """Bring a run folder to the end of a suite, as `run` does.

    Args:
        suite: What to run; another one than the folder's own asks more of what that left.
        host: As for `run`.
        folder: Where it is kept.
        earlier: Where nodes' results may be taken from.
        cache: As for `run`.
        offline: As for `run`.
        only_data: As for `run`.
        only: The stages that may be worked; None for all. What another stage would have to do is refused by name.
        command: As for `run`.
        clock: As for `run`.
        leader: As for `run`.
    """
    from seatrial.runs.manifest import changed_versions
    from seatrial.runs.plan import plan_data_stages, plan_stages
    from seatrial.runs.store import cache_folder

    bench = Workbench(host, cache=cache or cache_folder(), offline=offline, leader=leader)
    digest = suite_digest(suite, host, only_data=only_data)
    tracking = Tracking(suite.tracking, bench)
    nodes = Nodes(bench, folder, clock, earlier, only, watcher=tracking)
    refused = _as_it_was(folder, nodes) if only is not None else nullcontext()
    with telling_interrupts(), folder.lock(), refused, logged(folder), bench.closing:
        try:
            kind: RunKind = "data" if only_data else "trial"
            digests.forget(folder)
            started = _begin(folder, suite, kind, digest, clock())
            bench.date = folder.began()
            stages = (plan_data_stages if only_data else plan_stages)(suite, bench, folder)
            manifest = _described(suite, bench, folder, stages, kind, digest, command, started)
            plan = _plan(suite, folder, stages, offline=bench.offline)
            nodes.work(stages, replace(plan, changed=changed_versions(manifest)))
            folder.forget_unfinished(but=nodes.unanswered)
            refuse_other_judgement(folder, nodes.judged, "a watcher of stages, or a report")
            result = load_result(folder.path, host)
        except BaseException as error:
            tracking.run_failed(Failure(nodes.at, str(error) or type(error).__name__, folder.path))
            raise
        tracking.run_finished(result)
        refuse_other_judgement(folder, nodes.judged, "a hook of reports, or a watcher of the run's end")
        if not nodes.unanswered:
            manifest |= {"finished": clock().isoformat()}
        _record(folder, manifest)
        tracking.finish(result)
        if told := tracking.told():
            digests.forget(folder)  # one that is killed here has no record that is not of its manifest, and goes on
            _record(folder, manifest | told)
    return result


def _record(folder: RunFolder, manifest: Mapping[str, object]) -> None:
    """The manifest last of all: a run that is finished is not gone on with."""
    digests.record(folder, manifest=json_text(manifest))
    write_json(folder / "manifest.json", manifest)


def search(
    suite: Suite,
    host: Host,
    *,
    runs: Path = Path("runs"),
    cache: Path | None = None,
    offline: bool = False,
    fresh: bool = False,
    command: Sequence[str] = (),
    clock: Clock = _now,
) -> Found:
    """Work a run up to the end of its search; `run` with the same suite goes on from there.

    Args:
        suite: As for `run`.
        host: As for `run`.
        runs: As for `run`.
        cache: As for `run`.
        offline: As for `run`.
        fresh: As for `run`.
        command: As for `run`.
        clock: As for `run`.

    Raises:
        UsageError: the suite searches nothing, or as for `run`.
        StageError: as for `run`.
    """
    from seatrial.runs.plan import plan_stages
    from seatrial.runs.store import cache_folder

    if suite.search is None:
        raise UsageError(f"suite {suite.name} searches nothing; add `search: {{over: {{lr: …}}}}`")
    digest = suite_digest(suite, host, only_data=False)
    unfinished = None if fresh else RunFolder.newest_unfinished(runs, digest)
    folder = unfinished or RunFolder.create(runs, suite.name, clock())
    bench = Workbench(host, cache=cache or cache_folder(), offline=offline)
    nodes = Nodes(bench, folder, clock, EarlierRuns(None if fresh else runs, but=folder.path), None)
    host.watch_failures += [TrackerFailure(one.name, _NO_SEARCH) for one in suite.tracking]
    with telling_interrupts(), folder.lock(), logged(folder), bench.closing:
        try:
            digests.forget(folder)
            started = _begin(folder, suite, "trial", digest, clock())
            bench.date = folder.began()
            stages = plan_stages(suite, bench, folder)
            _described(suite, bench, folder, stages, "trial", digest, command, started)
            last = next(place for place, stage in enumerate(stages) if isinstance(stage, Finalists))
            nodes.work(stages[: last + 1], _plan(suite, folder, stages[: last + 1], offline=bench.offline))
            found = folder.finished(Finalists.name)
        except BaseException as error:
            host.run_failed(Failure(nodes.at, str(error) or type(error).__name__, folder.path))
            raise
    assert found is not None  # it was just worked
    return Found(folder.path, suite.name, found[1].facts)


def suite_digest(suite: Suite, host: Host, *, only_data: bool) -> str:
    """Equal for runs that come to the same: where filters work, how many devices share a training, and how many requests go to
    a server at a time decides how long it takes, and nothing else but rounding; who tracks it, nothing.
    """
    resolved = without_runtime(suite.resolved(), host)
    resolved["data"].pop("engine")
    for name in ("devices", "parallel") if resolved["train"] else ():
        resolved["train"].pop(name)
    resolved.pop("tracking")
    return digest_json({"only": "data", "suite": resolved} if only_data else resolved)


def _described(
    suite: Suite,
    bench: Workbench,
    folder: RunFolder,
    stages: Sequence[StageWork],
    kind: RunKind,
    digest: str,
    command: Sequence[str],
    started: datetime,
) -> dict[str, object]:
    """The manifest, written before the first node."""
    from seatrial.runs.manifest import describe

    manifest = describe(
        suite,
        bench,
        stages,
        kind=kind,
        suite_digest=digest,
        command=command,
        started=started,
        before=folder.read_json("manifest.json"),
    )
    write_json(folder / "manifest.json", manifest)
    return manifest


def _begin(folder: RunFolder, suite: Suite, kind: RunKind, suite_digest: str, now: datetime) -> datetime:
    """Name the suite whose run this is; returns when it was first started.

    Before anything is planned, since that may convert weights for minutes: a start that follows a kill finds the folder.
    """
    kept = folder / "suite.yaml"
    if kept.is_file() and kept.read_text(encoding="utf-8") != suite.text():
        folder.keep_suite()
    suite.write(kept)
    if (folder / "manifest.json").is_file():
        return datetime.fromisoformat(folder.read_json("manifest.json")["started"])
    begun = {"suite": suite.name, "kind": kind, "suite_sha256": suite_digest, "stages": [], "started": now.isoformat()}
    write_json(folder / "manifest.json", begun)
    return now


def _plan(suite: Suite, folder: RunFolder, stages: Sequence[StageWork], *, offline: bool) -> Plan:
    names = tuple(stage.name for stage in stages)
    resumed = tuple(name for name in names if folder.record(name))
    return Plan(suite.name, folder.path, names, resumed, suite.seed, offline, suite.resolved())


@contextmanager
def _as_it_was(folder: RunFolder, nodes: Nodes) -> Iterator[None]:
    """Put a run's records back where it is asked more and that is refused before a node was worked."""

    def records() -> dict[Path, bytes]:
        return {path: path.read_bytes() for name in _RECORDS for path in folder.path.glob(name)}

    before = records()
    try:
        yield
    except BaseException:
        if not nodes.has_worked:
            now = records()
            for path in now.keys() - before.keys():
                path.unlink()
            for path, data in before.items():
                if now.get(path) != data:
                    with atomic_file(path) as part:
                        part.write_bytes(data)
        raise
