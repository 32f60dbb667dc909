"""From a suite to the stages that carry it out: every source resolved, every component built."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.model import LanguageModel, ModelFiles, ModelLoader
from seatrial.store import RunFolder
from seatrial.trial.saved import judge_run, load_result, write_judgement
from seatrial.trial.stages import StageWork
from seatrial.trial.stages.clean import Clean, SuiteFilter
from seatrial.trial.stages.compare import Compare
from seatrial.trial.stages.gate import Gate
from seatrial.trial.stages.leakage import Leakage
from seatrial.trial.stages.prove import Prove
from seatrial.trial.stages.read import Input, NamedReader, Read
from seatrial.trial.stages.report import NamedReport, Report
from seatrial.trial.stages.score import NamedBaseline, Score
from seatrial.trial.stages.split import Split
from seatrial.trial.stages.train import Train
from seatrial.trial.workbench import Workbench

if TYPE_CHECKING:
    from seatrial.suite.file import Chosen, DataFile, Suite

__all__ = ["plan_stages"]


def plan_stages(suite: Suite, bench: Workbench, folder: RunFolder) -> list[StageWork]:
    """The stages of a run, in order. Weights are converted here if they need it; nothing else is computed.

    Raises:
        UsageError: a source cannot be resolved, or a component cannot be built with its options.
    """
    return _Planner(suite, bench).stages(folder)


class _Planner:
    def __init__(self, suite: Suite, bench: Workbench) -> None:
        self._suite = suite
        self._bench = bench
        self._files = self._model()
        self._adapter = bench.resolve(suite.model.adapter, "model").path if suite.model.adapter else None

    def _model(self) -> ModelFiles:
        chosen = self._suite.model.loader
        loader: ModelLoader = self._bench.build("models", chosen.name, chosen.options)
        resolved = self._bench.resolve(self._suite.model.source, "model")
        files = loader.prepare(resolved.path, resolved.address, self._bench.cache)
        self._bench.set_model(loader, files)
        return files

    def stages(self, folder: RunFolder) -> list[StageWork]:
        data = self._suite.data
        stages: list[StageWork] = [
            self._read(),
            Clean(self._filters("rows")),
            Compare(self._filters("corpus")),
            Split(
                test=data.split.test,
                validation=data.split.validation,
                by_cluster=data.split.by == "cluster",
                stratify=data.split.stratify,
                seed=self._suite.seed,
            ),
            Leakage(self._filters("splits")),
        ]
        if self._suite.train:
            stages.append(self._train(self._suite.train))
        if self._suite.tunes:
            stages.append(Prove(self._load_tuned, self._adapter))
        stages += [self._score(chosen) for chosen in self._suite.score]
        return [*stages, *self._closing(folder, [stage.name for stage in stages])]

    # ---- data -----------------------------------------------------------------------------------------------------

    def _read(self) -> Read:
        data = self._suite.data
        given = {"train": data.train, "validation": data.validation, "test": data.test}
        split_later = data.test is None
        inputs = [
            self._input(file, "" if split_later and split == "train" else split)
            for split, file in given.items()
            if file is not None
        ]
        named = {source.reader.name: source.reader.options for source in given.values() if source and source.reader}
        readers = {
            name: NamedReader(
                name,
                self._bench.provided("readers", name).distribution,
                self._bench.build("readers", name, named.get(name, {})),
                named.get(name, {}),
            )
            for name in self._bench.host.names("readers")
        }
        redacts = any(
            rule.action == "redact"
            for chosen in self._suite.filters
            for rule in self._bench.provided("filters", chosen.name).component.rules
        )
        return Read(inputs, readers, excerpts=not redacts)

    def _input(self, file: DataFile, split: str) -> Input:
        return Input(
            resolved=self._bench.resolve(file.source, "data"),
            split=split,
            reader=file.reader.name if file.reader else None,
            format=file.format,
            columns=file.columns,
            labels=file.labels,
            label_style=file.label_style,
            limit=file.limit,
        )

    def _filters(self, place: str) -> list[SuiteFilter]:
        return [
            self._filter(chosen)
            for chosen in self._suite.filters
            if self._bench.provided("filters", chosen.name).component.place == place
        ]

    def _filter(self, chosen: Chosen) -> SuiteFilter:
        provided = self._bench.provided("filters", chosen.name)
        return SuiteFilter(
            alias=chosen.alias,
            component=provided.component,
            plugin=provided.distribution,
            version=provided.version,
            filter=self._bench.build("filters", chosen.name, chosen.options),
            options=chosen.options,
            actions=chosen.action or None,
        )

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
            loader=self._suite.model.loader.options,
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
            fewshot=self._suite.fewshot,
            model_digest=self._files.digest,
            loader=self._suite.model.loader.options,
            seed=self._suite.seed,
        )

    def _baselines(self) -> list[NamedBaseline]:
        return [
            NamedBaseline(
                chosen.name,
                self._bench.provided("baselines", chosen.name).distribution,
                partial(self._bench.build, "baselines", chosen.name, chosen.options),
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

        reports = [
            NamedReport(
                chosen.name,
                self._bench.provided("reports", chosen.name).distribution,
                self._bench.provided("reports", chosen.name).version,
                self._bench.build("reports", chosen.name, chosen.options),
                chosen.options,
            )
            for chosen in suite.report
        ]
        gates = [chosen.resolved() for chosen in suite.gates]
        return [
            Gate(judge, gates, after=tuple(before)),
            Report(reports, lambda: load_result(folder.path, host), after=("gate",)),
        ]
