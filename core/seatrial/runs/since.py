"""Since: what changed between an earlier run and this one: what went in, where it ran, and what came out.

Both are read from their folders alone; no model and no plugin is asked but for what this run's scorers measure.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import SeatrialError, UsageError
from seatrial.evaluation.scores import Score
from seatrial.evaluation.summary import DATA
from seatrial.plugin.host import Host
from seatrial.runs import digests
from seatrial.runs.events import Record
from seatrial.runs.judging import earlier_samples, read_judgement, records_of
from seatrial.runs.plain_files import read_text
from seatrial.runs.result import Change, Result, ScoreChange, Since
from seatrial.runs.run_folder import RunFolder
from seatrial.stored import undamaged
from seatrial.suite.file import Suite
from seatrial.suite.yaml_lines import read_yaml
from seatrial.terminal.legible import one_line
from seatrial.verdict.comparison import COMPARABLE, PairedComparison, compare
from seatrial.verdict.data_metrics import DATA_METRICS
from seatrial.verdict.evidence import LoadSamples, scorer_of

if TYPE_CHECKING:
    from seatrial.verdict.verdict import Verdict

__all__ = ["with_since"]

_LONGEST = 300
"""Characters of a value of the suite."""

_ABSENT = object()

EARLIER = "run:"
"""How a gate's option names an earlier run's folder."""


def with_since(result: Result, suite: Suite, host: Host, since: Path | None = None) -> Result:
    """The result with what changed since another run: the one named, else the earlier run that a gate compares with.

    Raises:
        UsageError: the run that is named is no run folder, or the run itself.
        StoreError: it is not finished, or not as it was written.
    """
    earlier = since or _compared_with(suite)
    if earlier is None:
        return result
    load = earlier_samples(RunFolder(result.folder), suite, host)
    try:
        return replace(result, since=_since(earlier, result, load))
    except SeatrialError as error:
        if since is not None:
            raise
        return replace(result, since=Since(earlier.name, missing=str(error)))


def _compared_with(suite: Suite) -> Path | None:
    """The earlier run that the first gate of those that name one compares with."""
    options = (value for chosen in suite.gates for value in chosen.options.values() if isinstance(value, str))
    named = next((value for value in options if value.startswith(EARLIER)), None)
    return Path(named.removeprefix(EARLIER).strip()).expanduser() if named else None


def _since(path: Path, result: Result, load: LoadSamples) -> Since:
    if path.resolve() == result.folder.resolve():
        raise UsageError(f"{path}: that is the run itself; name an earlier one")
    folder = RunFolder.open(path)
    digests.refuse_altered(folder, but=digests.REPORTED)
    manifest = folder.read_json("manifest.json")
    if not manifest.get("finished"):
        raise UsageError(
            f"{path}: the run is not finished, so there is nothing to compare with; finish it, or name another"
        )
    judged = (folder / "verdict.json").is_file()
    scores, verdict = read_judgement(folder) if judged else ([], None)
    with undamaged(folder / "suite.yaml"):
        suite = read_yaml(read_text(folder / "suite.yaml")).data
    with undamaged(folder.path):
        then = _portrait(suite, manifest, records_of(folder, manifest), verdict)
        now = _portrait(result.suite, result.manifest, result.records, result.verdict)
        groups = {name: tuple(_differing("", then[name], now[name])) for name in now}
    changed, same = _scores(scores, result, str(path.resolve()), load)
    return Since(
        run=path.resolve().name,
        started=str(manifest.get("started") or ""),
        groups={name: changes for name, changes in groups.items() if changes},
        scores=changed,
        same=same,
    )


def _portrait(
    suite: Mapping[str, Any], manifest: Mapping[str, Any], records: Sequence[Record], verdict: Verdict | None
) -> dict[str, Mapping[str, Any]]:
    """All that is compared of a run but for its scores, by subject."""
    return {
        "Verdict": _verdict(verdict),
        "Suite": suite,
        "Data files": _files(records),
        "Rows": _rows(records),
        "Weights": _weights(manifest, records),
        "Versions": _versions(manifest),
        "Machine and code": {**(manifest.get("hardware") or {}), **(manifest.get("git") or {})},
    }


# ---- what went in, and where it ran -----------------------------------------------------------------------------------


def _differing(place: str, before: Any, now: Any) -> Iterator[Change]:
    """The places at which two JSON values differ: keys of mappings, entries of lists by what they name."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in {**before, **now}:
            below = key if not place or key.startswith("[") else f".{key}"
            yield from _differing(f"{place}{below}", before.get(key, _ABSENT), now.get(key, _ABSENT))
    elif _is_entries(before) and _is_entries(now) and (before or now):
        then, today = _named(before), _named(now)
        yield from _differing(place, then, today)
        kept = [[name for name in one if name in other] for one, other in ((then, today), (today, then))]
        if kept[0] != kept[1]:
            yield Change(f"{place}: order", *(" ".join(names) for names in kept))
    elif before != now:
        yield Change(place, _said(before), _said(now))


