"""Every hook of seatrial, in the order in which a run meets them.

A plugin is a module (or object) with functions of these names, marked `@seatrial.hookimpl`, and an entry point in the
group `seatrial`:

    # pyproject.toml
    [project.entry-points.seatrial]
    shouting = "shouting"

    # shouting.py
    from seatrial import FilterComponent, Finding, Rule, hookimpl

    class Shouting:
        def inspect(self, rows):
            return [Finding(row.id, "capitals") for row in rows if row.text.isupper()]

    @hookimpl
    def seatrial_filters():
        yield FilterComponent(
            "shouting", Shouting, "Drops rows in capitals.", rules=(Rule("capitals", "All capitals."),)
        )

There are three sorts. **Bringing** hooks are called once, before a suite is read, and return components, each kind with
its own descriptor (`seatrial.plugin.kinds`); they must be quick and import nothing heavy. A **wrapping** hook surrounds
every node of a run. **Watching** hooks are told what happens; they
may change nothing, and one that raises is reported as a warning and does not stop the run. From every hook, None means
"nothing from me". The order of work is the suite's, never the order in which plugins were loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Protocol

import pluggy

from seatrial.blocks import Block
from seatrial.data.filters import Filter
from seatrial.evaluation.probe import Probe
from seatrial.evaluation.scorer import Scorer
from seatrial.model import Baseline, Detector, Encoder, Loader
from seatrial.plugin.component import (
    Component,
    FilterComponent,
    GateComponent,
    LoaderComponent,
    MethodComponent,
    ProbeComponent,
    ScorerComponent,
)
from seatrial.runs.events import Artifact, Failure, Plan, Record, Stage, Step
from seatrial.runs.result import Report, Result
from seatrial.runs.tracker import Tracker
from seatrial.sources import Reader, Source
from seatrial.training import Method
from seatrial.verdict import Gate

__all__ = ["Hooks", "hookimpl"]

hookspec = pluggy.HookspecMarker("seatrial")
hookimpl = pluggy.HookimplMarker("seatrial")
"""Marks a function as a plugin's answer to a hook."""


