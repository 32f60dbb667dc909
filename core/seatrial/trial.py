"""A trial from Python: a suite run to its verdict, and a finished run with its tables, judged, scored and reported again.

    import seatrial

    trial = seatrial.run("suite.yaml", set={"train.r": 8})
    print(trial)                                  # the verdict, and where the report is
    trial.scores                                  # a data frame: a score a line, with n and interval
    trial.samples("choice", "tuned")              # a data frame: a sample a line
    trial.gate(set={"gates[0].min": 0.8}).verdict

Progress goes to the terminal, or below a notebook's cell. What is wrong is raised as a `seatrial.SeatrialError`; an
interrupted run goes on with the same call.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import seatrial
from seatrial.errors import StageError, UsageError, did_you_mean
from seatrial.plugin.host import Host
from seatrial.runs.result import Result
from seatrial.suite.parts import Suite

if TYPE_CHECKING:
    import pandas as pd

    from seatrial.model import Model
    from seatrial.runs.searching.found import Found
    from seatrial.runs.training_plan import TrainingPlan
    from seatrial.terminal.console import Mode
    from seatrial.verdict import Verdict

__all__ = ["Trial", "open_run", "plan", "run", "search"]

Overrides = Mapping[str, object] | Sequence[str] | None
"""`{"train.r": 8}`, or the arguments of `--set`: `["train.r=8"]`."""

_CONSOLE = "console"
"""What the plugin that shows progress is called."""


def run(
    suite: str | Path | Suite | Mapping[str, Any],
    *,
    set: Overrides = None,  # noqa: A002 - as the command line has it
    runs: str | Path = "runs",
    only_data: bool = False,
    fresh: bool = False,
    offline: bool = False,
    progress: bool = True,
    host: Host | None = None,
) -> Trial:
    """Run a suite to its verdict; a run that was interrupted goes on.

    Args:
        suite: A suite file, the name of an installed suite, or the keys of a suite file as a mapping.
        set: Keys to override: `{"train.r": 8}`.
        runs: Where run folders are made.
        only_data: Run the data stages alone: a cleaned dataset, the ledger and a report; the suite needs no model.
        fresh: Start anew, even if an unfinished run could go on, and take nothing of earlier ones.
        offline: Forbid the network to everything, for as long as the process lives.
        progress: Say how far the run is: bars in a terminal or a notebook, lines elsewhere.
        host: The loaded plugins; None loads all that are installed.

    Raises:
        UsageError: the suite is wrong (`SuiteError`: every mistake of it), or a source, plugin or option is; or this is one of
            several processes of a launcher.
        StageError: a stage failed; what came before it is kept, and the same call goes on from there.
    """
    from seatrial.runs.environment import set_offline, share_cores
    from seatrial.runs.run import run as to_the_verdict

    _refuse_launched()
    if offline:
        set_offline()
    share_cores()
    host = host or Host.load()
    chosen = _suite(suite, host, _arguments(set), only_data=only_data)
    with _watched(host, progress=progress):
        result = to_the_verdict(
            chosen, host, runs=Path(runs), fresh=fresh, offline=offline, only_data=only_data, command=("seatrial.run",)
        )
    return Trial(result, host)


def plan(
    suite: str | Path | Suite | Mapping[str, Any],
    *,
    set: Overrides = None,  # noqa: A002 - as `run` has it
    probe: bool = False,
    methods: bool = False,
    runs: str | Path = "runs",
    offline: bool = False,
    host: Host | None = None,
) -> TrainingPlan:
    """What a suite's training takes, before anything is loaded: memory, time and energy, and which cards it fits on.

    Args:
        suite: As for `run`.
        set: As for `run`.
        probe: Train a few steps on this machine's device, and go by what they take.
        methods: Plan the other installed methods too.
        runs: Where run folders are: the rows are taken from an earlier run, if one left them.
        offline: As for `run`.
        host: As for `run`.

    Raises:
        UsageError: the suite is wrong, trains nothing, its method tells no cost, or this is one of several processes of a
            launcher.
        StageError: a data stage failed, or rows cannot be trained on.
    """
    from seatrial.runs.environment import set_offline, share_cores
    from seatrial.runs.training_plan import plan_training

    _refuse_launched()
    if offline:
        set_offline()
    share_cores()
    host = host or Host.load()
    chosen = _suite(suite, host, _arguments(set), only_data=False)
    with _as_seatrial_errors():
        return plan_training(chosen, host, runs=Path(runs), offline=offline, probe=probe, methods=methods)


def search(
    suite: str | Path | Suite | Mapping[str, Any],
    *,
    set: Overrides = None,  # noqa: A002 - as `run` has it
    runs: str | Path = "runs",
    fresh: bool = False,
    offline: bool = False,
    progress: bool = True,
    host: Host | None = None,
) -> Found:
    """Search a suite's settings of training, and stop before it is trained with them; `run` goes on from there.

    Args:
        suite: As for `run`.
        set: As for `run`.
        runs: As for `run`.
        fresh: As for `run`.
        offline: As for `run`.
        progress: As for `run`.
        host: As for `run`.

    Raises:
        UsageError: the suite is wrong, has no `search:`, or this is one of several processes of a launcher.
        StageError: as for `run`.
    """
    from seatrial.runs.environment import set_offline, share_cores
    from seatrial.runs.run import search as to_the_settings

    _refuse_launched()
    if offline:
        set_offline()
    share_cores()
    host = host or Host.load()
    chosen = _suite(suite, host, _arguments(set), only_data=False)
    with _watched(host, progress=progress):
        return to_the_settings(
            chosen, host, runs=Path(runs), fresh=fresh, offline=offline, command=("seatrial.search",)
        )


def open_run(folder: str | Path, *, host: Host | None = None) -> Trial:
    """A finished run again, from its folder.

    Raises:
        UsageError: it is no run folder.
        StoreError: the run has no verdict yet, or a file of it is damaged, or not as it was written.
    """
    from seatrial.runs.digests import REPORTED, refuse_altered
    from seatrial.runs.run_folder import RunFolder
    from seatrial.runs.saved import load_saved

    host, folder = host or Host.load(), Path(folder)
    refuse_altered(RunFolder.open(folder), but=REPORTED)
    return Trial(load_saved(folder, host), host)


@dataclass(frozen=True, slots=True, repr=False)
class Trial:
    """A finished run: its verdict, its tables, and what may be asked of it again."""

    result: Result
    """All that reports know: the resolved suite, manifest, records of the stages, scores, samples, ledger."""
    host: Host

    # ---- what came of it ------------------------------------------------------------------------------------------

    @property
    def verdict(self) -> Verdict | None:
        """State, reason, and each gate's decision; None where the data stages alone ran and no gate is on data."""
        return self.result.verdict

    @property
    def exit_code(self) -> int:
        """What `seatrial run` returns: 0 pass, 1 a gate failed, 3 a score is missing, 4 inconclusive or no gate."""
        return self.result.exit_code

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.result.folder

    @property
    def report(self) -> Path:
        """The report's file to open first; the run folder where none was written."""
        from seatrial.terminal.documents import report_of

        return report_of(self.result)

    def __repr__(self) -> str:
        """The verdict in one line, and where the report is."""
        said = f"{self.verdict.state.upper()}  {self.verdict.reason}" if self.verdict else "data only"
        return f"{self.result.suite.get('name')}: {said}\nReport: {self.report}"

    # ---- tables ---------------------------------------------------------------------------------------------------

    @property
    def scores(self) -> pd.DataFrame:
        """A score a line: `metric`, `system`, `value`, `n`, `low` and `high` (two-sided 95%), and so on."""
        import pandas as pd

        columns = ["metric", "system", "value", "low", "high", "n", "clusters", "seeds"]
        columns += ["unit", "better", "kind", "method", "missing", "summary"]
        lines = []
        for score in self.result.scores:
            line = asdict(score)
            lines.append(line | (line.pop("interval") or {}))
        return pd.DataFrame(lines, columns=columns)

    @property
    def gates(self) -> pd.DataFrame:
        """A gate's decision a line: `condition`, `outcome`, `severity`, `reason`, and so on."""
        import pandas as pd

        decisions = self.verdict.decisions if self.verdict else ()
        return pd.DataFrame([asdict(decision) for decision in decisions])

    def samples(self, scorer: str | None = None, system: str | None = None) -> pd.DataFrame:
        """A sample a line: `system`, `seed`, `row`, `prediction`, `target`, `error`, `value:…` and more.

        The columns are those of `samples/<scorer>.parquet`, which docs/run-folder.md describes. Of several scorers, each
        one's name stands in `scorer`, and a value that only another one gives is missing.

        Args:
            scorer: whose, as results call it; None for all.
            system: of which system, such as `tuned`; None for all.

        Raises:
            UsageError: there is none of that name.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        tables = self.result.samples
        if scorer is not None:
            tables = {scorer: tables[_known(scorer, tables, "scorer")]}
        named = [table.add_column(0, "scorer", pa.array([alias] * len(table))) for alias, table in tables.items()]
        if not named:
            raise UsageError(f"{self.folder}: nothing was scored: the data stages alone were run")
        table = pa.concat_tables(named, promote_options="default")
        if system is not None:
            table = table.filter(pc.equal(table["system"], _known(system, table["system"].to_pylist(), "system")))
        return table.to_pandas()

    @property
    def ledger(self) -> pd.DataFrame:
        """A finding a line: which filter said what of which row, and what became of the row."""
        return self.result.ledger.to_pandas()

    # ---- its models -----------------------------------------------------------------------------------------------

    @contextmanager
    def open_model(self, system: Literal["tuned", "base"] = "tuned", *, seed: int | None = None) -> Iterator[Model]:
        """The model that was tuned, or its base, in memory while the block runs (`seatrial.model`).

        Args:
            system: Which of the two.
            seed: Of several trainings, whose; None for the first.

        Raises:
            UsageError: the run has no such system.
            StoreError: a file of the run is damaged.
            SourceError: the weights are gone, or are no longer those of the run.
        """
        from seatrial.runs.opening import open_model

        with open_model(self.folder, self.host, system, seed=seed) as model:
            yield model

    # ---- asked again ----------------------------------------------------------------------------------------------

    def gate(self, *, suite: str | Path | None = None, set: Overrides = None) -> Trial:  # noqa: A002 - as `run` has it
        """The run held against its gates again, or against other ones: no model is needed."""
        from seatrial.runs.again import judge_again

        found = _path(suite, self.host)
        with _as_seatrial_errors():
            result = judge_again(
                self.folder, self.host, suite=found, overrides=_arguments(set), command=("seatrial.Trial.gate",)
            )
            return Trial(result, self.host)

    def score(
        self,
        *,
        suite: str | Path | None = None,
        set: Overrides = None,  # noqa: A002 - as `run` has it
        progress: bool = True,
    ) -> Trial:
        """The run scored by another suite's scorers, from the transcripts that it kept; verdict and reports follow."""
        from seatrial.runs.again import score_again

        found = _path(suite, self.host)
        with _watched(self.host, progress=progress):
            return Trial(score_again(self.folder, self.host, suite=found, overrides=_arguments(set)), self.host)

    def export(
        self,
        *,
        merged: str | Path | None = None,
        adapter: str | Path | None = None,
        seed: int | None = None,
        failed: bool = False,
        card: str | None = None,
    ) -> list[Path]:
        """What was trained, as folders that plain transformers and PEFT load, each with a model card; returns them.

        Args:
            merged: a new folder for the whole model, what was trained folded into its weights.
            adapter: a new folder for the adapter alone.
            seed: of which training, where there were several.
            failed: also where the verdict is FAIL or ERROR, which the card says then.
            card: the report that the model carries; where none is named, one that is about models.

        Raises:
            UsageError: a folder is taken, nothing was trained, the verdict is FAIL, or it cannot be exported like that.
            StoreError: what was trained is not as it was left.
        """
        from seatrial.runs.exporting import ExportAs, export_run

        named: dict[ExportAs, str | Path | None] = {"merged": merged, "adapter": adapter}
        to = {kind: Path(folder) for kind, folder in named.items() if folder is not None}
        with _as_seatrial_errors():
            return export_run(self.folder, self.host, to=to, seed=seed, failed=failed, card=card)

    def write_reports(self, *kinds: str, to: str | Path | None = None, since: str | Path | None = None) -> list[Path]:
        """Write the reports again: those named, else the suite's; into `report/` of the run folder, or another one.

        With `since`, an earlier run, they tell what changed since then.
        """
        from seatrial.runs.saved import write_reports

        target, earlier = (None if path is None else Path(path) for path in (to, since))
        with _as_seatrial_errors():
            return write_reports(self.folder, self.host, kinds=kinds or None, to=target, since=earlier)


