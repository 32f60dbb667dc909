"""From a suite to the stages that carry it out: every source resolved, every component built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError
from seatrial.model import LanguageModel
from seatrial.runs.baselines import NamedBaseline
from seatrial.runs.data_plan import data_stages
from seatrial.runs.saved import data_gates, judge_data, judge_run, load_result, write_judgement
from seatrial.runs.stages import StageWork
from seatrial.runs.stages.export import Export
from seatrial.runs.stages.gate import Gate
from seatrial.runs.stages.report import NamedReport, Report
from seatrial.runs.stages.score import Score
from seatrial.runs.stages.train import Train
from seatrial.runs.stages.verify_training import VerifyTraining
from seatrial.runs.store import RunFolder
from seatrial.runs.workbench import Workbench

if TYPE_CHECKING:
    from seatrial.suite.file import Chosen, ModelChoice, Suite

__all__ = ["plan_data_stages", "plan_stages"]


def plan_stages(suite: Suite, bench: Workbench, folder: RunFolder) -> list[StageWork]:
    """The stages of a run, in order. Weights are converted here if they need it; nothing else is computed.

    Raises:
        UsageError: a source cannot be resolved, or a component cannot be built with its options.
    """
    if suite.model is None:
        raise UsageError(
            f"suite {suite.name} names no model to put on trial; add `model:`, or run its data stages alone: seatrial data"
        )
    return _Planner(suite, suite.model, bench).stages(folder)


def plan_data_stages(suite: Suite, bench: Workbench, folder: RunFolder) -> list[StageWork]:
    """The data stages of a run alone, in order, and what hands on what they leave: the dataset's files, the verdict on the
    data where gates hold it, and the reports.

    Raises:
        UsageError: a source cannot be resolved, or a component cannot be built with its options.
    """
    bench.set_model(suite.model)
    stages = [*data_stages(suite, bench, scored=False), Export()]
    gates = data_gates(suite, bench.host)
    if not gates:
        return [*stages, _report(suite, bench, folder, after=("export",))]

    def judge(run: RunFolder) -> Any:
        scores, verdict = judge_data(run, suite, bench.host)
        write_judgement(run, scores, verdict)
        return scores, verdict

    gate = Gate(judge, [chosen.resolved() for chosen in gates], after=tuple(stage.name for stage in stages))
    return [*stages, gate, _report(suite, bench, folder, after=("export", "gate"))]


def _report(suite: Suite, bench: Workbench, folder: RunFolder, *, after: tuple[str, ...]) -> Report:
    reports = [
        NamedReport(
            chosen.name,
            bench.provided("reports", chosen.name).distribution,
            bench.provided("reports", chosen.name).version,
            bench.build("reports", chosen.name, chosen.options),
            chosen.options,
        )
        for chosen in suite.report
    ]
    return Report(reports, lambda: load_result(folder.path, bench.host), after=after)


class _Planner:
    def __init__(self, suite: Suite, model: ModelChoice, bench: Workbench) -> None:
        self._suite = suite
        self._bench = bench
        self._loader_options = model.loader.options
        bench.set_model(model)
        self._data = data_stages(suite, bench, scored=True)  # before weights are converted, which may take minutes
        self._adapter = bench.adapter(model.adapter) if model.adapter else None
        self._files = bench.files()

    def stages(self, folder: RunFolder) -> list[StageWork]:
        stages = [*self._data]
        if self._suite.train:
            stages.append(self._train(self._suite.train))
        if self._suite.tunes:
            stages.append(VerifyTraining(self._load_tuned, self._adapter))
        stages += [self._score(chosen) for chosen in self._suite.score]
        return [*stages, *self._closing(folder, [stage.name for stage in stages])]

    # ---- model ----------------------------------------------------------------------------------------------------

    def _load(self, adapter: Path | None) -> LanguageModel:
        return self._bench.model(adapter)

    def _load_tuned(self, adapter: Path) -> LanguageModel:
        return self._bench.model(adapter)

    def _train(self, chosen: Chosen) -> Train:
        provided = self._bench.provided("trainers", chosen.name)
        return Train(
            method=chosen.name,
            plugin=provided.distribution,
            version=provided.version,
            trainer=self._bench.build("trainers", chosen.name, chosen.options),
            options=chosen.options,
            model=self._files,
            loader=self._loader_options,
            seed=self._suite.seed,
        )

    def _score(self, chosen: Chosen) -> Score:
        provided = self._bench.provided("scorers", chosen.name)
        component = provided.component
        return Score(
            alias=chosen.alias,
            component=component,
            plugin=provided.distribution,
            version=provided.version,
            scorer=self._bench.build("scorers", chosen.name, chosen.options),
            options=chosen.options,
            systems=chosen.systems,
            split=chosen.split,
            limit=chosen.samples,
            load=self._load,
            adapter=self._adapter,
            trains=self._suite.train is not None,
            baselines=self._baselines() if component.baselines else [],
            make=self._bench.made,
            fewshot=self._suite.fewshot,
            model_digest=self._files.digest,
            loader=self._loader_options,
            seed=self._suite.seed,
        )

    def _baselines(self) -> list[NamedBaseline]:
        return [
            NamedBaseline(
                chosen.name,
                self._bench.provided("baselines", chosen.name).distribution,
                self._bench.recipe("baselines", chosen.name, chosen.options),
            )
            for chosen in self._suite.baselines
        ]

    # ---- verdict --------------------------------------------------------------------------------------------------

    def _closing(self, folder: RunFolder, before: Sequence[str]) -> list[StageWork]:
        suite, host = self._suite, self._bench.host

        def judge(run: RunFolder) -> Any:
            scores, verdict = judge_run(run, suite, host)
            write_judgement(run, scores, verdict)
            return scores, verdict

        gates = [chosen.resolved() for chosen in suite.gates]
        return [
            Gate(judge, gates, after=tuple(before)),
            _report(suite, self._bench, folder, after=("gate",)),
        ]