class Hooks(Protocol):
    """The contract between the host and its plugins."""

    # ---- bringing -------------------------------------------------------------------------------------------------

    @hookspec
    def seatrial_suites(self) -> Iterable[Path]:
        """Folders with suites (`*.yaml`) that can then be run by their name.

        Called once. None: no suites.

            @hookimpl
            def seatrial_suites():
                return [Path(__file__).parent / "suites"]
        """
        ...

    @hookspec
    def seatrial_sources(self) -> Iterable[Component[Source]]:
        """Places that data and weights come from; the component's name is the scheme of `scheme:rest`.

        Called once. None: no sources.

            @hookimpl
            def seatrial_sources():
                yield Component("s3", S3Source, "Objects of a bucket: s3:bucket/key.")
        """
        ...

    @hookspec
    def seatrial_readers(self) -> Iterable[Component[Reader]]:
        """File formats. A reader is chosen by name in the suite, else by the file's ending.

        A record of a file that breaks off says `lost=True` (`RawRecord`): a run warns of that, and `data/broken_files` counts
        it.

        Called once. None: no readers.

            @hookimpl
            def seatrial_readers():
                yield Component("ini", IniReader, "INI files, a record a section.")
        """
        ...

    @hookspec
    def seatrial_filters(self) -> Iterable[FilterComponent[Filter]]:
        """Rules about rows: cleaning, duplicates, leakage, toxicity, privacy. `place` says where in a run it stands.

        Called once. None: no filters.

            @hookimpl
            def seatrial_filters():
                yield FilterComponent("shouting", Shouting, "Drops rows in capitals.", rules=(Rule("capitals", "…"),))
        """
        ...

    @hookspec
    def seatrial_encoders(self) -> Iterable[Component[Encoder]]:
        """Text → vector, named by other components' options.

        Called once. None: no encoders.

            @hookimpl
            def seatrial_encoders():
                yield Component("e5", E5, "intfloat/e5-small, 384 dimensions.")
        """
        ...

    @hookspec
    def seatrial_detectors(self) -> Iterable[Component[Detector]]:
        """Text → probabilities of labels such as toxicity, named by other components' options.

        Called once. None: no detectors.

            @hookimpl
            def seatrial_detectors():
                yield Component("house-rules", HouseRules, "Our moderation model.")
        """
        ...

    @hookspec
    def seatrial_models(self) -> Iterable[LoaderComponent[Loader]]:
        """Ways to open a model; a suite says `model: {loader: NAME}`, or the address's scheme decides.

        Called once. None: no loaders.

            @hookimpl
            def seatrial_models():
                yield LoaderComponent("mlx", MlxLoader, "Apple MLX.", provides=frozenset({"generates"}))
        """
        ...

    @hookspec
    def seatrial_methods(self) -> Iterable[MethodComponent[Method]]:
        """Training methods; a suite says `train: {method: NAME}`.

        Called once. None: no methods.

            @hookimpl
            def seatrial_methods():
                yield MethodComponent("ia3", IA3, "(IA)³ adapters.")

        A method that tells its `cost`, too (`seatrial.training.TellsCost`), is one that `seatrial plan` can plan.
        """
        ...

    @hookspec
    def seatrial_baselines(self) -> Iterable[Component[Baseline]]:
        """Cheap classifiers that a tuned model has to beat on the same rows.

        Called once. None: no baselines.

            @hookimpl
            def seatrial_baselines():
                yield Component("majority", Majority, "The most frequent label of the train rows.")
        """
        ...

    @hookspec
    def seatrial_probes(self) -> Iterable[ProbeComponent[Probe]]:
        """Ways to put a task to a system; scorers name them.

        Called once. None: no probes.

            @hookimpl
            def seatrial_probes():
                yield ProbeComponent("converse", Converse, "Scripted dialogues.", needs=frozenset({"generates"}))

        Each transcript of a list has `responses` of its own: one list in two of them is refused, also where it was shared on
        purpose, for what is written into it for the last row would be said of every row.
        """
        ...

    @hookspec
    def seatrial_scorers(self) -> Iterable[ScorerComponent[Scorer]]:
        """Judgements of what systems answered: accuracy, robustness, safety, efficiency.

        Called once. None: no scorers.

            @hookimpl
            def seatrial_scorers():
                yield ScorerComponent(
                    "politeness", Politeness, "Thanks and pleases.", probe="generate", dimension="safety", metrics=(POLITE,)
                )

        Each sample of a list has `values` of its own, `dict(WRONG)` where a constant says them: one mapping in two samples is
        refused, also where it was shared on purpose, for what is written into it for the last row would be said of every row.
        """
        ...

    @hookspec
    def seatrial_gates(self) -> Iterable[GateComponent[Gate]]:
        """Ways to hold a metric against a condition; a suite says `gate: NAME`.

        Called once. None: no gates.

            @hookimpl
            def seatrial_gates():
                yield GateComponent("worst-slice", WorstSlice, "The floor holds in every slice.")
        """
        ...

    @hookspec
    def seatrial_reports(self) -> Iterable[Component[Report]]:
        """Kinds of report; a suite lists them under `report:`.

        One that is about the model and not about the run is a `ReportComponent` that `describes` a "model": it goes with what
        is exported.

        Called once. None: no reports.

            @hookimpl
            def seatrial_reports():
                yield Component("csv", CsvReport, "The scores as CSV.")
        """
        ...

    @hookspec
    def seatrial_trackers(self) -> Iterable[Component[Tracker]]:
        """Services that keep runs beside each other; a suite lists them under `tracking:`.

        Each works in a process of its own (`seatrial.runs.tracker.Tracker`): a run is not slowed by it, and heeds nothing that
        happens there.

        Called once. None: no trackers.

            @hookimpl
            def seatrial_trackers():
                yield Component("logbook", Logbook, "The house's logbook.", imports={"logbook": "logbook-client"})
        """
        ...

    # ---- wrapping -------------------------------------------------------------------------------------------------

    @hookspec(firstresult=True)
    def seatrial_run_stage(self, stage: Stage, given: Artifact, work: Callable[[Artifact], Artifact]) -> Artifact:
        """Surrounds a node that is about to be worked; not called for one whose result is still valid.

        Called once a node. The host holds the only plain implementation, which calls `work`, so a plugin's must be a
        wrapper; it returns the artifact that it was given, or a replacement.

            @hookimpl(wrapper=True)
            def seatrial_run_stage(stage, given):
                with energy_meter(stage.name):
                    return (yield)
        """
        ...

    # ---- watching -------------------------------------------------------------------------------------------------

    @hookspec
    def seatrial_run_started(self, plan: Plan) -> None:
        """A run is about to start or to go on. Called once a process.

        @hookimpl
        def seatrial_run_started(plan):
            tracker.start(name=plan.suite, config=plan.resolved)
        """
        ...

    @hookspec
    def seatrial_step_logged(self, step: Step) -> None:
        """A stage made progress, or training logged a step (`step.values`). Called often: be quick.

        @hookimpl
        def seatrial_step_logged(step):
            if step.values:
                tracker.log(step.values, step=step.done)
        """
        ...

    @hookspec
    def seatrial_stage_finished(self, record: Record) -> None:
        """A stage is done, or its earlier result was used (`record.resumed`). Called once a stage.

        @hookimpl
        def seatrial_stage_finished(record):
            tracker.log({f"seconds/{record.stage}": record.seconds})
        """
        ...

    @hookspec
    def seatrial_run_finished(self, result: Result) -> None:
        """The verdict is in and the reports are written. Called once; not called for a run that failed.

        A run of the data stages alone has no verdict.

        @hookimpl
        def seatrial_run_finished(result):
            tracker.finish(summary={"verdict": result.verdict.state if result.verdict else "data only"})
        """
        ...

    @hookspec
    def seatrial_run_failed(self, failure: Failure) -> None:
        """The run ends here with an error; the same command may go on from its last whole node. Called once.

        @hookimpl
        def seatrial_run_failed(failure):
            tracker.fail(f"{failure.stage}: {failure.message}")
        """
        ...

    @hookspec
    def seatrial_report_blocks(self, result: Result) -> Iterable[Block]:
        """What a plugin adds to the reports (`seatrial.blocks`). Called once, before they are written. None: nothing.

        @hookimpl
        def seatrial_report_blocks(result):
            yield Text("Energy", ["The run used 12 Wh."])
        """
        ...


StageWrapper = Generator[None, Artifact, Artifact]
"""What an implementation of `seatrial_run_stage` is: it yields once and returns an artifact."""
