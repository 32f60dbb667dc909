"""Score: one scorer tries the tuned model, its base and the baselines on the same items."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.errors import StageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scoring import Scorer, System, SystemKind, Task
from seatrial.model import LanguageModel
from seatrial.plugin.component import Component
from seatrial.rows import Rows, Turn
from seatrial.rows.table import RowList, open_rows
from seatrial.runs import answers
from seatrial.runs.baselines import NamedBaseline, fitted
from seatrial.runs.engines.workers import on_gpu
from seatrial.runs.events import Artifact
from seatrial.runs.recipe import Recipe
from seatrial.runs.stages import Progress, blame
from seatrial.runs.store import RunFolder, atomic_file, digest_path

__all__ = ["Score", "fewshot_preamble"]


@dataclass(frozen=True, slots=True)
class Score:
    """Runs one scorer over every system that it is to score, into `samples/<alias>.parquet`."""

    alias: str
    component: Component[Any]
    plugin: str
    version: str
    scorer: Scorer
    options: Mapping[str, Any]
    systems: Sequence[SystemKind]
    split: str
    limit: int | None
    """At most that many rows, drawn with the seed; None takes all."""
    load: Callable[[Path | None], LanguageModel]
    """Loads the model under test with the adapter at a path, or without any."""
    adapter: Path | None
    """An adapter that the suite brings."""
    trains: bool
    baselines: Sequence[NamedBaseline]
    make: Callable[[Recipe], Any]
    """Builds a baseline."""
    fewshot: int
    model_digest: str
    loader: Mapping[str, Any]
    seed: int

    @property
    def name(self) -> str:
        """`score/` and the alias."""
        return f"score/{self.alias}"

    @property
    def after(self) -> tuple[str, ...]:
        """The data, and the adapter once it is proved."""
        tuned = (("train",) if self.trains else ()) + (("verify_training",) if self.trains or self.adapter else ())
        return ("read", "decontaminate", *tuned)

    def parts(self) -> object:
        """Scorer, options, systems and what the model is."""
        return {
            "scorer": [self.component.name, self.plugin, self.version, self.component.version],
            "options": dict(self.options),
            "systems": list(self.systems),
            "split": self.split,
            "limit": self.limit,
            "baselines": [[baseline.name, baseline.plugin] for baseline in self.baselines],
            "fewshot": self.fewshot,
            "model": self.model_digest,
            "loader": dict(self.loader),
            "adapter": digest_path(self.adapter) if self.adapter else None,
            "seed": self.seed,
        }

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """System by system; each one's samples are a table, in the order of the rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = self._draw(open_rows(given.files[self.split]))
        train = open_rows(given.files["train"])
        labels = tuple(sorted({row.label for row in train if row.label is not None}))
        columns = self._columns()
        tables, seconds = [], {}
        with self._systems(given, train, labels) as systems:
            for place, system in enumerate(systems):
                task = Task(
                    labels=labels,
                    raw=open_rows(given.files["raw"]),
                    train=train,
                    seed=self.seed,
                    progress=_share(progress, place, len(systems)),
                )
                started = time.perf_counter()
                who = f"scorer {self.component.name} on {system.name}"
                with blame(self.name, who, self.plugin):
                    given_back = self.scorer.score(system, rows, task)
                    samples = list(answers.samples(given_back, f"{self.name}: {who} (plugin {self.plugin})"))
                    seconds[system.name] = round(time.perf_counter() - started, 3)
                    tables.append(samples_to_table(system.name, samples, columns))
        if not tables:
            raise StageError(f"{self.name}: no system to score: the suite names {', '.join(self.systems)}")
        progress(1000, 1000, {})
        path = folder / f"samples/{self.alias}.parquet"
        with atomic_file(path) as part:
            pq.write_table(pa.concat_tables(tables), part, compression="zstd")
        facts = {"seconds": seconds, "systems": list(seconds), "rows": len(rows)}
        return Artifact({f"samples:{self.alias}": path}, facts)

    def _columns(self) -> list[str]:
        metrics = self.component.metrics_for(self.options)
        named = [metric.column for metric in metrics] + [metric.over for metric in metrics if metric.over]
        return list(dict.fromkeys(named))

    def _draw(self, rows: Rows) -> Rows:
        if self.limit is None or len(rows) <= self.limit:
            return rows
        drawn = sorted(random.Random(self.seed).sample(range(len(rows)), self.limit))
        return RowList([rows[index] for index in drawn])

    @contextmanager
    def _systems(self, given: Artifact, train: Rows, labels: Sequence[str]) -> Iterator[Sequence[System]]:
        """The systems, tuned model first; each model is a view on the weights that are loaded once."""
        tuned = self.adapter or given.files.get("adapter")
        model = self.load(tuned)
        compared = self.baselines if "baseline" in self.systems and len(labels) > 1 else ()
        with fitted(
            compared, given.files["train"], self.make, seed=self.seed, stage=self.name, beside=on_gpu()
        ) as baselines:
            yield [
                *self._models(model, train, tuned=tuned is not None),
                *(System(name, "baseline", baseline=baseline) for name, baseline in baselines.items()),
            ]

    def _models(self, model: LanguageModel, train: Rows, *, tuned: bool) -> Iterator[System]:
        if "tuned" in self.systems and tuned:
            yield System("tuned", "tuned", model)
        base = model.without_adapter()
        if "base" in self.systems:
            yield System("base", "base", base)
        if "fewshot" in self.systems and self.fewshot:
            preamble = fewshot_preamble(train, self.fewshot, self.seed)
            if preamble:
                examples = sum(turn.role == "assistant" for turn in preamble)
                yield System(f"base-{examples}shot", "fewshot", base, preamble=preamble)


def fewshot_preamble(train: Rows, shots: int, seed: int) -> tuple[Turn, ...]:
    """The turns of `shots` answered single-question train rows, of as many different labels as there are.

    Drawn with the seed from the rows in the order of their ids, so that the rows' order in the file does not matter.
    """
    eligible = sorted(
        (row for row in train if row.answered and sum(turn.role == "user" for turn in row.prompt) == 1),
        key=lambda row: row.id,
    )
    random.Random(seed).shuffle(eligible)
    seen: dict[str | None, int] = {}
    ranked: list[tuple[int, int]] = []
    for index, row in enumerate(eligible):
        seen[row.label] = seen.get(row.label, 0) + 1
        ranked.append((seen[row.label] if row.label is not None else 1, index))
    chosen = [eligible[index] for _, index in sorted(ranked)[:shots]]
    return tuple(turn for row in chosen for turn in row.turns if turn.role != "system")


def _share(progress: Progress, place: int, places: int) -> Callable[[int, int], None]:
    """One system's progress as its share of the stage's, in thousandths."""

    def report(done: int, total: int) -> None:
        progress(int(1000 * (place + done / max(total, 1)) / places), 1000, {})

    return report
