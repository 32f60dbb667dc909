"""Transcribe: one system is asked one task; every answer is kept as it comes, and none is asked for twice."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seatrial.errors import ContractError, SeatrialError, StageError
from seatrial.evaluation.requests import summed_up
from seatrial.evaluation.system import System, with_examples
from seatrial.evaluation.task import Task
from seatrial.evaluation.transcript import Transcript, read_transcripts, transcript_schema, transcripts_to_table
from seatrial.model import ChecksRows, KeepsAnswers, LocalWeights, Model, Product, SeesImages
from seatrial.rows import Row, Rows, Turn
from seatrial.rows.table import batches, open_rows
from seatrial.runs import contracts
from seatrial.runs.asking import Asking
from seatrial.runs.baselines import Baselines
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import Progress, blame
from seatrial.runs.stages.train import product_of
from seatrial.runs.store import atomic_file, write_json
from seatrial.runs.systems import SystemPlan
from seatrial.runs.task_plan import fewshot_examples

__all__ = ["Transcribe", "unreadable"]

_NAMED = 5
"""How many rows that cannot be asked are named."""

_LONGEST = 32
"""How many rows are read at a time to see which examples bring beyond the context."""


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Puts one task to one system, piece by piece, into `transcripts/<task>/<system>.parquet`."""

    asking: Asking
    system: SystemPlan
    model: ModelOnTrial | None
    """None for a baseline."""
    hardware: str
    """Digest of processor and GPUs: rounding hangs on them, and times."""
    inputs: tuple[str, ...] = field(metadata=RUNTIME)
    make: Any = field(default=None, metadata=RUNTIME)
    """Builds components, each once."""
    baselines: Baselines | None = field(default=None, metadata=RUNTIME)

    @property
    def name(self) -> str:
        """The task and the system in brackets."""
        return f"transcribe[{self.asking.name}, {self.system.instance}]"

    @property
    def reads(self) -> frozenset[str]:
        """The data, and what was trained."""
        trained = {"product"} if self.system.kind == "tuned" and self.system.product is None else set()
        return self.asking.task.files | trained

    @property
    def reusable(self) -> bool:
        """Not where nobody can tell whether what answers is still the same."""
        return self.model is None or self.model.target.digest is not None

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Ask what no earlier process has asked already; then all pieces become one file."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        task = self.asking.task.task(given.files, self.make)
        pieces: Iterable[Sequence[Row]] = batches(task.rows, self.asking.piece) if self.asking.task.asks_rows else [()]
        total = len(task.rows) if self.asking.task.asks_rows else 1000
        path = folder / f"transcripts/{self.asking.name}/{self.system.instance.replace(', ', '-')}.parquet"
        kept = folder.unfinished()
        told = kept / "model.json"
        before = json.loads(told.read_text("utf-8")) if told.is_file() else {}
        opened: System | None = None
        details: list[str] = []
        done = errors = count = 0
        for place, rows in enumerate(pieces):
            count += 1
            part = kept / f"{place:06d}.parquet"
            answered = self._answered(part)
            unasked = [row for row in rows if answered is None or row.id not in answered]
            if answered is None or unasked:
                if opened is None:
                    opened = self._open(given)
                    if not self.asking.task.brought:  # which may be asked in another form than as a conversation
                        self.check(opened.model, task.rows, (*opened.examples, *task.examples))
                if isinstance(opened.model, SeesImages):
                    opened.model.images_from(folder / "data/images")
                if isinstance(opened.model, KeepsAnswers):
                    opened.model.keep_answers(part.with_suffix(".answers"))
                asked = self._asked(opened, task, unasked, lambda at, of, before=done: progress(
                    before + at if self.asking.task.asks_rows else 1000 * at // max(of, 1), total, {}
                ))  # fmt: skip
                if answered:
                    both = answered | {one.row: one for one in asked}
                    asked = [both[row.id] for row in rows]
                with atomic_file(part) as unfinished:
                    pq.write_table(transcripts_to_table(asked), unfinished, compression="zstd")
                part.with_suffix(".answers").unlink(missing_ok=True)
                write_json(told, _with_earlier(opened.model.facts, before))
            done += len(rows)
            progress(done if self.asking.task.asks_rows else 1000, total, {})
        with (
            atomic_file(path) as unfinished,
            pq.ParquetWriter(unfinished, transcript_schema(), compression="zstd") as out,
        ):
            for place in range(count):
                table = pq.read_table(kept / f"{place:06d}.parquet", schema=transcript_schema())
                errors += len(table) - table["error"].null_count
                if self._elsewhere:
                    details += table.filter(pc.is_null(table["error"]))["detail"].to_pylist()
                out.write_table(table)
        facts: dict[str, object] = {"rows": len(task.rows), "of": self.asking.task.of(given.files), "errors": errors}
        warnings = []
        if self._elsewhere and (took := summed_up(details)):
            facts["requests"] = took
        if errors and self._elsewhere:
            warnings.append(f"{errors} of {len(task.rows)} rows were not answered; the same command asks them again")
            facts["unanswered"] = errors
        if told.is_file():
            model = json.loads(told.read_text("utf-8"))
            said = model.pop("warnings", [])
            warnings += said if isinstance(said, list) else [said]
            if self.model is not None:
                facts["model"] = model
        if warnings:
            facts["warnings"] = [f"{self.name}: {said}" for said in warnings]
        return Artifact({f"transcripts:{self.system.instance}": path}, facts)

    @property
    def _elsewhere(self) -> bool:
        """Whether what answers is not run from weights here, so that an error may pass."""
        return self.model is not None and not isinstance(self.model.target, LocalWeights)

    def _answered(self, part: Path) -> dict[str, Transcript] | None:
        """What a piece holds, without errors that may pass; None where it was not asked yet."""
        if not part.is_file():
            return None
        return {one.row: one for one in read_transcripts(part) if one.error is None or not self._elsewhere}

    # ---- the system -----------------------------------------------------------------------------------------------

    def _open(self, given: Artifact) -> System:
        plan = self.system
        if plan.baseline is not None:
            assert self.baselines is not None
            return System(plan.name, plan.kind, self.baselines.fitted(plan.name, given.files["train"], stage=self.name))
        assert self.model is not None
        product = self._product(given)
        if self.baselines is not None and not self.asking.task.brought:
            self.baselines.start(given.files["train"], stage=self.name)  # beside the model, where that keeps a GPU busy
        opened: Model = self.model.open(product, self.asking.needs)
        examples = (
            fewshot_examples(open_rows(given.files["train"]), plan.fewshot, self.asking.task.seed)
            if plan.fewshot
            else ()
        )
        return System(plan.name, plan.kind, opened, examples)

    @property
    def foresight(self) -> str:
        """The task and the system's examples: of one model's other systems, each would be told the same."""
        return f"{self.asking.name}, {self.system.fewshot}"

    def foresee(self, given: Artifact) -> None:
        """Refuse rows that the probe can do nothing with, or that the model will not be able to read, by its tokenizer alone."""
        if not self.asking.task.asks_rows or self.asking.task.brought:
            return
        task = self.asking.task.task(given.files, self.make)
        self.asking.task.refuse_useless(self.asking.probe, self.asking.plugin, task, self.make)
        if self.model is None or not isinstance(self.model.target, LocalWeights):
            return
        try:
            tokenizer = self.make(self.model.tokenizer())
        except SeatrialError:  # a classifier's folder needs no chat template; whoever does need it will say so
            return
        own = fewshot_examples(open_rows(given.files["train"]), self.system.fewshot, self.asking.task.seed)
        self.check(tokenizer, task.rows, (*own, *task.examples))

    def check(self, model: object, rows: Rows, examples: Sequence[Turn]) -> None:
        """Refuse rows that the model cannot read, all at once: an hour later, one of them would end the run.

        Raises:
            StageError: there are such rows; the message names some.
        """
        alone = unreadable(model, rows)
        problems = alone or (unreadable(model, rows, examples) if examples else [])
        if problems:
            more = f"\n… and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
            shown = sum(turn.role == "user" for turn in examples)
            how = "as they are" if alone else f"with {shown} examples before each (`fewshot: 0` asks without)"
            raise StageError(
                f"{self.name}: {len(problems):,} of {len(rows):,} rows cannot be asked {how}:\n"
                + "\n".join(problems[:_NAMED])
                + more
            )

    def _product(self, given: Artifact) -> Product | None:
        if self.system.kind != "tuned":
            return None
        return self.system.product or product_of(given)

    # ---- the answers ----------------------------------------------------------------------------------------------

    def _asked(self, system: System, task: Task, rows: Sequence[Row], progress: Any) -> list[Transcript]:
        probe = self.make(self.asking.probe)
        who = f"probe {self.asking.probe.who}"
        with blame(self.name, who, self.asking.plugin):
            given = list(contracts.transcripts(probe.run(system, task, rows, progress), f"{self.name}: {who}"))
        told = [_settled(one) for one in given]
        if self.asking.task.asks_rows and [one.row for one in told] != [row.id for row in rows]:
            raise ContractError(
                f"{self.name}: {who} gave {len(told)} transcripts for {len(rows)} rows; it must give one a row, in order"
            )
        return told