def _refuse_launched() -> None:
    """Refuse one of several processes: what each of them would run, the command `seatrial run` has them share."""
    import os

    from seatrial.runs.launch import launched

    launch = launched(os.environ)
    if launch is not None:
        raise UsageError(
            f"a launcher started WORLD_SIZE={launch.world} processes, and each would run the whole suite; start the command: "
            "`torchrun … -m seatrial run SUITE`, or say `train: {devices: …}` and start one process"
        )


def _suite(
    given: str | Path | Suite | Mapping[str, Any], host: Host, overrides: Sequence[str], *, only_data: bool
) -> Suite:
    from seatrial.suite.file import find_suite, load_suite, suite_of_keys

    if isinstance(given, Mapping):
        return suite_of_keys(given, host, overrides=overrides, only_data=only_data)
    if not isinstance(given, Suite):
        return load_suite(find_suite(str(given), host), host, overrides=overrides, only_data=only_data)
    return suite_of_keys(given.resolved(), host, overrides=overrides, only_data=only_data) if overrides else given


def _arguments(given: Overrides) -> list[str]:
    """As the arguments of `--set`; a value's JSON is YAML."""
    import json

    if not isinstance(given, Mapping):
        return list(given or ())
    try:
        return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items()]
    except TypeError as error:
        raise UsageError(f"set: {error}; values are text, numbers, truth values, lists and mappings") from None


