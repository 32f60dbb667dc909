"""Search: a round of settings, drawn, trained on a share of the train rows, and judged by the validation rows alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seatrial.errors import StageError, TrainingError, UsageError
from seatrial.rows import Rows
from seatrial.rows.table import SomeRows, open_rows
from seatrial.runs.environment import package_versions
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.recipe import Recipe
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.searching.study import Study, sampler_of
from seatrial.runs.searching.trial_records import TrialRecord, read_trials, settings_key, write_trials
from seatrial.runs.searching.trying import Base, Trying, outcome
from seatrial.runs.stages import Progress
from seatrial.suite.search_parts import Search

__all__ = ["SearchRound", "rows_tried", "search_rounds", "trials_file", "validation_of"]

_STEPS = 1000


def trials_file(first: int) -> str:
    """What the trials of a round are called among a node's files, by the number of its first."""
    return f"trials-{first}"


def validation_of(given: Artifact, who: str) -> Rows:
    """The rows that settings are judged by.

    Raises:
        StageError: there are none.
    """
    rows = open_rows(given.files["validation"])
    if not len(rows):
        raise StageError(
            f"{who}: the filters and the split left no validation row to choose settings by; raise `data.split.validation`, or see "
            "the ledger for who dropped them"
        )
    return rows


@dataclass(frozen=True, slots=True)
class SearchRound:
    """Tries some settings in the light of the rounds before. How many rounds follow changes nothing in it."""

    method: Recipe
    """With the suite's own settings."""
    search: Search = field(metadata=RUNTIME)
    """What of it decides here stands in `draws`."""
    model: ModelOnTrial
    seed: int
    hardware: str
    """Digest of processor and GPUs: rounding hangs on them, and how many settings fit on one."""
    first: int
    """The number of its first trial, from 1."""
    count: int
    plugin: str = field(metadata=RUNTIME)
    make: Any = field(metadata=RUNTIME)
    base: Base = field(metadata=RUNTIME)
    rounds: tuple[tuple[str, int], ...] = field(metadata=RUNTIME)
    """The rounds before, by name and first trial."""
    draws: Mapping[str, Any] = field(default_factory=dict)

    reusable = True

    @property
    def name(self) -> str:
        """The numbers of its trials in brackets."""
        return f"search[trials={self.first}-{self.first + self.count - 1}]"

    @property
    def inputs(self) -> tuple[str, ...]:
        """The rows, and the rounds before."""
        return ("decontaminate", *(name for name, _ in self.rounds))

    @property
    def reads(self) -> frozenset[str]:
        """Train and validation rows, never those of a test; and what was tried so far."""
        return frozenset({"train", "validation", *(trials_file(first) for _, first in self.rounds)})

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Draw, train, judge. A killed round goes on with the settings that were drawn and not yet judged."""
        earlier = read_trials(given.files[trials_file(first)] for _, first in self.rounds)
        unfinished = folder.unfinished()
        own = {
            one.name: self.method.options.get(one.name) for one in self.search.over if one.applies(self.method.options)
        }
        starts = not earlier and all(one.holds(own[one.name]) for one in self.search.over if one.name in own)
        study = Study(
            unfinished / "study.db",
            self.search,
            earlier,
            count=self.count,
            seed=self.seed,
            own=own if starts else None,
        )
        try:
            self._try(study, earlier, given, folder, progress, own if starts else None)
        finally:
            study.close()
        records = [study.done[number] for number in sorted(study.done)]
        path = folder / f"search/trials-{self.first:04d}.json"
        write_trials(path, records)
        losses = [one.loss for one in records if one.loss is not None]
        facts = {"trials": len(records), "complete": len(losses), "lowest_loss": min(losses, default=None)}
        return Artifact({trials_file(self.first): path}, facts)

    def _try(
        self,
        study: Study,
        earlier: Sequence[TrialRecord],
        given: Artifact,
        folder: RunFolder,
        progress: Progress,
        own: Mapping[str, Any] | None,
    ) -> None:
        train = rows_tried(given, self.search.share, self.seed)
        stages: dict[int, list[float]] = {number: [] for number in study.drawn}
        at = _Place(progress, self.count)

        def report(number: int, stage: int, loss: float) -> bool:
            if len(stages[number]) == stage:  # a training that had no room tells it again
                stages[number].append(loss)
            progress(at.done(), _STEPS, {"trial": float(number), "validation_loss": loss})
            return study.goes_on(number, stage, loss)

        trying = Trying(
            self.name,
            self.method,
            self.plugin,
            self.model,
            self.base,
            self.make,
            train,
            validation_of(given, self.name),
            self.seed,
            folder.unfinished(),
            report,
            at.tell,
            self.search.memory,
            folder / "data/images",
        )
        methods: dict[int, Any] = {}
        first = {one.key: one.number for one in reversed(earlier)}
        again: dict[int, int] = {}
        for number, options in study.drawn.items():
            same = first.setdefault(settings_key(options), number)
            if number in study.done or same != number:
                at.finished += 1
                if number not in study.done:
                    again[number] = same
                continue
            drawn = "own" if options == own else ""
            try:
                methods[number] = method = trying.made(options)
                state, reason = "too large", trying.too_large(method)
            except (TrainingError, UsageError) as error:
                state, reason = "failed", str(error)
            if reason:
                methods.pop(number, None)
                study.finish(TrialRecord(number, options, state, reason=reason, drawn=drawn))  # type: ignore[arg-type]  # two states
        for group in trying.groups(methods):
            at.group = len(group)
            for number, tried in trying.together({number: methods[number] for number in group}).items():
                options = study.drawn[number]
                state, reason = outcome(tried)
                study.finish(
                    TrialRecord(
                        number,
                        options,
                        state,
                        tried.loss,
                        tuple(stages[number]),
                        round(tried.seconds, 3),
                        tried.peak_bytes,
                        tried.together,
                        reason,
                        "own" if options == own else "",
                    )
                )
            at.finished += len(group)
            at.tell(0.0)
        known = {one.number: one for one in (*earlier, *study.done.values())}
        for number, same in again.items():
            study.finish(replace(known[same], number=number, seconds=0.0, drawn="", same_as=same))


class _Place:
    """How far a round is."""

    def __init__(self, progress: Progress, count: int) -> None:
        self._progress = progress
        self._count = count
        self.finished = 0
        self.group = 1
        self._share = 0.0

    def tell(self, share: float) -> None:
        """Of the group that is trained."""
        self._share = share
        self._progress(self.done(), _STEPS, {})

    def done(self) -> int:
        """Of `_STEPS`."""
        return min(_STEPS, round(_STEPS * (self.finished + self._share * self.group) / max(self._count, 1)))


def rows_tried(given: Artifact, share: float, seed: int) -> Rows:
    """A share of the train rows, drawn with a seed.

    Raises:
        StageError: there are none.
    """
    import numpy as np

    rows = open_rows(given.files["train"])
    if not len(rows):
        raise StageError("search: the filters and the split left no train row; see the ledger for who dropped them")
    if share >= 1:
        return rows
    mask = np.zeros(len(rows), dtype=bool)
    mask[random.Random(seed).sample(range(len(rows)), max(1, round(share * len(rows))))] = True
    return SomeRows(rows, mask)


def search_rounds(search: Search, **parts: Any) -> Iterator[SearchRound]:
    """The rounds of a search."""
    over = [one.resolved() | {"name": one.name} for one in search.over]
    draws = {
        "over": over,
        "share": search.share,
        "at_once": search.at_once,
        "sampler": sampler_of(search),
        "pruner": search.pruner,
        "memory": search.memory,
        "libraries": package_versions(("optuna",)),
    }
    before: tuple[tuple[str, int], ...] = ()
    for first in range(1, search.trials + 1, search.at_once):
        count = min(search.at_once, search.trials + 1 - first)
        one = SearchRound(search=search, first=first, count=count, rounds=before, draws=draws, **parts)
        yield one
        before = (*before, (one.name, first))
