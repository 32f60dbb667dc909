"""Score: one scorer judges what every system answered, into one table of samples; no model is needed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from seatrial.blocks.codec import to_json
from seatrial.data.composition import LEARNED
from seatrial.errors import ContractError, StageError
from seatrial.evaluation.repeats import clusters_of
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scorer import AsksModel, Compares, Explains, Scored
from seatrial.evaluation.scoring import scores_of
from seatrial.evaluation.task import Task
from seatrial.evaluation.transcript import Transcript, read_transcripts
from seatrial.plugin.component import ScorerComponent
from seatrial.rows.table import open_rows
from seatrial.runs import contracts
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.recipe import Recipe
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress, blame
from seatrial.runs.store import atomic_file, digest_json
from seatrial.runs.systems import SystemPlan
from seatrial.runs.task_plan import TaskPlan
from seatrial.runs.taught_questions import taught_questions

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ScoreNode"]

_Score = Callable[[Iterable[Transcript], Task], Iterable[Any]]
"""Samples of a system's transcripts."""


@dataclass(frozen=True, slots=True)
class ScoreNode:
    """Runs one scorer over the transcripts of its systems, into `samples/<alias>.parquet`."""

    alias: str
    scorer: Recipe
    task: TaskPlan
    systems: Sequence[SystemPlan] = field(metadata=RUNTIME)
    files: Mapping[str, str]
    """Digests of what the scorer reads beside transcripts and rows (`ReadsFiles`)."""
    subject: str
    """The system on trial."""
    component: ScorerComponent[Any] = field(metadata=RUNTIME)
    plugin: str = field(metadata=RUNTIME)
    inputs: tuple[str, ...] = field(metadata=RUNTIME)
    make: Any = field(metadata=RUNTIME)
    """Builds components, each once."""
    reusable: bool = field(default=True, metadata=RUNTIME)
    """Not where nobody can tell whether the model that it asks is still the same."""
    warnings: tuple[str, ...] = field(default=(), metadata=RUNTIME)

    @property
    def name(self) -> str:
        """The alias in brackets."""
        return f"score[{self.alias}]"

    @property
    def reads(self) -> frozenset[str]:
        """The transcripts, and the rows that they are about; of rows that the scorer brings, those that must not be among them."""
        learned = frozenset(LEARNED) if self.task.brought else frozenset()
        return self.task.files | learned | {f"transcripts:{system.instance}" for system in self.systems}

    @property
    def _measure(self) -> str:
        """Digest of what scores, options aside: two runs' samples are of one measure where it is the same."""
        aside = {"provider", "libraries", "code"}
        own = {name: value for name, value in self.scorer.identity.items() if name not in aside}
        parts = {option: part.key for option, part in self.scorer.parts.items()}
        return digest_json([own, parts, self.files])

    @property
    def foresight(self) -> str:
        """Its own: no other scorer would be told the same."""
        return self.name

    def foresee(self, given: Artifact) -> None:
        """Refuse rows that the scorer can do nothing with."""
        if self.task.asks_rows:
            self.task.refuse_useless(self.scorer, self.plugin, self.task.task(given.files, self.make), self.make)

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """System by system; each one's samples are a table, in the order of the transcripts."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.systems:
            raise StageError(f"{self.name}: there is no system to score")
        scorer = self.make(self.scorer)
        if isinstance(scorer, AsksModel):
            scorer.keep_answers(folder.unfinished() / "asked.jsonl")
        task = self.task.task(given.files, self.make)
        clusters = clusters_of(task.rows)
        tables: list[pa.Table] = []
        seconds: dict[str, float] = {}
        for place, system in enumerate(self.systems):
            progress(place, len(self.systems), {})
            started = time.perf_counter()
            tables.append(self._scored(self._bound(scorer, system, given), system, given, task, clusters))
            seconds[system.instance] = round(time.perf_counter() - started, 3)
        progress(len(self.systems), len(self.systems), {})
        table = pa.concat_tables(tables)
        path = folder / f"samples/{self.alias}.parquet"
        with atomic_file(path) as part:
            pq.write_table(table, part, compression="zstd")
        names = list(dict.fromkeys(system.name for system in self.systems))
        facts = {
            "seconds": seconds,
            "systems": names,
            "rows": len(task.rows),
            "of": getattr(scorer, "of", 0) if self.task.draws is not None else self.task.of(given.files),
            "measure": self._measure,
            "reads": dict(self.files),
            "metrics": [asdict(metric) for metric in self.component.metrics_for(self.scorer.options)],
            "blocks": self._blocks(scorer, table),
        }
        if isinstance(scorer, AsksModel) and scorer.unanswered:
            facts["unanswered"] = scorer.unanswered
        warnings = [f"{self.name}: {said}" for said in self.warnings]
        if self.task.brought:
            learned = {split: open_rows(given.files[split]) for split in LEARNED if split in given.files}
            warnings += [f"{self.name}: {said}" for said in taught_questions(task.rows, learned)]
        if facts.get("unanswered"):
            warnings.append(
                f"{self.name}: the model that the scorer asks did not answer about {scorer.unanswered} samples; the same command asks "
                "again for those"
            )
        if warnings:
            facts["warnings"] = warnings
        return Artifact({f"samples:{self.alias}": path}, facts)

    def _bound(self, scorer: Any, system: SystemPlan, given: Artifact) -> _Score:
        """How the scorer judges that system: by its transcripts, or these beside those of another system."""
        if not isinstance(scorer, Compares) or system.name == scorer.against:
            score: _Score = scorer.score
            return score
        other = next((one for one in self.systems if one.name == scorer.against), None)
        if other is None:
            raise StageError(
                f"{self.name}: it compares with {scorer.against!r}, which it is not asked of; its systems are "
                f"{', '.join(dict.fromkeys(one.name for one in self.systems))}"
            )
        others = given.files[f"transcripts:{other.instance}"]
        return lambda transcripts, task: scorer.compare(transcripts, read_transcripts(others), task)

    def _blocks(self, scorer: Any, samples: pa.Table) -> list[object]:
        """What the scorer has to show besides its scores, as JSON values."""
        if not isinstance(scorer, Explains):
            return []
        metrics = self.component.metrics_for(self.scorer.options)
        scored = Scored(self.alias, self.subject, samples, scores_of(self.alias, metrics, samples, self.subject))
        who = f"scorer {self.component.name}"
        with blame(self.name, who, self.plugin):
            shown = contracts.blocks(list(scorer.blocks(scored)), f"{self.name}: {who} (plugin {self.plugin})")
        return [to_json(block) for block in shown]

    def _scored(
        self,
        score: _Score,
        system: SystemPlan,
        given: Artifact,
        task: Task,
        clusters: Mapping[str, str],
    ) -> pa.Table:
        """The scorer's samples of one system: one for each transcript, in order; else it is refused by name."""
        columns = self._columns()
        component = f"scorer {self.component.name} on {system.name}"
        who = f"{self.name}: {component} (plugin {self.plugin})"
        errors: list[tuple[str, str | None]] = []
        hashes: list[str] = []

        def noted() -> Iterator[Transcript]:
            for transcript in read_transcripts(given.files[f"transcripts:{system.instance}"]):
                errors.append((transcript.row, transcript.error))
                hashes.append(transcript.prompt_hash)
                yield transcript

        told_of = noted()
        with blame(self.name, component, self.plugin):
            samples = list(contracts.samples(score(told_of, task), who))
        deque(told_of, maxlen=0)  # what the scorer left unread
        if [sample.row for sample in samples] != [row for row, _ in errors]:
            raise ContractError(f"{who} {_wrong_rows([sample.row for sample in samples], [row for row, _ in errors])}")
        for sample, (_, error) in zip(samples, errors, strict=True):
            unknown = sorted((set(sample.values) | set(sample.lacks)) - set(columns))
            if unknown:
                raise ContractError(
                    f"{who} gave a sample of {sample.row} a column {unknown[0]!r} that none of its metrics reads"
                )
            if error is not None and sample.error is None:
                raise ContractError(f"{who} scored {sample.row}, which the system did not answer: {error}")
            told = {*sample.values, *sample.lacks} if sample.error is None or sample.lacks else {*columns}
            if untold := [name for name in columns if name not in told]:
                raise ContractError(
                    f"{who} gave a sample of {sample.row} no {untold[0]!r}: a number where there is one, None where it does not "
                    "apply, and an error, with the column in `lacks`, where there should be one"
                )
        # What was not answered has no numbers, and where rows are asked, none of its columns is spared.
        asked = len(task.rows) > 0
        samples = [
            sample if error is None else replace(sample, values={}, lacks=() if asked else sample.lacks)
            for sample, (_, error) in zip(samples, errors, strict=True)
        ]
        samples = [
            sample if sample.prompt_hash else replace(sample, prompt_hash=prompt_hash)
            for sample, prompt_hash in zip(samples, hashes, strict=True)
        ]
        return samples_to_table(system.name, samples, columns, clusters=clusters, seed=system.seed)

    def _columns(self) -> list[str]:
        metrics = self.component.metrics_for(self.scorer.options)
        named = [metric.column for metric in metrics] + [
            name for one in metrics for name in (one.over, one.gap, *one.also) if name
        ]
        return list(dict.fromkeys(named))


def _wrong_rows(given: Sequence[str], asked: Sequence[str]) -> str:
    """What is wrong with the rows that samples are of."""
    said = f"gave {len(given)} samples of {len(asked)} transcripts; it must give one of each, in order"
    known, done = set(asked), set(given)
    if strange := next((row for row in given if row not in known), None):
        return f"{said}; {strange!r} is none of them"
    if missing := next((row for row in asked if row not in done), None):
        return f"{said}; of {missing!r} there is none"
    return said
