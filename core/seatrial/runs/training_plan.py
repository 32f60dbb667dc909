"""What a suite's training will cost: its rows as the data stages leave them, its method asked before anything is loaded.

The method counts (`seatrial.training.TellsCost`); how long that takes on a card, whether it fits, and what to change where
it doesn't, is said here. The data stages are taken from an earlier run below `runs/`, or worked in a folder that is
thrown away: `seatrial data SUITE` keeps them for all that comes after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from seatrial.errors import ContractError, PluginError, TrainingError, UsageError
from seatrial.plugin.host import Host
from seatrial.plugin.raised import telling_interrupts
from seatrial.rows.table import open_rows
from seatrial.runs.earlier import EarlierRuns
from seatrial.runs.events import Plan, Record, Step
from seatrial.runs.nodes import Nodes
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages import blame
from seatrial.runs.stages.search import SearchRound
from seatrial.runs.stages.train import Train
from seatrial.runs.store import cache_folder
from seatrial.runs.workbench import Workbench
from seatrial.training import ProbesCost, TellsCost, TellsLighter, TrainingJob
from seatrial.training.cards import CARDS, DISK, Card, Fit, card_named
from seatrial.training.cost import Lighter, Probed, TrainingCost

if TYPE_CHECKING:
    from seatrial.rows import Rows
    from seatrial.suite.file import Suite

__all__ = ["MethodPlan", "OnCard", "Shown", "TrainingPlan", "plan_training"]


_OWN = frozenset({"lr"})
"""Options that mean the same for every method and whose value is each method's own."""


@dataclass(frozen=True, slots=True)
class OnCard:
    """One training on one card."""

    card: Card
    fit: Fit
    seconds: float
    measured: bool = False
    """Whether steps were measured on such a card; else the seconds are an estimate from its datasheet."""
    lighter: Lighter | None = None
    """What would make it fit, where it doesn't."""

    @property
    def kilowatt_hours(self) -> float:
        """An upper estimate of the energy: what the card may draw at most, all the time."""
        return self.card.watts * self.seconds / 3.6e6


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """What a method takes."""

    method: str
    plugin: str
    cost: TrainingCost
    cards: tuple[OnCard, ...]
    probed: Probed | None = None

    @property
    def peak(self) -> int:
        """Bytes: measured where steps were probed, else counted."""
        return self.probed.peak if self.probed and self.probed.peak else self.cost.peak

    @property
    def measured_seconds(self) -> float | None:
        """What the training takes on the device that was probed, whatever it is."""
        return _calibrated(self.cost, self.probed, _like(self.probed)) if self.probed else None


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A suite's training, planned."""

    suite: str
    trainings: int
    """One for each seed; the figures are of one."""
    devices: int
    """How many share a training; the figures are of one of them."""
    own: MethodPlan
    """The suite's method."""
    others: tuple[MethodPlan, ...] = ()
    """The other installed methods, with what of the suite's options they take too."""
    unplanned: Mapping[str, str] = field(default_factory=dict)
    """Method → why nothing is said of it."""
    rows_from: tuple[str, ...] = ()
    """The earlier runs that the rows were taken from; empty where the data stages were worked for the plan alone."""


class Shown(Protocol):
    """Who shows how far the data stages are."""

    def seatrial_step_logged(self, step: Step) -> None:
        """A step of a stage."""
        ...

    def seatrial_stage_finished(self, record: Record) -> None:
        """A stage is done."""
        ...


