"""A finished run, asked more: other scorers over the transcripts that it kept, other gates over its scores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from seatrial.errors import StoreError, UsageError
from seatrial.plugin.host import Host
from seatrial.runs import digests
from seatrial.runs.earlier import EarlierRuns
from seatrial.runs.judging import (
    data_gates,
    judge_data,
    judge_run,
    judged_digests,
    produced_metrics,
    refuse_other_judgement,
    write_judgement,
)
from seatrial.runs.part_files import part_file
from seatrial.runs.result import Result
from seatrial.runs.run import work
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.runtime_options import without_runtime
from seatrial.runs.saved import kept_suite, load_saved, only_data_of, suite_of, write_reports
from seatrial.suite.file import Suite, load_suite
from seatrial.suite.secrets import as_kept

__all__ = ["judge_again", "score_again"]

_SCORING = frozenset({"score", "gate", "report"})
_MAY_DIFFER = frozenset({"gates", "report", "description", "tracking", "data.engine"})
"""Keys of a suite that say nothing about what was measured."""


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
    wanted = load_suite(suite or kept_suite(folder), host, overrides=overrides)
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
        UsageError: it is no run folder, one of the data stages alone whose suite has no gate on data, or the suite differs
            from the run's in more than its gates, reports and description.
        StoreError: the run did not get as far as its gates.
    """
    folder = RunFolder.open(path)
    with folder.lock():
        judged = _decided_anew(folder, host, suite, overrides, command)
    write_reports(path, host, kinds=None, to=None)
    result = load_saved(path, host)
    decided = folder.record("gate")
    if decided is not None and judged != dict(decided.outputs) == judged_digests(folder):
        raise StoreError(
            f"{path}: another seatrial process decided meanwhile, and its verdict stands there; decide again"
        )
    refuse_other_judgement(folder, judged, "a report, or a hook of reports")
    return result


def _decided_anew(
    folder: RunFolder, host: Host, suite: Path | None, overrides: Sequence[str], command: Sequence[str]
) -> dict[str, str]:
    """Decide, and write down by what; gives what the judgement's files are."""
    digests.refuse_altered(folder, but=digests.DECIDED)
    only_data, own = only_data_of(folder), suite_of(folder, host)
    changed = own
    if suite is not None or overrides:
        produced = produced_metrics(folder)
        wanted = load_suite(
            suite or folder / "suite.yaml", host, overrides=overrides, produced=produced, only_data=only_data
        )
        _refuse_unheeded(folder.path, own, wanted, host)
        changed = replace(own, gates=wanted.gates)
        _refuse_unreadable(folder, changed, host, only_data=only_data)
    if only_data and not data_gates(changed, host):
        raise UsageError(
            f"{folder.path}: a run of the data stages alone, without a gate on data: there is nothing to decide"
        )
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
    digests.renew(folder)
    return judged


def _refuse_unheeded(path: Path, own: Suite, wanted: Suite, host: Host) -> None:
    """Refuse a suite that asks for another model, other rows or other scores than the run's: gates alone decide again."""
    measured = [without_runtime(suite.resolved(), host) for suite in (own, wanted)]
    other = sorted({_key_of(place) for place in _differing("", *measured)} - _MAY_DIFFER)
    if other:
        named = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if len(other) > 5 else "")
        raise UsageError(
            f"{path}: it was not run with what the suite asks for: {named} {'differs' if len(other) == 1 else 'differ'}, and `seatrial gate` decides by other "
            "`gates` alone. `seatrial score` scores its transcripts anew by other scorers; all else is another `seatrial run`"
        )


def _refuse_unreadable(folder: RunFolder, suite: Suite, host: Host, *, only_data: bool) -> None:
    """Read the suite that is going to be the run's before it is: one that cannot be read again would end every command."""
    with part_file(folder / "suite.yaml") as part:
        part.write_text(suite.text(), encoding="utf-8")
        load_suite(part, host, produced=produced_metrics(folder), only_data=only_data)


def _differing(place: str, own: object, wanted: object) -> Iterator[str]:
    """The places of two resolved suites that say different things, such as `score[0].generation.metrics`."""
    if isinstance(own, Mapping) and isinstance(wanted, Mapping) and (own.keys() == wanted.keys() or not place):
        for key in own:
            yield from _differing(f"{place}.{key}" if place else str(key), own[key], wanted.get(key))
    elif isinstance(own, list) and isinstance(wanted, list) and len(own) == len(wanted):
        for at, (one, other) in enumerate(zip(own, wanted, strict=True)):
            yield from _differing(f"{place}[{at}]", one, other)
    elif own != wanted:
        yield place


def _key_of(place: str) -> str:
    """The place, or the key of the suite that it is in where all below that may differ."""
    return next((key for key in _MAY_DIFFER if re.match(rf"{re.escape(key)}([.\[]|$)", place)), place)
