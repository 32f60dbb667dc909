"""From a suite to the nodes that carry it out: every source resolved, every component built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError
from seatrial.evaluation.scorer import Compares, ReadsFiles
from seatrial.model import Product
from seatrial.plugin.component import ProbeComponent, ScorerComponent
from seatrial.runs.asked_model import AskedModel
from seatrial.runs.asking import Asking
from seatrial.runs.baselines import Baselines
from seatrial.runs.data_plan import data_stages
from seatrial.runs.environment import hardware
from seatrial.runs.judging import data_gates, judge_data, judge_run, write_judgement
from seatrial.runs.keys import canonical
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.saved import load_result
from seatrial.runs.searching.space import refuse_impossible
from seatrial.runs.searching.study import refuse_without_optuna
from seatrial.runs.searching.trying import Base
from seatrial.runs.since import with_since
from seatrial.runs.stages import StageWork, blame
from seatrial.runs.stages.export import Export
from seatrial.runs.stages.finalists import Finalists
from seatrial.runs.stages.gate import GateNode
from seatrial.runs.stages.report import NamedReport, ReportNode
from seatrial.runs.stages.score import ScoreNode
from seatrial.runs.stages.search import search_rounds
from seatrial.runs.stages.train import Train
from seatrial.runs.stages.transcribe import Transcribe
from seatrial.runs.stages.verify_training import VerifyTraining
from seatrial.runs.store import digest_json, digest_path
from seatrial.runs.systems import SystemPlan
from seatrial.runs.task_plan import TaskPlan
from seatrial.runs.workbench import Workbench
from seatrial.training import SharesTraining

if TYPE_CHECKING:
    from seatrial.runs.recipe import Recipe
    from seatrial.suite.file import Chosen, Suite

__all__ = ["plan_data_stages", "plan_stages"]


def plan_stages(suite: Suite, bench: Workbench, folder: RunFolder) -> list[StageWork]:
    """The nodes of a run, in order. Weights are converted here if they need it; nothing else is computed.

    Raises:
        UsageError: a source cannot be resolved, or a component cannot be built with its options.
    """
    if suite.model is None:
        raise UsageError(
            f"suite {suite.name} names no model to put on trial; add `model:`, or run its data stages alone: seatrial data"
        )
    return _Planner(suite, bench).stages(folder)


def plan_data_stages(suite: Suite, bench: Workbench, folder: RunFolder) -> list[StageWork]:
    """The data stages of a run alone, in order, and what hands on what they leave: the dataset's files, the verdict on the
    data where gates hold it, and the reports.

    Raises:
        UsageError: a source cannot be resolved, or a component cannot be built with its options.
    """
    bench.set_model(suite.model, suite.date)
    stages = [*data_stages(suite, bench), Export(suite.data.sets)]
    gates = data_gates(suite, bench.host)
    if not gates:
        return [*stages, _report(suite, bench, folder, inputs=("export",))]

    def judge(run: RunFolder) -> Any:
        scores, verdict = judge_data(run, suite, bench.host)
        write_judgement(run, scores, verdict)
        return scores, verdict

    gate = _gate(gates, bench, judge, inputs=tuple(stage.name for stage in stages))
    return [*stages, gate, _report(suite, bench, folder, inputs=("export", "gate"))]


def _gate(gates: Sequence[Chosen], bench: Workbench, judge: Any, *, inputs: tuple[str, ...]) -> GateNode:
    recipes = [bench.recipe("gates", chosen.name, chosen.options) for chosen in gates]
    return GateNode([chosen.resolved() for chosen in gates], recipes, judge, inputs)


def _report(suite: Suite, bench: Workbench, folder: RunFolder, *, inputs: tuple[str, ...]) -> ReportNode:
    reports = []
    for chosen in suite.report:
        recipe = bench.recipe("reports", chosen.name, chosen.options)
        provided = bench.provided("reports", chosen.name)
        reports.append(NamedReport(chosen.name, provided.distribution, recipe, bench.made(recipe)))
    return ReportNode(reports, lambda: with_since(load_result(folder.path, bench.host), suite, bench.host), inputs)


class _Planner:
    """The plan of one run."""

    def __init__(self, suite: Suite, bench: Workbench) -> None:
        self._suite = suite
        self._bench = bench
        bench.set_model(suite.model, suite.date)
        asked = dict.fromkeys(self._asked())
        self._data = data_stages(
            suite, bench, asked=tuple(asked)
        )  # before weights are converted, which may take minutes
        self._model = bench.on_trial()
        self._remarks: tuple[str, ...] = ()
        self._brought = self._bring()
        self._hardware = digest_json(hardware())
        self._baselines = Baselines(bench.made, suite.seed)
        bench.closing.callback(self._baselines.close)
        self._askings: dict[str, Asking] = {}
        self._transcribed: dict[tuple[str, str], Transcribe] = {}

    def stages(self, folder: RunFolder) -> list[StageWork]:
        trained = list(self._training())
        scores = [self._score(chosen) for chosen in self._suite.score]
        # A model is opened once for all that it is asked; classifiers come last, since they may be fitted beside it.
        order = {"tuned": 0, "base": 1, "fewshot": 2, "baseline": 3}
        asked = sorted(self._transcribed.values(), key=lambda node: (order[node.system.kind], str(node.system.seed)))
        before: list[StageWork] = [*self._data, *trained, *asked, *scores]

        def judge(run: RunFolder) -> Any:
            found, verdict = judge_run(run, self._suite, self._bench.host)
            write_judgement(run, found, verdict)
            return found, verdict

        gate = _gate(self._suite.gates, self._bench, judge, inputs=tuple(node.name for node in before))
        return [*before, gate, _report(self._suite, self._bench, folder, inputs=("gate",))]

    # ---- training -------------------------------------------------------------------------------------------------

    def _bring(self) -> Product | None:
        """The product that the suite brings, looked at before anything is read."""
        assert self._suite.model is not None
        address = self._suite.model.adapter
        if address is None:
            return None
        folder = self._bench.resolve(address, "model").path
        product = Product("adapter", folder, digest_path(folder))
        self._remarks = self._model.check(product)
        return product

    def _training(self) -> Iterator[StageWork]:
        chosen, on = self._suite.train, next(iter(self._asked()), "test")
        if chosen is None:
            if self._brought is not None:
                yield VerifyTraining(self._model, on, brought=self._brought, remarks=self._remarks)
            return
        method = self._bench.recipe("methods", chosen.name, chosen.options)
        needs, provides = self._bench.provided("methods", chosen.name).component.needs, self._model.provides(None)
        if lacks := sorted(needs - provides):
            raise UsageError(
                f"train: the method {chosen.name} needs {', '.join(lacks)}, which {self._model.recipe.who} does not provide "
                f"for {self._model.address}"
            )
        if self._suite.search is not None:
            yield from self._searching(method)
        devices = self._devices(chosen)
        apart = self._apart(chosen, method, devices)
        for seed in self._suite.training_seeds:
            train = Train(
                method=method,
                model=self._model,
                seed=seed,
                hardware=self._hardware,
                plugin=self._bench.provided("methods", chosen.name).distribution,
                make=self._bench.made_once,
                searched=self._suite.search is not None,
                devices=devices,
                apart=apart,
                parallel=chosen.parallel,
                leader=self._bench.leader,
            )
            yield train
            yield VerifyTraining(self._model, on, seed, inputs=("decontaminate", train.name))

    def _searching(self, method: Recipe) -> Iterator[StageWork]:
        """The rounds of the search, and the finalists."""
        search, chosen = self._suite.search, self._suite.train
        assert search is not None
        assert chosen is not None
        refuse_without_optuna()
        refuse_impossible(search, method, self._bench.made)
        base = Base(self._model)
        self._bench.closing.callback(base.close)
        parts: dict[str, Any] = {
            "method": method,
            "model": self._model,
            "seed": self._suite.seed,
            "hardware": self._hardware,
            "plugin": self._bench.provided("methods", chosen.name).distribution,
            "make": self._bench.made,
            "base": base,
        }
        rounds = list(search_rounds(search, **parts))
        yield from rounds
        yield Finalists(
            search=search, count=search.finalists, rounds=tuple((one.name, one.first) for one in rounds), **parts
        )

    def _devices(self, chosen: Chosen) -> int:
        """How many processes share a training."""
        leader = self._bench.leader
        if leader is None:
            return chosen.devices or 1
        world = leader.launch.world
        component = self._bench.provided("methods", chosen.name).component
        if chosen.parallel not in component.parallel:
            raise UsageError(
                f"train.method: a training by {chosen.name} cannot be shared by a launcher's WORLD_SIZE={world} processes as "
                f"{chosen.parallel!r}; start seatrial alone"
            )
        if chosen.devices not in {None, world}:
            raise UsageError(
                f"train.devices is {chosen.devices}, and the launcher started WORLD_SIZE={world} processes; leave `devices` out, or "
                f"start {chosen.devices}"
            )
        return world

    def _apart(self, chosen: Chosen, method: Recipe, devices: int) -> int:
        """How many processes draw apart in a training; as many as there are where a search has yet to say how it is trained."""
        if devices == 1 or self._suite.search is not None:
            return devices
        made = self._bench.made_once(method)
        with blame("train", method.who, self._bench.provided("methods", chosen.name).distribution):
            return devices if isinstance(made, SharesTraining) and made.draws(self._model.trainable()) else 1

    def _asked(self) -> list[str]:
        """The evaluation sets that scorers ask."""
        brings = {
            name
            for name in self._bench.host.names("scorers")
            if self._bench.provided("scorers", name).component.brings_rows
        }
        return list(dict.fromkeys(chosen.on for chosen in self._suite.score if chosen.name not in brings))

    # ---- scoring --------------------------------------------------------------------------------------------------

    def _score(self, chosen: Chosen) -> ScoreNode:
        provided = self._bench.provided("scorers", chosen.name)
        component: ScorerComponent[Any] = provided.component
        recipe = self._bench.recipe("scorers", chosen.name, chosen.options)
        scorer = self._bench.made_once(recipe)  # what its options make impossible is said before anything runs
        asking = self._asking(
            chosen, component, recipe if component.draws or component.brings_rows else None, provided.distribution
        )
        self._able(chosen, asking)
        systems = [system for kind in chosen.systems for system in self._systems(kind)]
        nodes = [self._transcribe(asking, system) for system in systems]
        asked = [one for part in recipe.parts.values() if isinstance(one := self._bench.made_once(part), AskedModel)]
        if isinstance(scorer, Compares) and scorer.against == self._suite.subject:
            raise UsageError(
                f"score: the scorer {chosen.alias} compares {scorer.against}, which is on trial, with itself; name another system "
                "under `against`"
            )
        if isinstance(scorer, Compares) and scorer.against not in {system.name for system in systems}:
            raise UsageError(
                f"score: the scorer {chosen.alias} compares with {scorer.against!r}; the systems that it is asked of are "
                f"{', '.join(dict.fromkeys(system.name for system in systems))} (`systems:`, `baselines:`, `fewshot:`)"
            )
        return ScoreNode(
            alias=chosen.alias,
            scorer=recipe,
            task=asking.task,
            systems=systems,
            files=dict(scorer.reads) if isinstance(scorer, ReadsFiles) else {},
            subject=self._suite.subject,
            component=component,
            plugin=provided.distribution,
            inputs=("read", "decontaminate", *(node.name for node in nodes)),
            make=self._bench.made_once,
            reusable=all(model.steady for model in asked),
            warnings=tuple(
                f"it asks {model.address}, which is the model on trial, or its base: where that judges answers, it prefers what it "
                "would write itself (self-preference); name another one"
                for model in asked
                if model.target.identity == self._model.target.identity
            ),
        )

    def _asking(self, chosen: Chosen, component: ScorerComponent[Any], draws: Any, plugin: str) -> Asking:
        probe: ProbeComponent[Any] = self._bench.provided("probes", component.probe).component
        options = self._bench.validated("probes", component.probe, component.asks(**chosen.options))
        task = TaskPlan(
            on=chosen.alias if component.brings_rows else chosen.on,
            samples=chosen.samples,
            fewshot=chosen.fewshot,
            seed=self._suite.seed,
            asks_rows=probe.asks_rows,
            draws=draws,
            tables=component.draws,
            brought=component.brings_rows,
            plugin=plugin,
        )
        asking = Asking(
            task=task,
            probe=self._bench.recipe("probes", component.probe, options),
            piece=probe.piece,
            needs=probe.needs,
            plugin=self._bench.provided("probes", component.probe).distribution,
        )
        return self._named(asking, component.probe if draws is None else chosen.alias)

    def _named(self, asking: Asking, probe: str) -> Asking:
        """The asking under its name; scorers that ask alike share one."""
        key = digest_json(canonical(asking))
        if key not in self._askings:
            stem = f"{asking.task.on}.{probe}" + (f"-{asking.task.fewshot}shot" if asking.task.fewshot else "")
            taken = {one.name for one in self._askings.values()}
            name = next(name for name in _numbered(stem) if name not in taken)
            self._askings[key] = replace(asking, name=name)
        return self._askings[key]

    def _able(self, chosen: Chosen, asking: Asking) -> None:
        """Refuse what the model itself, not only its loader, cannot do."""
        for kind in chosen.systems:
            if kind == "baseline" or not asking.needs:
                continue
            provides = self._model.provides(self._product_kind() if kind == "tuned" else None)
            if not asking.needs & provides:
                raise UsageError(
                    f"score: the scorer {chosen.alias} needs a model that {' or '.join(sorted(asking.needs))}; "
                    f"{self._model.address} ({self._model.recipe.who}) provides: {', '.join(sorted(provides)) or 'nothing'}"
                )

    def _product_kind(self) -> Any:
        if self._brought is not None:
            return self._brought.kind
        assert self._suite.train is not None
        method = self._bench.recipe("methods", self._suite.train.name, self._suite.train.options)
        return self._bench.made_once(method).product

    def _systems(self, kind: str) -> list[SystemPlan]:
        suite = self._suite
        if kind == "tuned":
            if self._brought is not None:
                return [SystemPlan("tuned", "tuned", product=self._brought)]
            return [SystemPlan("tuned", "tuned", seed=seed) for seed in suite.training_seeds]
        if kind == "base":
            return [SystemPlan("base", "base")]
        if kind == "fewshot":
            return [SystemPlan("fewshot", f"base-{suite.fewshot}shot", fewshot=suite.fewshot)] if suite.fewshot else []
        found = []
        for chosen in suite.baselines:
            plugin = self._bench.provided("baselines", chosen.name).distribution
            recipe = self._bench.recipe("baselines", chosen.name, chosen.options)
            self._baselines.expect(chosen.name, plugin, recipe)
            found.append(SystemPlan("baseline", chosen.name, baseline=recipe, plugin=plugin))
        return found

    def _transcribe(self, asking: Asking, system: SystemPlan) -> Transcribe:
        key = (asking.name, system.instance)
        if key not in self._transcribed:
            tuned = system.kind == "tuned"
            verify = "verify_training" if system.seed is None else f"verify_training[seed={system.seed}]"
            train = () if system.seed is None else (f"train[seed={system.seed}]",)
            self._transcribed[key] = Transcribe(
                asking=asking,
                system=system,
                model=None if system.kind == "baseline" else self._model,
                hardware=self._hardware,
                inputs=("read", "decontaminate", *train, *((verify,) if tuned else ())),
                make=self._bench.made_once,
                baselines=self._baselines,
            )
        return self._transcribed[key]


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