def plan_training(
    suite: Suite,
    host: Host,
    *,
    runs: Path = Path("runs"),
    cache: Path | None = None,
    offline: bool = False,
    probe: bool = False,
    methods: bool = False,
    shown: Shown | None = None,
) -> TrainingPlan:
    """What a suite's training takes: memory, time and energy, and on which cards.

    Args:
        suite: whose `train:`.
        host: the loaded plugins.
        runs: where run folders are; the data stages are taken from there, where an earlier run left them.
        cache: as for `seatrial.runs.run`.
        offline: as for `seatrial.runs.run`.
        probe: train a few steps on this machine's device, and go by what they took.
        methods: plan the other installed methods too.
        shown: who shows how far the data stages are.

    Raises:
        UsageError: the suite trains nothing, its method tells no cost, or its options do not fit the model.
        StageError: a data stage failed, or rows cannot be trained on.
    """
    from seatrial.runs.plan import plan_stages

    if suite.train is None:
        raise UsageError(f"suite {suite.name} trains nothing, so there is nothing to plan; add `train: {{method: …}}`")
    bench = Workbench(host, cache=cache or cache_folder(), offline=offline)
    # Beside the runs that rows are taken from: what stands on the same disk is linked, not copied.
    with TemporaryDirectory(prefix=".seatrial-plan-", dir=_there(runs)) as scratch, telling_interrupts(), bench.closing:
        folder = RunFolder(Path(scratch))
        stages = plan_stages(suite, bench, folder)
        train = next(stage for stage in stages if isinstance(stage, Train))
        method = bench.made_once(train.method)
        name = suite.train.name
        if not isinstance(method, TellsCost):
            raise UsageError(
                f"train.method: {name} (plugin {train.plugin}) does not tell what its training costs, so nothing can be planned; "
                "plan another method (`--set 'train={method: …}'`), or run the suite"
            )
        if probe and train.devices > 1:
            raise UsageError(
                f"a probe trains on one device, and train.devices is {train.devices}; leave --probe out, or say `--set train.devices=1`"
            )
        if probe and not isinstance(method, ProbesCost):
            raise UsageError(f"train.method: {name} (plugin {train.plugin}) trains no probe; leave --probe out")
        data = list(takewhile(lambda stage: not isinstance(stage, SearchRound | Train), stages))
        nodes = Nodes(bench, folder, _now, EarlierRuns(runs), None, watcher=_Watcher(shown))
        nodes.work(data, Plan(suite.name, folder.path, tuple(stage.name for stage in data), (), suite.seed, offline))
        with _job(train, folder) as job:
            own = _Asked(name, train.plugin, train.method.who, method, job).plan(probe=probe)
            others, unplanned = _others(suite, bench, job) if methods else ([], {})
        records = [record for stage in data if (record := folder.record(stage.name)) is not None]
        taken = dict.fromkeys(record.taken_from for record in records if record.taken_from)
        whole = all(record.taken_from for record in records)
        return TrainingPlan(
            suite.name,
            len(suite.training_seeds),
            train.devices,
            own,
            tuple(others),
            unplanned,
            tuple(taken) if whole else (),
        )


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())


def _now() -> datetime:
    return datetime.now(UTC)


class _Watcher:
    """Told of the stages in the host's place: what is planned is no run, so nobody else is."""

    def __init__(self, shown: Shown | None) -> None:
        self._shown = shown

    def run_started(self, plan: Plan) -> None:
        """Nothing is."""

    def step_logged(self, step: Step) -> None:
        """Show it."""
        if self._shown is not None:
            self._shown.seatrial_step_logged(step)

    def stage_finished(self, record: Record) -> None:
        """Show it."""
        if self._shown is not None:
            self._shown.seatrial_stage_finished(record)


@contextmanager
def _job(train: Train, folder: RunFolder) -> Iterator[TrainingJob]:
    """The training's job, with folders that are thrown away."""
    given = folder.finished("decontaminate")
    assert given is not None  # the stages were worked
    rows: dict[str, Rows] = {name: open_rows(given[1].files[name]) for name in ("train", "validation")}
    if not len(rows["train"]):
        raise UsageError(
            "the filters and the split leave no train row, so there is nothing to plan; `seatrial data` tells why"
        )
    places = {name: folder.path / "planned" / name for name in ("output", "checkpoints")}
    for place in places.values():
        place.mkdir(parents=True)
    yield TrainingJob(
        target=train.model.target,
        model=train.model.trainable(),
        train=rows["train"],
        validation=rows["validation"],
        output=places["output"],
        checkpoints=places["checkpoints"],
        seed=train.seed,
        log=_unheard,
        devices=train.devices,
        parallel=train.parallel,
    )


def _unheard(values: Mapping[str, float]) -> None:
    """A probe's steps are nobody's."""
    del values


