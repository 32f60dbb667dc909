"""The nodes of a run, one after the other: taken from where they stand, or worked, wrapped, watched and written whole."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from seatrial.errors import SeatrialError, SourceError, StageError, StoreError, TrainingError, UsageError
from seatrial.plugin.raised import let_pass
from seatrial.runs import contracts
from seatrial.runs.earlier import EarlierRuns
from seatrial.runs.environment import peak_resident_bytes
from seatrial.runs.events import Artifact, Plan, Record, Stage, Step
from seatrial.runs.full_disk import refuse_full_disk
from seatrial.runs.judging import judged_digests, refuse_other_judgement
from seatrial.runs.keys import node_key
from seatrial.runs.readiness import looks_of, unready
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Foresees, StageWork
from seatrial.runs.stages.finalists import Finalists
from seatrial.runs.stages.gate import GateNode
from seatrial.runs.stages.read import Read
from seatrial.runs.stages.score import ScoreNode
from seatrial.runs.stages.search import SearchRound
from seatrial.runs.stages.train import Train
from seatrial.runs.stages.transcribe import Transcribe
from seatrial.runs.store import digest_path
from seatrial.runs.workbench import Workbench

__all__ = ["Clock", "Nodes", "Watcher"]

_CHANGED = (
    "the data changed since the run began, or what lies beside them in their folder; leave it as it is (and `--runs` outside of it), "
    "and run the same command again"
)

Clock = Callable[[], datetime]


class Watcher(Protocol):
    """Who is told how far the nodes are: the host, whose plugins watch the run, or another in its place."""

    def run_started(self, plan: Plan) -> None:
        """Before the first node."""
        ...

    def step_logged(self, step: Step) -> None:
        """A step of a node."""
        ...

    def stage_finished(self, record: Record) -> None:
        """A node is done."""
        ...


class Nodes:
    """The loop over the nodes."""

    def __init__(
        self,
        bench: Workbench,
        folder: RunFolder,
        clock: Clock,
        earlier: EarlierRuns,
        only: Collection[str] | None,
        *,
        watcher: Watcher | None = None,
    ) -> None:
        self._bench = bench
        self._host = bench.host
        self._watcher = watcher or bench.host
        self._folder = folder
        self._clock = clock
        self._earlier = earlier
        self._only = only
        self._done: dict[str, tuple[Record, Artifact]] = {}
        self._held: dict[Path, tuple[str, int, int, int, int]] = {}
        """Files of nodes → digest and status, as they were last held against each other."""
        self.at = ""
        """The node that is worked."""
        self.has_worked = False
        self.judged: dict[str, str] = {}
        """The digests of the judgement, once there is one."""

    def work(self, stages: Sequence[StageWork], plan: Plan) -> None:
        """Bring every node to its result, in order."""
        self._watcher.run_started(plan)
        ready = foreseen = False
        for index, stage in enumerate(stages):
            self.at = stage.name
            given = self._given(stage)
            key = node_key(stage, [(self._done[name][0], self._read(stage, name)) for name in stage.inputs])
            kept = self._folder.finished(stage.name, key)
            if kept is not None and kept[0].unanswered and self._may_work(stage.name):
                kept = None  # who did not answer then may do so now
            if kept is None and stage.reusable:
                kept = self._earlier.take(self._folder, stage.name, key)
            if kept is None:
                self._refuse_other(stage.name)
                if not ready:
                    self._refuse_unready(stages, stages[index:])
                    ready = True
                if isinstance(stage, SearchRound | Finalists | Train) and not foreseen:
                    self._foresee(stages[index + 1 :])
                    foreseen = True
                self._folder.forget_unfinished(but=[key, *self.unanswered])
                self._refuse_altered(stage)
                kept = self._run(stage, Stage(stage.name, index, key), given)
            elif isinstance(stage, GateNode):
                self.judged = judged_digests(self._folder)
            self._done[stage.name] = kept
            if isinstance(stage, Train):
                self._refuse_same(stage.name)
            self._watcher.stage_finished(self._told(kept[0]))

    def _refuse_unready(self, stages: Sequence[StageWork], later: Sequence[StageWork]) -> None:
        """Refuse what `seatrial check` refuses, before the first node is worked; which rows are of no use, reports tell."""
        asked = any(isinstance(stage, Transcribe | ScoreNode) for stage in later)
        deque(unready(later, looks_of(stages) if asked else (), self._bench), maxlen=0)

    def _refuse_same(self, name: str) -> None:
        """Refuse a training that left what another seed's left: one training would count as several.

        Raises:
            TrainingError: the products are the same, byte for byte.
        """
        left = {
            of: record.facts.get("product_sha256") for of, (record, _) in self._done.items() if record.base == "train"
        }
        same = next((of for of, digest in left.items() if of != name and digest == left[name]), None)
        if same is not None:
            raise TrainingError(
                f"{name} left what {same} left, byte for byte: the method does not heed the seed, so its trainings are one; say "
                "one `seed`"
            )

    def _refuse_altered(self, stage: StageWork) -> None:
        """Refuse files of earlier nodes that are no longer what those left; weights are held against theirs when they are opened.

        Raises:
            StoreError: a file was altered or removed since.
        """
        for name in (name for name in stage.inputs if name in self._done):
            record, artifact = self._done[name]
            for of, path in artifact.files.items():
                digest = record.outputs.get(path.relative_to(self._folder.path).as_posix())
                read = (stage.reads is None or of in stage.reads) and of != "product"
                if read and digest is not None and not self._is_still(path, digest):
                    raise StoreError(
                        f"{stage.name}: {path} is not as {name} left it: it was altered or removed since; run the same "
                        "command again, which makes it anew"
                    )

    def _is_still(self, path: Path, digest: str) -> bool:
        """Whether a file has that digest; one that was looked at is read again only if its place, size or times differ."""
        try:
            stat = path.stat()
        except OSError:
            return False
        seen = (digest, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        if path.is_dir() or self._held.get(path) != seen:
            if digest_path(path) != digest:
                return False
            self._held[path] = seen
        return True

    def _foresee(self, later: Sequence[StageWork]) -> None:
        """Ask what comes after the training whether it will be able to work, now that the data are there."""
        foresights = {stage.foresight: stage for stage in reversed(later) if isinstance(stage, Foresees)}
        for stage in reversed(foresights.values()):
            stage.foresee(self._given(stage))

    def _told(self, record: Record) -> Record:
        """A node's record with what it warns of at its end, but not for good: which earlier runs were refused."""
        refused = self._earlier.warnings()
        return replace(record, facts={**record.facts, "warnings": [*record.warnings, *refused]}) if refused else record

    @property
    def unanswered(self) -> list[str]:
        """The keys of the nodes that are done as far as somebody answered."""
        return [record.key for record, _ in self._done.values() if record.unanswered]

    def _may_work(self, name: str) -> bool:
        return self._only is None or name.partition("[")[0] in self._only

    def _refuse_other(self, name: str) -> None:
        if not self._may_work(name):
            assert self._only is not None
            raise UsageError(
                f"{name}: {self._folder.path} holds no result of it that fits the suite, and only {', '.join(sorted(self._only))} "
                "are done anew here; `seatrial run` with that suite does all, and takes from this run what fits"
            )

    def _read(self, stage: StageWork, name: str) -> list[str] | None:
        """The paths of the files that a node reads of another; None for all that it left."""
        if stage.reads is None:
            return None
        files = self._done[name][1].files
        return [path.relative_to(self._folder.path).as_posix() for of, path in files.items() if of in stage.reads]

    def _given(self, stage: StageWork) -> Artifact:
        files: dict[str, Path] = {}
        facts: dict[str, object] = {}
        for name in (name for name in stage.inputs if name in self._done):
            artifact = self._done[name][1]
            files |= {of: path for of, path in artifact.files.items() if stage.reads is None or of in stage.reads}
            facts[name] = artifact.facts
        return Artifact(files, facts)

    def _run(self, work: StageWork, stage: Stage, given: Artifact) -> tuple[Record, Artifact]:
        def progress(done: int, total: int, values: Mapping[str, float]) -> None:
            self._watcher.step_logged(Step(stage.name, done, total, values))

        def own(given: Artifact) -> Artifact:
            artifact = work.run(given, folder, progress)
            if isinstance(work, Read) and node_key(work, []) != stage.key:
                raise SourceError(f"{stage.name}: {_CHANGED}")
            if isinstance(work, GateNode):
                self.judged = judged_digests(self._folder)
            return artifact

        self.has_worked = True
        folder = replace(self._folder, node=stage.key)
        started, clock = self._clock(), time.perf_counter()
        try:
            artifact = self._host.run_stage(stage, given, own)
            if self._host.wrappers:
                who = f"{stage.name}: a wrapper of the stage (of {self._host.wrappers})"
                contracts.facts(artifact.facts, who)
                refuse_other_judgement(self._folder, self.judged, who)
        except SeatrialError as error:
            refuse_full_disk(self._folder.path, stage.name, error)
            if type(error) is StageError and error.__cause__ is not None:  # what a component raised
                raise StageError(f"{error}; the traceback is in {self._folder / 'log.jsonl'}") from error
            raise
        except BaseException as error:
            let_pass(error)
            refuse_full_disk(self._folder.path, stage.name, error)
            raise StageError(
                f"{stage.name}: {type(error).__name__}: {error}; the traceback is in {self._folder / 'log.jsonl'}"
            ) from error
        seconds = time.perf_counter() - clock
        record = Record(stage.name, stage.key, started, seconds, resumed=False, peak_bytes=peak_resident_bytes())
        record = self._folder.finish(record, artifact)
        return record, replace(artifact, facts=dict(record.facts))