def _path(suite: str | Path | None, host: Host) -> Path | None:
    from seatrial.suite.file import find_suite

    return None if suite is None else find_suite(str(suite), host)


def _known(name: str, known: Iterable[str], what: str) -> str:
    """The name, if it is one of those.

    Raises:
        UsageError: it is none.
    """
    names = list(dict.fromkeys(known))
    if name not in names:
        raise UsageError(
            f"no {what} of this run is called {name!r}{did_you_mean(name, names)}; there are: {', '.join(names)}"
        )
    return name


@contextmanager
def _watched(host: Host, *, progress: bool) -> Iterator[None]:
    """Within the block, progress is shown; afterwards, what watching hooks raised is a warning of Python's."""
    from seatrial.runs.engines.processes import kill_all
    from seatrial.terminal.console import Console

    console = Console(_mode() if progress else "quiet")
    host.register(console.progress, name=_CONSOLE, distribution="seatrial", version=seatrial.__version__)
    host.watch_failures.clear()
    try:
        with _as_seatrial_errors():
            yield
    except KeyboardInterrupt:
        kill_all()
        raise
    finally:
        console.progress.close()
        host.unregister(_CONSOLE)
        for failure, times in Counter(map(str, host.watch_failures)).items():
            warnings.warn(failure + (f" ({times} times)" if times > 1 else ""), stacklevel=4)


def _mode() -> Mode:
    """Bars in a terminal, and in a notebook that can move them (ipywidgets); else lines."""
    from importlib.util import find_spec

    notebook = "ipykernel" in sys.modules and find_spec("ipywidgets") is not None
    return "live" if notebook or sys.stdout.isatty() else "plain"


@contextmanager
def _as_seatrial_errors() -> Iterator[None]:
    """What the disk refuses is told as the command line tells it."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        raise StageError(f"{where}{error.strerror.lower() if error.strerror else error}") from error
