"""The study: which settings are tried next, which trials are given up, and what each option mattered, by Optuna.

Settings are drawn round by round. A round's are drawn together from the trials before it, each in the light of those that
were drawn with it (a Gaussian process conditions on them, the densities of TPE take them as bad ones), so that they can be
trained at once; what a round draws hangs on seed, space and the rounds before it, and on nothing else.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError
from seatrial.runs.searching.trial_records import State, TrialRecord
from seatrial.suite.search_keys import Sampler
from seatrial.suite.search_parts import Search, Searched

if TYPE_CHECKING:
    import optuna

__all__ = ["STAGES", "Study", "refuse_without_optuna", "sampler_of"]

STAGES = (0.25, 0.5)
"""Shares of its steps after which a trial may be given up. Of its own steps: a longer training whose rate has yet to fall is
behind a shorter one at equal tokens, and not at equal shares."""

_RANDOM = 10
"""Trials that are drawn at random before any is drawn in the light of others, at most: the first round's."""

_BEFORE = 4
"""Trials that must have reached a stage before the median decides there."""

_NAME = "search"


def refuse_without_optuna() -> None:
    """Say what is missing before an hour of work.

    Raises:
        UsageError: Optuna is not installed.
    """
    if find_spec("optuna") is None:
        raise UsageError("search: needs optuna, which cannot be imported here: pip install 'seatrial[search]'")


