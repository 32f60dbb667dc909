"""A finished run, asked more: other scorers over the transcripts that it kept, other gates over its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from seatrial.errors import UsageError
from seatrial.plugin.host import Host
from seatrial.runs import digests
from seatrial.runs.earlier import EarlierRuns
from seatrial.runs.judging import (
    data_gates,
    judge_data,
    judge_run,
    judged_digests,
    refuse_other_judgement,
    write_judgement,
)
from seatrial.runs.result import Result
from seatrial.runs.run import work
from seatrial.runs.saved import load_result, only_data_of, suite_of, write_reports
from seatrial.runs.store import RunFolder
from seatrial.suite.file import Chosen, load_suite
from seatrial.suite.secrets import as_kept

__all__ = ["judge_again", "score_again"]

_SCORING = frozenset({"score", "gate", "report"})


def score_again(
    path: Path,
    host: Host,
    *,
    suite: Path | None = None,
    overrides: Sequence[str] = (),
    cache: Path | None = None,
    offline: bool = False,
    command: Sequence[str] = (),
) -> Result:
    """Score a run anew by another suite, from the transcripts that it kept; verdict and reports follow.

    Args:
        path: The run folder.
        host: The loaded plugins.
        suite: A suite file; None takes the run's own.
        overrides: `key=value` arguments of `--set`.
        cache: As for `run`.
        offline: As for `run`.
        command: As for `run`.

    Raises:
        UsageError: it is no run folder, or the suite asks for more than its transcripts hold.
    """
    folder = RunFolder.open(path)
    digests.refuse_altered(folder, but=digests.DECIDED)
    wanted = load_suite(suite or folder / "suite.yaml", host, overrides=overrides)
    return work(wanted, host, folder, EarlierRuns(None), cache=cache, offline=offline, only=_SCORING, command=command)


def judge_again(
    path: Path,
    host: Host,
    *,
    suite: Path | None = None,
    overrides: Sequence[str] = (),
    command: Sequence[str] = (),
) -> Result:
    """Hold a run against its gates again, or against another suite's: no model and no source is needed.

    The suite that decided before stays beside the new one, and the reports are written again.

    Raises:
        UsageError: it is no run folder, or one of the data stages alone whose suite has no gate on data.
        StoreError: the run did not get as far as its gates.
    """
    folder = RunFolder.open(path)
    digests.refuse_altered(folder, but=digests.DECIDED)
    only_data, own = only_data_of(folder), suite_of(folder, host)
    changed = own
    if suite is not None or overrides:
        changed = replace(own, gates=_gates_of(suite or folder / "suite.yaml", host, overrides, only_data=only_data))
    if only_data and not data_gates(changed, host):
        raise UsageError(f"{path}: a run of the data stages alone, without a gate on data: there is nothing to decide")
    with folder.lock():
        kept = folder.keep_suite(as_kept(command)) if changed.gates != own.gates else None
        try:
            scores, verdict = (judge_data if only_data else judge_run)(folder, changed, host)
        except BaseException:
            if kept is not None:  # what did not decide took no place
                kept.unlink(missing_ok=True)
            raise
        if changed.gates != own.gates:
            changed.write(folder / "suite.yaml")
        write_judgement(folder, scores, verdict)
        judged = judged_digests(folder)
        folder.renew("gate")
        digests.record(folder)
    write_reports(path, host, kinds=None, to=None)
    result = load_result(path, host)
    refuse_other_judgement(folder, judged, "a report, or a hook of reports")
    return result


def _gates_of(suite: Path, host: Host, overrides: Sequence[str], *, only_data: bool) -> tuple[Chosen, ...]:
    return load_suite(suite, host, overrides=overrides, only_data=only_data).gates