def _is_entries(value: Any) -> bool:
    """Whether it is a list of what a suite names: components, gates."""
    return isinstance(value, list) and all(isinstance(one, Mapping) and one for one in value)


def _named(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The entries of a list by what tells one from the next: a gate's metric, a component's name or `as`."""
    found: dict[str, Any] = {}
    seen: Counter[str] = Counter()
    for entry in entries:
        name, value = str(entry.get("metric") or ""), dict(entry)
        if not name and len(entry) == 1:
            ((component, options),) = entry.items()
            value = dict(options) if isinstance(options, Mapping) else {}
            name = str(value.pop("as", component))
            value |= {} if name == component else {"component": component}
        seen[name] += 1
        found[f"[{name}]" if seen[name] == 1 else f"[{name} {seen[name]}]"] = value
    return found


def _said(value: Any) -> str:
    """A value on one line; "" where there is none."""
    if value is _ABSENT:
        return ""
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _LONGEST)


def _facts(records: Sequence[Record], base: str) -> Mapping[str, Any]:
    return next((record.facts for record in records if record.base == base), {})


def _files(records: Sequence[Record]) -> dict[str, str]:
    """The digest of each file that rows were read from."""
    files = _facts(records, "read").get("files", ())
    of_name = Counter(file.get("file") for file in files)
    return {
        f"{file.get('source')}: {file.get('file')}" if of_name[file.get("file")] > 1 else str(file.get("file")): str(
            file.get("sha256")
        )
        for file in files
    }


def _rows(records: Sequence[Record]) -> dict[str, int]:
    """How many records were read, dropped at each stage, and left in each set."""
    found = {"records read": _facts(records, "read").get("read", 0)}
    for stage in ("clean", "deduplicate", "decontaminate"):
        found[f"dropped by {stage}"] = _facts(records, stage).get("dropped", 0)
    return found | dict(_facts(records, "decontaminate").get("splits", {}))


def _weights(manifest: Mapping[str, Any], records: Sequence[Record]) -> dict[str, str]:
    """The digests of the model, and of what was trained or brought."""
    model = manifest.get("model") or {}
    found = {"model": str(model.get("sha256") or "not known")}
    if date := model.get("chat_template_date"):
        found["date in its prompts"] = str(date)
    trained = {record.stage: record.facts for record in records if record.base == "train"}
    brought = {"brought by the suite": _facts(records, "verify_training")} if not trained else {}
    for stage, facts in (trained | brought).items():
        if "product_sha256" in facts:
            found[stage] = str(facts["product_sha256"])
    return found


def _versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The version of everything that was installed."""
    packages = {**(manifest.get("installed") or {}), **(manifest.get("packages") or {})}
    return {"seatrial": str(manifest.get("seatrial"))} | {name: str(packages[name]) for name in sorted(packages)}


# ---- what came out ----------------------------------------------------------------------------------------------------


def _verdict(verdict: Verdict | None) -> dict[str, str]:
    """The state, and each gate's outcome."""
    if verdict is None:
        return {}
    outcomes: dict[str, str] = {f"gate {one.condition}": one.outcome for one in verdict.decisions}
    return {"verdict": verdict.state, **outcomes}


def _scores(
    scores: Sequence[Score], result: Result, earlier: str, load: LoadSamples
) -> tuple[tuple[ScoreChange, ...], int]:
    """The scores that differ, and how many do not; counts of rows are told apart from them."""
    before, now = (
        {(one.metric, one.system): one for one in each if not _is_count(one)} for each in (scores, result.scores)
    )
    changed, same = [], 0
    for metric, system in {**now, **before}:
        then, here = before.get((metric, system)), now.get((metric, system))
        if then is not None and here is not None and _told(then) == _told(here):
            same += 1
            continue
        found = _paired(metric, system, result, earlier, load) if then and here else ""
        paired, unpaired = (found, "") if isinstance(found, PairedComparison) else (None, found)
        changed.append(ScoreChange(metric, system, then, here, paired, unpaired))
    return tuple(changed), same


def _is_count(score: Score) -> bool:
    return score.system == DATA and score.metric in DATA_METRICS


def _told(score: Score) -> Score:
    """What of a score a reader could see change."""
    return replace(score, summary="", unit="")


def _paired(metric: str, system: str, result: Result, earlier: str, load: LoadSamples) -> PairedComparison | str:
    """This run's system against the earlier one's on the same rows, or why it can't be paired; "" where none would expect it."""
    described, samples = result.metrics.get(metric), result.samples.get(scorer_of(metric))
    if described is None or samples is None or described.kind not in COMPARABLE:
        return ""
    try:
        theirs = load(earlier, metric)
    except UsageError as error:
        return str(error).removeprefix(f"earlier run {earlier}: ")
    pair = (system, samples), (system, theirs)
    return compare(described, *pair, same_prompts=True, subject_name="this run", other_name="the earlier one")