class Study:
    """The trials so far, and those of one round.

    Args:
        path: an SQLite file; one that stands there holds what a killed process had found in this round.
        search: what is tried, and how.
        earlier: the trials of the rounds before.
        count: how many settings this round draws.
        seed: of the draws.
        own: the suite's own settings, to be the first that are tried where the space holds them.
    """

    def __init__(
        self,
        path: Path,
        search: Search,
        earlier: Sequence[TrialRecord],
        *,
        count: int = 0,
        seed: int = 0,
        own: Mapping[str, Any] | None = None,
    ) -> None:
        self._search = search
        found = _finished(path)
        with _quietly():
            self._study = _created(path, search, seed + len(earlier))
            self._study.add_trials([self._frozen(one) for one in earlier])
            if own is not None:
                self._study.enqueue_trial(
                    {one.name: label_of(one, own[one.name]) for one in search.over if one.name in own}
                )
            drawn = [self._study.ask() for _ in range(count)]
            self._trials = {trial.number + 1: trial for trial in drawn}
            self.drawn: dict[int, dict[str, Any]] = {
                number: self._suggested(trial) for number, trial in self._trials.items()
            }
            """Number → the options of each trial of this round."""
        self._told: dict[int, dict[int, float]] = {}
        """Stage → number → loss."""
        for record in earlier:
            self._note(record)
        self.done: dict[int, TrialRecord] = {}
        """Those of them that are done."""
        for number, record in found.items():
            if record.options == self.drawn.get(number):
                self.finish(record)

    # ---- drawing --------------------------------------------------------------------------------------------------

    def _suggested(self, trial: Any) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for one in self._search.over:
            if one.applies(options):
                given = self._asked(trial, one)
                options[one.name] = (
                    next(value for value in one.choices if label(value) == given) if one.choices else given
                )
        return options

    def _asked(self, trial: Any, one: Searched) -> Any:
        if one.kind == "choice":
            return trial.suggest_categorical(one.name, [label(value) for value in one.choices])
        if one.kind == "integer":
            return trial.suggest_int(one.name, int(one.low), int(one.high), log=one.log)
        return trial.suggest_float(one.name, one.low, one.high, log=one.log)

    # ---- judging --------------------------------------------------------------------------------------------------

    def goes_on(self, number: int, stage: int, loss: float) -> bool:
        """Note a trial's validation loss at a stage; whether its training goes on."""
        with _quietly():
            if not math.isfinite(loss):
                return False
            self._trials[number].report(loss, stage)
            if self._search.pruner == "asha":
                self._told.setdefault(stage, {})[number] = loss
                return self._promoted(stage, loss)
            return not self._trials[number].should_prune()

    def _promoted(self, stage: int, loss: float) -> bool:
        """Whether a loss is among the better half of those that were told at a stage so far, the only one being so.

        Asynchronous successive halving (Li et al., arXiv 1810.05934). Optuna's begins with its second report, and keeps who
        came how far beside its trials, where those of earlier rounds have nothing.
        """
        told = sorted(self._told[stage].values())
        return loss <= told[max(len(told) // 2, 1) - 1]

    def finish(self, record: TrialRecord) -> None:
        """Note how a trial of this round ended; from now on it stands on the disk."""
        import optuna

        self.done[record.number] = record
        self._note(record)
        trial = self._trials[record.number]
        with _quietly():
            told = self._study.trials[trial.number].intermediate_values
            for stage, loss in enumerate(record.stages):
                if stage not in told:
                    trial.report(loss, stage)
            trial.set_user_attr("record", _plain(record))
            if self._search.memory is not None:
                trial.set_constraint(_MEMORY, 1.0 if record.state == "too large" else -1.0)
            state = getattr(optuna.trial.TrialState, _STATES[record.state])
            self._study.tell(trial, record.loss if record.state == "complete" else None, state=state)

    def _note(self, record: TrialRecord) -> None:
        for stage, loss in enumerate(record.stages):
            self._told.setdefault(stage, {})[record.number] = loss

    # ---- what is known --------------------------------------------------------------------------------------------

    def importance(self) -> dict[str, float]:
        """Option → its share in how trials differ, by PED-ANOVA (Watanabe, Bansal & Hutter, arXiv 2304.10255): the largest first.

        Empty where too few trials came to their end to tell.
        """
        import optuna

        with _quietly(), suppress(ValueError, RuntimeError, ZeroDivisionError):
            found = optuna.importance.get_param_importances(
                self._study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
            )
            if found and all(map(math.isfinite, found.values())):
                return {name: float(value) for name, value in found.items()}
        return {}

    def close(self) -> None:
        """Let go of the file."""
        self._study._storage.remove_session()  # noqa: SLF001  # there is no public way

    def _frozen(self, record: TrialRecord) -> Any:
        """A trial of an earlier round as Optuna keeps it."""
        import optuna

        distributions = {one.name: _distribution(one) for one in self._search.over if one.name in record.options}
        limit = {_MEMORY: 1.0 if record.state == "too large" else -1.0} if self._search.memory is not None else None
        return optuna.trial.create_trial(
            state=getattr(optuna.trial.TrialState, _STATES[record.state]),
            value=record.loss if record.state == "complete" else None,
            params={
                one.name: label_of(one, record.options[one.name])
                for one in self._search.over
                if one.name in distributions
            },
            distributions=distributions,
            intermediate_values=dict(enumerate(record.stages)),
            user_attrs={"record": _plain(record)},
            **({"constraints": limit} if limit else {}),
        )


_MEMORY = "memory"

_STATES: Mapping[State, str] = {"complete": "COMPLETE", "given up": "PRUNED", "too large": "PRUNED", "failed": "FAIL"}


def label(value: Any) -> Any:
    """A value of a list as Optuna's storage keeps it: text, so that 1, 1.0 and true are three."""
    if isinstance(value, str):
        with suppress(ValueError):
            json.loads(value)
            return json.dumps(value)  # "8", which is not 8
        return value
    return json.dumps(value, sort_keys=True)


def label_of(one: Searched, value: Any) -> Any:
    """The same of an option's value; numbers of a range stand for themselves."""
    return label(value) if one.kind == "choice" else value


def _distribution(one: Searched) -> Any:
    import optuna

    if one.kind == "choice":
        return optuna.distributions.CategoricalDistribution([label(value) for value in one.choices])
    if one.kind == "integer":
        return optuna.distributions.IntDistribution(int(one.low), int(one.high), log=one.log)
    return optuna.distributions.FloatDistribution(one.low, one.high, log=one.log)


def _created(path: Path, search: Search, seed: int) -> optuna.Study:
    import optuna

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_empty())
    return optuna.create_study(
        storage=_opened(path),
        sampler=_sampler(search, seed % 2**32),
        pruner=_pruner(search),
        study_name=_NAME,
        direction="minimize",
    )


def _opened(path: Path) -> Any:
    """The storage in a file whose tables are there."""
    import optuna

    return optuna.storages.RDBStorage(
        f"sqlite:///{path.absolute()}", skip_compatibility_check=True, skip_table_creation=True
    )


@cache
def _empty() -> bytes:
    """A storage without a study, made once: to make its tables takes a second."""
    import optuna

    with TemporaryDirectory(prefix="seatrial-") as scratch:
        path = Path(scratch) / "empty.db"
        optuna.storages.RDBStorage(f"sqlite:///{path}").remove_session()
        return path.read_bytes()


def sampler_of(search: Search) -> Sampler:
    """What draws the settings: a Gaussian process takes neither conditions nor trials that were not trained."""
    if search.sampler != "auto":
        return search.sampler
    simple = not any(one.when for one in search.over) and search.memory is None
    return "gp" if simple and find_spec("torch") is not None else "tpe"


def _sampler(search: Search, seed: int) -> Any:
    import optuna

    named, chance = sampler_of(search), min(_RANDOM, search.at_once)
    if named == "gp":
        return optuna.samplers.GPSampler(seed=seed, n_startup_trials=chance)
    if named == "tpe":
        grouped = any(one.when for one in search.over)
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=chance, multivariate=True, group=grouped, constant_liar=True
        )
    return optuna.samplers.RandomSampler(seed=seed)


def _pruner(search: Search) -> Any:
    import optuna

    if search.pruner == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=_BEFORE, n_min_trials=_BEFORE)
    return optuna.pruners.NopPruner()


def _finished(path: Path) -> dict[int, TrialRecord]:
    """What a killed process had told of its round; nothing where the file is damaged."""
    if not path.is_file():
        return {}
    import optuna

    with _quietly(), suppress(Exception):
        study = optuna.load_study(storage=_opened(path), study_name=_NAME)
        records = [trial.user_attrs.get("record") for trial in study.trials if trial.state.is_finished()]
        study._storage.remove_session()  # noqa: SLF001  # there is no public way
        found = [TrialRecord(**one) for one in records if one]
        return {one.number: one for one in found}
    return {}


def _plain(record: TrialRecord) -> dict[str, Any]:
    return json.loads(json.dumps({name: getattr(record, name) for name in record.__slots__}))  # type: ignore[no-any-return]


@contextmanager
def _quietly() -> Iterator[None]:
    """Optuna tells of each trial in words of its own, and warns of what is new in it."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