def _others(suite: Suite, bench: Workbench, job: TrainingJob) -> tuple[list[MethodPlan], dict[str, str]]:
    """The other installed methods that train what the loader gives, with the suite's options as far as they take them; and
    why nothing is said of some.
    """
    assert suite.train is not None
    plans: list[MethodPlan] = []
    unplanned: dict[str, str] = {}
    provides = bench.on_trial().provides(None)
    for name in bench.host.names("methods"):
        provided = bench.provided("methods", name)
        if name == suite.train.name or provided.component.needs - provides:
            continue
        try:
            taken = bench.validated("methods", name, {})
            shared = dict(_shared(suite.train.options, name, taken, bench))
            recipe = bench.recipe("methods", name, taken | shared)
            plans.append(_Asked(name, provided.distribution, recipe.who, bench.made(recipe), job).plan())
        except (UsageError, TrainingError) as error:
            unplanned[name] = str(error)
    return plans, unplanned


def _shared(
    options: Mapping[str, Any], name: str, taken: Mapping[str, Any], bench: Workbench
) -> Iterator[tuple[str, Any]]:
    """Those of the options that another method takes too, with their values."""
    for key in options.keys() & taken.keys() - _OWN:
        try:
            bench.validated("methods", name, {key: options[key]})
        except PluginError:  # it calls something else so
            continue
        yield key, options[key]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A method, and what it is asked of."""

    name: str
    plugin: str
    who: str
    method: object
    job: TrainingJob

    def plan(self, *, probe: bool = False) -> MethodPlan:
        """What it takes.

        Raises:
            UsageError: it tells no cost, or cannot be trained with its options.
        """
        if not isinstance(self.method, TellsCost):
            raise UsageError(f"{self.name} (plugin {self.plugin}) does not tell what its training costs")
        with blame("plan", self.who, self.plugin):
            cost = self._checked(self.method.cost(self.job), TrainingCost)
            probed = None
            if probe:
                assert isinstance(self.method, ProbesCost)
                probed = self._checked(self.method.probe(self.job, cost), Probed)
        plan = MethodPlan(self.name, self.plugin, cost, (), probed)
        cards = tuple(_on(card, plan) for card in CARDS) if cost.device == "cuda" else ()
        return replace(plan, cards=self._with_lighter(cards))

    def _with_lighter(self, cards: Sequence[OnCard]) -> tuple[OnCard, ...]:
        """Each card that it does not fit on with the first change by which it would."""
        lacking = [one for one in cards if one.fit != "fits"]
        if not lacking or not isinstance(self.method, TellsLighter):
            return tuple(cards)
        found: dict[str, Lighter] = {}
        with blame("plan", self.who, self.plugin):
            for lighter in self.method.lighter(self.job):
                for one in lacking:
                    if one.card.name not in found and one.card.fit(lighter.cost.peak) == "fits":
                        found[one.card.name] = lighter
                if len(found) == len(lacking):
                    break
        return tuple(replace(one, lighter=found.get(one.card.name)) for one in cards)

    def _checked(self, given: object, kind: type) -> Any:
        if not isinstance(given, kind):
            raise ContractError(f"{self.who} gave a {type(given).__name__} where it must give a {kind.__name__}")
        return given


def _on(card: Card, plan: MethodPlan) -> OnCard:
    """A training on a card."""
    measured = _calibrated(plan.cost, plan.probed, card) if _is(card, plan.probed) else None
    seconds = card.training_seconds(plan.cost) if measured is None else measured
    return OnCard(card, card.fit(plan.peak), seconds, measured is not None)


def _is(card: Card, probed: Probed | None) -> bool:
    return probed is not None and card_named(probed.device) == card


def _like(probed: Probed | None) -> Card:
    """The card that was probed; of a device that is not listed, one by whose rates its steps are weighed against each other."""
    return (card_named(probed.device) if probed else None) or CARDS[-1]


def _calibrated(cost: TrainingCost, probed: Probed | None, card: Card) -> float | None:
    """The seconds of a training whose probed steps took so long: all steps cost as much more, or less, than was estimated."""
    if probed is None:
        return None
    estimated = sum(card.seconds(cost.steps[step]) for step in probed.steps)
    share = probed.seconds / max(estimated, 1e-12)
    worked = sum(map(card.seconds, cost.steps)) + card.seconds(cost.validation)
    return share * worked + probed.starting + cost.written / DISK