def unreadable(model: object, rows: Rows | Sequence[Row], examples: Sequence[Turn] = ()) -> list[str]:
    """The rows that a model, or its tokenizer, cannot read with examples before them, each by file and line, and why."""
    if not isinstance(model, ChecksRows):
        return []
    if examples:
        return _too_long_with(model, rows, examples)
    named = {row.id: row for row in rows}
    found: dict[str, list[str]] = {}
    for name, said in model.problems(rows):
        found.setdefault(name, []).append(said)
    return [f"{named[name].file}:{named[name].line} (row {name}): {'; '.join(said)}" for name, said in found.items()]


def _too_long_with(model: ChecksRows, rows: Rows | Sequence[Row], examples: Sequence[Turn]) -> list[str]:
    """The longest rows first, until none of the next ones is too long: a prompt with examples takes 1 to 5 ms to read."""
    found: list[str] = []
    longest = sorted(rows, key=lambda row: len(row.input_text), reverse=True)
    for start in range(0, len(longest), _LONGEST):
        piece = {row.id: row for row in longest[start : start + _LONGEST]}
        asked = [replace(row, turns=with_examples(row.turns, examples)) for row in piece.values()]
        said = dict(model.problems(asked))
        found += [f"{piece[name].file}:{piece[name].line} (row {name}): {why}" for name, why in said.items()]
        if not said:
            break
    return found


def _with_earlier(facts: Mapping[str, object], earlier: Mapping[str, object]) -> dict[str, object]:
    """A model's facts, whose lists (warnings, the names that it answered under) hold what it told of the pieces before, too:
    an earlier process may have asked them.
    """
    both = {name: [*map(str, said)] for name, said in earlier.items() if isinstance(said, list)}
    for name, said in facts.items():
        if isinstance(said, list | tuple):
            both[name] = list(dict.fromkeys([*both.get(name, ()), *map(str, said)]))
    return {**facts, **both}


def _settled(transcript: Transcript) -> Transcript:
    """The transcript, or an error instead of answers that are none: the largest of NaN would be the first option."""
    if transcript.error is not None:
        return transcript
    for response in transcript.responses:
        if response.logprob is not None and not math.isfinite(response.logprob):
            said = f"the log-likelihood of {response.text!r:.60} is {response.logprob}, not a finite number"
            return replace(transcript, responses=(), error=said)
    return transcript
