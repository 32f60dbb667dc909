"""Finalists: the best few settings of the search, and the suite's own, trained on all train rows; the best becomes the training's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from seatrial.errors import StageError
from seatrial.rows.table import open_rows
from seatrial.runs.events import Artifact
from seatrial.runs.keys import RUNTIME
from seatrial.runs.on_trial import ModelOnTrial
from seatrial.runs.recipe import Recipe
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.searching.study import Study, sampler_of
from seatrial.runs.searching.trial_records import TrialRecord, read_trials, write_trials
from seatrial.runs.searching.trying import Base, Trying, outcome
from seatrial.runs.stages import Progress
from seatrial.runs.stages.search import trials_file, validation_of
from seatrial.runs.store import atomic_file, write_json
from seatrial.suite.search_parts import Search
from seatrial.terminal.search_found import said_options

__all__ = ["CHOSEN", "Finalists", "chosen_options"]

CHOSEN = "chosen"
"""The file of the settings that were chosen, among a node's files."""

_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Finalists:
    """Trains the best of the trials in full and chooses one by its loss on the validation rows."""

    method: Recipe
    """With the suite's own settings."""
    search: Search = field(metadata=RUNTIME)
    """What of it decides here is `count`; the rest stands in the rounds."""
    model: ModelOnTrial
    seed: int
    hardware: str
    count: int
    plugin: str = field(metadata=RUNTIME)
    make: Any = field(metadata=RUNTIME)
    base: Base = field(metadata=RUNTIME)
    rounds: tuple[tuple[str, int], ...] = field(metadata=RUNTIME)
    """By name and first trial."""

    name = "search[finalists]"
    reusable = True

    @property
    def inputs(self) -> tuple[str, ...]:
        """The rows, and the rounds."""
        return ("decontaminate", *(name for name, _ in self.rounds))

    @property
    def reads(self) -> frozenset[str]:
        """Train and validation rows, never those of a test; and what was tried."""
        return frozenset({"train", "validation", *(trials_file(first) for _, first in self.rounds)})

    def run(self, given: Artifact, folder: RunFolder, progress: Progress) -> Artifact:
        """Train, compare, choose; and let go of the base, which the training that follows loads itself."""
        trials = read_trials(given.files[trials_file(first)] for _, first in self.rounds)
        try:
            finalists = self._finalists(trials, given, folder, progress)
        finally:
            self.base.close()
        whole = [one for one in finalists if one.loss is not None]
        if not whole:
            raise StageError(
                f"{self.name}: none of {len(finalists)} settings could be trained on all train rows: {finalists[0].reason}"
            )
        chosen = min(whole, key=lambda one: (one.loss, one.number))
        choice, study = folder / "search/chosen.json", folder / "search/study.db"
        write_json(choice, {"trial": chosen.number, "options": dict(chosen.options)})
        facts = {
            "over": [one.resolved() | {"name": one.name} for one in self.search.over],
            "share": self.search.share,
            "sampler": sampler_of(self.search),
            "pruner": self.search.pruner,
            "trials": [asdict(one) for one in trials],
            "finalists": [asdict(one) for one in finalists],
            "chosen": asdict(chosen),
            "importance": self._kept(study, trials),
            "notes": [_told(chosen, finalists, trials)],
        }
        return Artifact({CHOSEN: choice, "study": study}, facts)

    def _kept(self, path: Any, trials: Sequence[TrialRecord]) -> dict[str, float]:
        """What each option mattered; all trials are kept as a study that Optuna opens."""
        with atomic_file(path) as part:
            study = Study(part, self.search, trials)
            try:
                return study.importance()
            finally:
                study.close()

    def _finalists(
        self, trials: Sequence[TrialRecord], given: Artifact, folder: RunFolder, progress: Progress
    ) -> list[TrialRecord]:
        """The best trials in full, and the suite's own settings beside them."""
        complete = sorted((one for one in trials if one.loss is not None), key=lambda one: (one.loss, one.number))
        if not complete:
            why = next((one.reason for one in trials if one.reason), "all were given up")
            raise StageError(f"{self.name}: none of {len(trials)} trials came to its end: {why}")
        own = next((one for one in trials if one.drawn == "own"), None)
        ours = own.number if own else 0
        settings: dict[int, Mapping[str, Any]] = {}
        unfinished = folder.unfinished()
        kept = unfinished / "finalists.json"
        done = {one.number: one for one in read_trials([kept])} if kept.is_file() else {}
        finished = 0

        def tell(share: float) -> None:
            progress(min(_STEPS, round(_STEPS * (finished + share * group) / len(settings))), _STEPS, {})

        trying = Trying(
            self.name,
            self.method,
            self.plugin,
            self.model,
            self.base,
            self.make,
            open_rows(given.files["train"]),
            validation_of(given, self.name),
            self.seed,
            unfinished,
            _always,
            tell,
            self.search.memory,
            folder / "data/images",
        )
        methods: dict[int, Any] = {}

        def enters(number: int, options: Mapping[str, Any]) -> bool:
            """Whether a setting may be trained on all rows: what fits with a share of them may not fit with the longest."""
            settings[number] = options
            if number not in done:
                method = trying.made(options)
                if reason := trying.too_large(method):
                    drawn = "own" if number == ours else ""
                    done[number] = TrialRecord(number, options, "too large", reason=reason, drawn=drawn)
                else:
                    methods[number] = method
            return number not in done or done[number].state != "too large"

        seen: set[str] = set()
        left = self.count
        for one in complete:
            if left and one.key not in seen:
                left -= enters(one.number, one.options)
            seen.add(one.key)
        if ours not in settings:
            enters(ours, self._own())
        finished = len(settings) - len(methods)
        for numbers in trying.groups(methods):
            group = len(numbers)
            for number, tried in trying.together({number: methods[number] for number in numbers}).items():
                state, reason = outcome(tried)
                drawn = "own" if number == ours else ""
                done[number] = TrialRecord(
                    number,
                    settings[number],
                    state,
                    tried.loss,
                    (),
                    round(tried.seconds, 3),
                    tried.peak_bytes,
                    tried.together,
                    reason,
                    drawn,
                )
            finished += group
            write_trials(kept, done.values())
        return [done[number] for number in settings]

    def _own(self) -> dict[str, Any]:
        """The suite's own settings of what is searched."""
        options = self.method.options
        return {one.name: options.get(one.name) for one in self.search.over}


def _always(number: int, stage: int, loss: float) -> bool:
    """A finalist is trained to its end."""
    del number, stage, loss
    return True


def _told(chosen: TrialRecord, finalists: Sequence[TrialRecord], trials: Sequence[TrialRecord]) -> str:
    """What was chosen, and against what."""
    said = said_options(chosen.options)
    own = next((one for one in finalists if one.drawn == "own"), None)
    if own is chosen:
        return f"search: of {len(trials)} trials none was better than the suite's own settings on the validation rows ({said})"
    against = f", the suite's own settings {own.loss:.4g}" if own is not None and own.loss is not None else ""
    return (
        f"search: of {len(trials)} trials number {chosen.number} was chosen ({said}): {chosen.loss:.4g} nats per token on the "
        f"validation rows{against}"
    )


def chosen_options(given: Artifact) -> Mapping[str, Any]:
    """The options that the search chose."""
    found: Mapping[str, Any] = json.loads(given.files[CHOSEN].read_text(encoding="utf-8"))["options"]
    return found
