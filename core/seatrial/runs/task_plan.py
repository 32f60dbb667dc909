"""A task before a run: which rows of an evaluation set are asked, and with which examples."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seatrial.errors import ContractError, UsageError
from seatrial.evaluation.scorer import Draws
from seatrial.evaluation.task import Task
from seatrial.model import ChecksRows
from seatrial.rows import Row, Rows, Turn
from seatrial.rows.table import RowList, open_rows
from seatrial.runs import contracts
from seatrial.runs.keys import RUNTIME
from seatrial.runs.recipe import Recipe
from seatrial.runs.stages import blame

__all__ = ["TaskPlan", "fewshot_examples"]


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """Which rows are asked; the rows themselves are there once the data stages are done."""

    on: str
    """The evaluation set."""
    samples: int | None
    """At most that many rows, drawn with the seed; None takes all."""
    fewshot: int
    """How many train rows stand before every row, for every system."""
    seed: int
    asks_rows: bool = True
    """Whether rows are asked at all."""
    draws: Recipe | None = None
    """The scorer that draws the rows itself; None where the evaluation set's are asked."""
    tables: tuple[str, ...] = ()
    """The tables that it draws from."""
    brought: bool = False
    """Whether it brings them itself: no table is read."""
    plugin: str = field(default="", metadata=RUNTIME)
    """Of the scorer that draws."""

    @property
    def files(self) -> frozenset[str]:
        """The data files that it reads, by the names that data stages give them."""
        return frozenset() if self.brought else frozenset({self.on, "train", *self.tables})

    def task(self, files: Mapping[str, Path], make: Callable[[Recipe], Any]) -> Task:
        """The task, from the tables that the data stages left; the same whenever it is asked for."""
        if self.brought:
            assert self.draws is not None
            return Task(self.on, RowList(self._by_scorer(self.draws, make, {}, ())), seed=self.seed)
        train, rows = open_rows(files["train"]), open_rows(files[self.on])
        known = train if len(train) else rows
        labels = tuple(sorted({row.label for row in known if row.label is not None}))
        tables = {name: open_rows(files[name]) for name in self.tables}
        asked: Rows = RowList([]) if not self.asks_rows else self._drawn(rows)
        if self.draws is not None:
            asked = RowList(self._by_scorer(self.draws, make, tables, labels))
        examples = fewshot_examples(train, self.fewshot, self.seed)
        return Task(self.on, asked, labels, examples, self.seed, tables)

    def of(self, files: Mapping[str, Path]) -> int:
        """How many rows there were to draw from; 0 where no rows are asked."""
        return len(open_rows(files[self.on])) if self.asks_rows and self.draws is None else 0

    def refuse_useless(self, asker: Recipe, plugin: str, task: Task, make: Callable[[Recipe], Any]) -> None:
        """Refuse rows with none of which a probe or a scorer can do anything.

        Raises:
            UsageError: so it is; the first row and what is wrong with it are named.
        """
        checks = make(asker)
        if not isinstance(checks, ChecksRows) or self.draws is not None or not len(task.rows):
            return
        with blame(self.on, asker.who, plugin):
            found = dict(checks.problems(task.rows))
        if len(found) == len(task.rows):
            row = next(iter(task.rows))
            raise UsageError(
                f"{self.on}: {asker.who} can do nothing with any of the {len(task.rows):,} rows that the data stages left: "
                f"{row.file}:{row.line}: {found[row.id]}; leave the scorer out, or ask another set: `on:`"
            )

    def _drawn(self, rows: Rows) -> Rows:
        if self.samples is None or len(rows) <= self.samples:
            return rows
        drawn = sorted(random.Random(self.seed).sample(range(len(rows)), self.samples))
        return RowList([rows[index] for index in drawn])

    def _by_scorer(
        self, recipe: Recipe, make: Callable[[Recipe], Any], tables: Mapping[str, Rows], labels: Sequence[str]
    ) -> list[Row]:
        scorer, who = make(recipe), f"scorer {recipe.who}"
        if not isinstance(scorer, Draws):
            raise ContractError(f"{who} declares tables to draw rows from, and has no `draw`")
        with blame("transcribe", who, self.plugin):
            return list(contracts.each(scorer.draw(tables, labels, self.seed), Row, who))


def fewshot_examples(train: Rows, shots: int, seed: int) -> tuple[Turn, ...]:
    """The turns of `shots` answered single-question train rows, of as many different labels as there are.

    Drawn with the seed from the rows in the order of their ids, so that the rows' order in the file does not matter.
    """
    if not shots:
        return ()
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
